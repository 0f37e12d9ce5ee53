"""`grade class show`: the reports of a student."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from grader.classes.ledger import Ledger
from grader.classes.model import Entry, NoReport, Student, Submission
from grader.classes.results.own_advice import fitting
from grader.classes.search import student_like
from grader.cli.console import console_for, untrusted_text
from grader.cli.parameters import color_option
from grader.exits import Exit
from grader.report import terminal
from grader.text import visible


@click.command("show")
@click.argument("results", type=click.Path(path_type=Path))
@click.argument("student")
@click.option("--verbose", is_flag=True, help="Show whole pictures, also of checks that passed.")
@color_option
def command(results: Path, student: str, verbose: bool, color: str) -> Exit:
    """Show the reports of STUDENT: a label, a name, or the beginning of one that only one student has."""
    console = console_for(color)
    with Ledger.open(results) as ledger, untrusted_text():
        found = student_like(student, list(ledger.students()))
        for row in ledger.rows(student=found.label):
            if row.is_waiting:
                _print(console, f"== {_beginning(found, row.submission)}: still to be graded ==\n")
        for entry in ledger.entries(student=found.label):
            _print(console, _heading(entry))
            if isinstance(entry.result, NoReport):
                _print(console, f"{entry.result.why.value}: {visible(entry.result.sentence, 500)}\n")
            else:
                terminal.show(replace(fitting(entry.result), command=""), console, verbose=verbose)
    return Exit.PASSED


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False)


def _heading(entry: Entry) -> str:
    """Who, what, which attempt, and what is booked."""
    of = entry.submission
    points = "no points yet" if entry.points is None else f"{entry.points:g} of {entry.possible} points"
    parts = [_beginning(entry.student, of) + (", which counts" if entry.counts and of.attempt > 1 else "")]
    parts += [f"late: {entry.taken:g} % less"] if entry.taken else []
    parts += [f"digest {of.digest[:12]}"] if of.digest else []
    parts += [f"grader {entry.key.grader}"] if entry.key else []
    parts += ["by an earlier specification, grader or seed"] if not entry.is_current else []
    return f"== {', '.join([*parts, points])} =="


def _beginning(student: Student, of: Submission) -> str:
    attempt = f", attempt {of.attempt}" if of.attempt > 1 else ""
    return f"{visible(student.named, 200)}, {of.kata}{attempt}"
