"""A run grades each submission once, tries failures of the machine again, and loses nothing."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from grader import trees
from grader.catalog.kata import Kata, read_kata
from grader.classes import forms
from grader.classes import run as module
from grader.classes.audit import State, audit
from grader.classes.forms import NormalForms
from grader.classes.intake.layout import find
from grader.classes.intake.roster import read_roster
from grader.classes.ledger import Ledger
from grader.classes.model import GradedKata, NoReport, Settings, Why
from grader.classes.order import Order
from grader.classes.progress import Progress
from grader.classes.run import TRIES, ClassRun, graded_kata
from grader.classes.task import Intake, take_in
from grader.classes.writing import LedgerWriter
from grader.errors import BadKata, Inconclusive
from grader.model import CheckResult, Finding, Outcome, Report, UndecidedBy
from grader.pool.news import Result, Trouble
from tests.classes.graders import HandGraders
from tests.classes.test_forms import FOR_EVER
from tests.small_kata import make_kata, write


class Class:
    """A class in a folder: submissions, and results."""

    def __init__(self, root: Path) -> None:
        self.kata: Kata = read_kata(make_kata(root / "course"))
        self.graded: GradedKata = graded_kata(self.kata)
        self.folder, self.results = root / "class", root / "results"
        self.told: list[Progress] = []
        self.roster = ""

    def hand_in(self, **apps: str) -> None:
        for label, text in apps.items():
            write(self.folder / label / "app.py", text)

    def report(self, order: Order, outcome: Outcome = Outcome.PASSED) -> Report:
        results = tuple(CheckResult(check, outcome) for check in self.graded.checks)
        return Report(order.kata.name, "", str(order.folder), order.seed, "", results, seconds=1.0)

    def intake(self) -> Intake:
        roster = read_roster(write(self.folder / "roster.csv", self.roster)) if self.roster else None
        return take_in(find(self.folder), [self.kata], roster=roster, settings=Settings())

    def run(self, graders: HandGraders, *, force: bool = False) -> None:
        work = self.results / "work"
        work.mkdir(parents=True, exist_ok=True)
        with LedgerWriter.make(self.results, Settings(seed="s")) as ledger:
            ledger.keep_katas([self.graded])
            intake = self.intake()
            ledger.keep_students(intake.students)
            running = ClassRun(ledger, graders, {self.kata.name: self.graded}, work=work, tell=self.told.append)
            running.run(intake.tasks, force=force)
        assert list(work.iterdir()) == []

    def results_of(self) -> dict[str, Report | NoReport]:
        with Ledger.open(self.results) as ledger:
            return {entry.student.label: entry.result for entry in ledger.entries()}

    def states(self) -> dict[State, int]:
        with Ledger.open(self.results) as ledger:
            found = audit(ledger)
        assert found.problems == ()
        return dict(found.states)


@pytest.fixture
def course(tmp_path: Path) -> Class:
    return Class(tmp_path)


def test_each_submission_is_graded_once_with_its_own_seed(course: Class) -> None:
    course.hand_in(ada="a = 1", bea="b = 1", cy="")
    graders = HandGraders(course.report)
    course.run(graders)
    assert course.states() == {State.GRADED: 2, State.NO_SUBMISSION: 1}
    assert len({order.seed for order in graders.orders}) == 2
    assert [report.app for report in course.results_of().values() if isinstance(report, Report)] == ["app.py"] * 2
    again = HandGraders(course.report)
    course.run(again)
    assert again.orders == []
    assert (course.told[-1].done, course.told[-1].kept, course.told[-1].refused) == (3, 2, 1)


def test_what_has_changed_is_graded_again(course: Class) -> None:
    course.hand_in(ada="a = 1", bea="b = 1")
    course.run(HandGraders(course.report))
    course.hand_in(ada="a = 2")
    again = HandGraders(course.report)
    course.run(again)
    assert len(again.orders) == 1


def test_equal_submissions_are_graded_once(course: Class) -> None:
    course.hand_in(ada="a = 1", bea="a = 1", cy="a = 1")
    graders = HandGraders(course.report)
    course.run(graders)
    assert (len(graders.orders), course.states()) == (1, {State.GRADED: 3})


def test_with_force_all_are_graded_again_and_the_earlier_grades_stay(course: Class) -> None:
    course.hand_in(ada="a = 1")
    course.run(HandGraders(course.report))
    course.run(HandGraders(lambda order: course.report(order, Outcome.FAILED)), force=True)
    with Ledger.open(course.results) as ledger:
        (entry,) = ledger.entries()
    assert (entry.points, entry.grading) == (0, 2)


def failing(results: Sequence[Callable[[Order], Result]]) -> Callable[[Order], Result]:
    """The results of one submission, one after the other; all others pass at once."""
    left = itertools.chain(results)
    return lambda order: next(left)(order) if "bad" in (order.folder / order.app).read_text() else Trouble("never")


def test_a_failure_of_the_machine_is_tried_again_alone(course: Class) -> None:
    course.hand_in(ada="bad = 1", bea="b = 1", cy="c = 1")
    undecided = lambda order: course.report(order, Outcome.INCONCLUSIVE)  # noqa: E731
    tries = iter([lambda order: Trouble("no memory"), undecided, course.report])
    graders = HandGraders(lambda order: _by_content(order, tries, course.report))
    course.run(graders)
    assert course.states() == {State.GRADED: 3}
    assert [order.digest for order in graders.orders[-2:]] == [graders.orders[0].digest] * 2
    assert graders.folders[-2:] == [1, 1]


def _by_content(order: Order, tries: object, otherwise: Callable[[Order], Result]) -> Result:
    if "bad" not in (order.folder / order.app).read_text():
        return otherwise(order)
    grade: Callable[[Order], Result] = next(tries)  # type: ignore[call-overload]
    return grade(order)


def test_one_that_never_comes_to_an_end_is_listed_and_no_zero(course: Class) -> None:
    course.hand_in(ada="a = 1")
    graders = HandGraders(lambda _: Trouble("no memory"))
    course.run(graders)
    assert len(graders.orders) == TRIES
    assert course.results_of() == {"ada": NoReport(Why.INFRASTRUCTURE, "no memory")}
    course.run(HandGraders(course.report))
    assert course.states() == {State.GRADED: 1}


def test_one_that_stays_undecided_keeps_its_report_and_is_graded_again_by_the_next_run(course: Class) -> None:
    course.hand_in(ada="a = 1")
    course.run(HandGraders(lambda order: course.report(order, Outcome.INCONCLUSIVE)))
    assert course.states() == {State.UNDECIDED: 1}
    again = HandGraders(course.report)
    course.run(again)
    assert (len(again.orders), course.states()) == (1, {State.GRADED: 1})


def broken(by: UndecidedBy) -> Callable[[CheckResult], CheckResult]:
    """What becomes of a result where the specification, or the grader, broke."""
    found = Finding("a verdict", "the specification broke: KeyError: 'k' (test_echo.py:3)", undecided_by=by)
    return lambda result: replace(result, outcome=Outcome.INCONCLUSIVE, finding=found)


@pytest.mark.parametrize(("by", "tries"), [(UndecidedBy.SPECIFICATION, 1), (UndecidedBy.GRADER, TRIES)])
def test_what_broke_is_not_graded_again_until_it_has_changed(by: UndecidedBy, tries: int, course: Class) -> None:
    """It would break again, in each run, and alone: in a class of hundreds for hours."""

    def grade(order: Order) -> Report:
        found = course.report(order)
        return replace(found, results=(found.results[0], broken(by)(found.results[1])))

    course.hand_in(ada="a = 1")
    graders = HandGraders(grade)
    course.run(graders)
    assert (len(graders.orders), course.states()) == (tries, {State.BROKEN: 1})
    with Ledger.open(course.results) as ledger:
        assert audit(ledger).broken == (
            "ada, kata-77-small-echo: “the answer is all that the upstream gives, in order” could not be decided: the "
            "specification broke: KeyError: 'k' (test_echo.py:3)",
        )
        assert [entry.points for entry in ledger.entries()] == [None]
    again = HandGraders(course.report)
    course.run(again)
    assert (again.orders, course.states()) == ([], {State.BROKEN: 1})
    course.graded = replace(course.graded, digest="f" * 64)
    course.run(again)
    assert (len(again.orders), course.states()) == (1, {State.GRADED: 1})


def test_what_broke_is_graded_again_by_force(course: Class) -> None:
    course.hand_in(ada="a = 1")
    spoilt = broken(UndecidedBy.SPECIFICATION)

    def grade(order: Order) -> Report:
        found = course.report(order)
        return replace(found, results=tuple(map(spoilt, found.results)))

    course.run(HandGraders(grade))
    course.run(HandGraders(course.report), force=True)
    assert course.states() == {State.GRADED: 1}


def test_a_class_is_refused_where_a_schema_is_broken(course: Class) -> None:
    """Else each grade would end there, three times."""
    write(course.kata.schemas / "echo.json", "{")
    with pytest.raises(BadKata, match=r"schemas/echo\.json is not a JSON Schema"):
        graded_kata(course.kata)


def test_an_error_in_the_midst_keeps_what_was_graded(course: Class) -> None:
    course.hand_in(ada="a = 1", bea="b = 1", cy="c = 1")

    def grade(order: Order) -> Result:
        if "c" in (order.folder / order.app).read_text():
            raise ZeroDivisionError
        return course.report(order)

    with pytest.raises(ZeroDivisionError):
        course.run(HandGraders(grade, at_once=1))
    with Ledger.open(course.results) as ledger:
        assert [(row.student.label, row.is_waiting) for row in ledger.rows()] == [
            ("ada", False),
            ("bea", False),
            ("cy", True),
        ]
    course_work = course.results / "work"
    for path in course_work.iterdir():
        path.joinpath("app.py").unlink()
        path.rmdir()
    course.run(HandGraders(course.report))
    assert course.states() == {State.GRADED: 3}


def test_a_full_disk_ends_the_run_with_one_sentence(course: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    course.hand_in(ada="a = 1")
    monkeypatch.setattr(module, "prepare", no_room)
    with pytest.raises(Inconclusive, match=r"No space left on device.*give the same command again"):
        course.run(HandGraders(course.report))


def test_another_error_of_the_machine_is_that_submissions_only(course: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    course.hand_in(ada="a = 1")
    monkeypatch.setattr(module, "prepare", broken)
    course.run(HandGraders(course.report))
    assert course.states() == {State.INFRASTRUCTURE: 1}


@pytest.mark.parametrize(("place", "fails"), [(module, "prepare"), (NormalForms, "form_of")])
def test_whatever_one_brings_about_the_others_are_graded(
    place: object, fails: str, course: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = getattr(place, fails)

    def broken(*args: object, **named: object) -> object:
        if "bad" in str(args):
            raise RecursionError("too deep")
        return whole(*args, **named)

    course.hand_in(ada="a = 1", bad="bad = 1", cy="c = 1")
    monkeypatch.setattr(place, fails, broken)
    course.run(HandGraders(course.report))
    assert course.states() == {State.GRADED: 2, State.INFRASTRUCTURE: 1}
    reason = NoReport(Why.INFRASTRUCTURE, "the grader failed while it read this: RecursionError: too deep")
    assert course.results_of()["bad"] == reason


def test_a_module_that_python_parses_for_minutes_holds_nobody_up(
    course: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "_PROGRAM", FOR_EVER)
    course.hand_in(ada="a = 1", bad="bad = 1", cy="c = 1")
    course.run(HandGraders(course.report))
    assert course.states() == {State.GRADED: 3}


def test_what_may_be_two_students_is_not_graded_and_says_why(course: Class) -> None:
    course.hand_in(ada="a = 1", Ada_Lovelace="x = 1", bea="b = 1")
    course.roster = "label,name\nada,Ada Lovelace\nbea,Bea\n"
    course.run(HandGraders(course.report))
    assert course.states() == {State.GRADED: 1, State.UNCLEAR: 1}
    sentence = "it is not clear which one is this student's, Ada_Lovelace, ada: leave the right one, and grade again"
    assert course.results_of()["ada"] == NoReport(Why.UNCLEAR, sentence)
    trees.remove(course.folder / "Ada_Lovelace")
    course.run(HandGraders(course.report))
    assert course.states() == {State.GRADED: 2}


def test_names_that_are_not_utf_8_are_graded_and_kept_as_text(course: Class) -> None:
    for name in ("\udcff/\udcfe.py", "v\udcffra.py", "e\udcff ve_1_2_app.py", "cy/\udcff\udcfe/app.py"):
        write(course.folder / name, f"name = {name!a}")
    graders = HandGraders(lambda order: course.report(order) if (order.folder / order.app).is_file() else Trouble("?"))
    course.run(graders)
    reports = [report for report in course.results_of().values() if isinstance(report, Report)]
    assert sorted(report.app for report in reports) == ["\\xfe.py", "\\xff\\xfe/app.py", "app.py", "app.py"]


def test_so_many_copies_at_a_time(course: Class) -> None:
    course.hand_in(**{f"s{number}": f"x = {number}" for number in range(9)})
    graders = HandGraders(course.report, at_once=3)
    course.run(graders)
    assert max(graders.folders) == 3


def test_the_audit_finds_what_does_not_agree(course: Class) -> None:
    course.hand_in(ada="a = 1", bea="b = 1")
    course.run(HandGraders(course.report))
    with LedgerWriter.make(course.results, Settings(seed="s")) as ledger:
        ledger._connection.execute("UPDATE grades SET points = points + 1, possible = possible - 1")
        found = audit(ledger)
        assert len(found.problems) == 4
        assert "it has 4 points, and the checks that passed have 3" in found.problems[0]
        ledger.keep_katas([replace(course.graded, checks=course.graded.checks[:1])])
        assert any("it has 2 checks, and the specification 1" in one for one in audit(ledger).problems)
