"""`grade class regrade`: grade some of a class again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from grader.classes import records
from grader.classes.ledger import Ledger
from grader.classes.model import Student
from grader.classes.search import student_like
from grader.classes.source import Source
from grader.classes.task import Task
from grader.cli.classes.run import how_option
from grader.cli.classes.session import Session
from grader.cli.jailing import Wish
from grader.cli.parameters import color_option
from grader.errors import UsageError
from grader.exits import Exit
from grader.model import Outcome
from grader.text import did_you_mean, visible


@click.command("regrade")
@click.argument("results", type=click.Path(path_type=Path))
@click.argument("students", nargs=-1)
@click.option("--check", metavar="CHECK", help="Grade again all who did not pass this check.")
@click.option("--all", "everybody", is_flag=True, help="Grade the whole class again.")
@how_option
@color_option
def command(
    results: Path,
    students: tuple[str, ...],
    check: str | None,
    everybody: bool,
    jobs: int,
    unsafe: bool,
    tier: str,
    color: str,
) -> Exit:
    """Grade again: STUDENTS, all who did not pass a check, or the whole class in RESULTS.

    The submissions and the specification are read again from where they were. Earlier grades stay in the ledger.
    """
    given = sum((bool(students), check is not None, everybody))
    if given > 1:
        raise UsageError("Give only one of these: names of students, --check, --all.")
    if not given:
        raise UsageError("Name students, or a check with --check, or give --all.")
    with Ledger.open(results) as ledger:
        source, settings = Source.decode(ledger.fact("source")), ledger.settings
        chosen = _failing(ledger, check) if check is not None else None
        known, others = list(ledger.students()), records.to_students(ledger.fact("others"))
    labels = {_label(wanted, known, others) for wanted in students}

    def is_chosen(task: Task) -> bool:
        of = task.submission
        if chosen is not None:
            return (of.student, of.kata, of.attempt) in chosen
        return everybody or of.student in labels

    source.require_submissions(results)
    session = Session(results, source, Wish(True, unsafe, tier), jobs, color)
    return session.carry_out(settings, chosen=is_chosen, force=True)


def _label(wanted: str, known: Sequence[Student], others: Sequence[Student]) -> str:
    """Raises UsageError, which says where the student is in another shard."""
    try:
        return student_like(wanted, known).label
    except UsageError:
        try:
            found = student_like(wanted, others)
        except UsageError:
            found = None
        if found is None:
            raise
        name = visible(found.named, 100)
        raise UsageError(f"{name} is in another shard of the class: give the command with its results.") from None


def _failing(ledger: Ledger, check: str) -> set[tuple[str, str, int]]:
    """Student, kata and attempt of each grade in which the check did not pass. Raises UsageError for an unknown one."""
    name = check.removeprefix("test_")
    known = [one.id for kata in ledger.katas() for one in kata.checks]
    if name not in known:
        raise UsageError(f"There is no check {check!r} in this class.{did_you_mean(name, known)}")
    return {
        (row.student.label, row.submission.kata, row.submission.attempt)
        for row in ledger.rows()
        if row.grade is not None and row.grade.outcome_of(name) not in ("", Outcome.PASSED.value)
    }
