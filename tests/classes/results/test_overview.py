"""The facts of a class: distribution, pass rates, misconceptions, likeness, and whom to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.classes.results.gathering import gather
from grader.classes.results.likeness import By
from grader.classes.results.mark import Mark, Status
from grader.classes.results.misconceptions import misconceptions
from grader.classes.results.overview import KataOverview, Overview, Rate, overview
from grader.model import Outcome
from tests.classes.hand import KATA
from tests.classes.results.course import CHECKS, FATES, OTHER, make_course


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> list[Mark]:
    with make_course(tmp_path_factory.mktemp("course")) as ledger:
        return gather(ledger)


@pytest.fixture(scope="module")
def found(marks: list[Mark]) -> KataOverview:
    (only,) = overview("t", [KATA], marks, forms={}).katas
    return only


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Overview]:
    with make_course(tmp_path, katas=(KATA, OTHER)) as ledger:
        yield overview("t", ledger.katas(), gather(ledger), forms=ledger.forms())


def labels(marks: list[Mark] | tuple[Mark, ...]) -> list[str]:
    return sorted(mark.student.label for mark in marks)


def test_each_student_has_one_mark(marks: list[Mark]) -> None:
    assert labels(marks) == sorted(label for label, *_ in FATES)
    assert {mark.student.label: mark.status for mark in marks} == {
        **dict.fromkeys(("ada", "bea", "cem", "dan", "eve", "../kim", "lee"), Status.GRADED),
        "fay": Status.UNDECIDED,
        "gus": Status.INFRASTRUCTURE,
        "hal": Status.NO_SUBMISSION,
        "ida": Status.UNREADABLE,
        "jon": Status.WAITING,
    }


def test_points_are_those_to_book_and_none_where_nothing_is_decided(marks: list[Mark]) -> None:
    points = {mark.student.label: mark.points for mark in marks}
    assert [points[label] for label in ("ada", "bea", "cem", "dan", "eve")] == [32, 28, 22.4, 2, 0]
    assert [points[label] for label in ("fay", "gus", "jon")] == [None] * 3
    assert [points[label] for label in ("hal", "ida")] == [0, 0]


def test_the_distribution_counts_who_was_graded(found: KataOverview) -> None:
    assert [part.count for part in found.bins] == [3, 0, 0, 0, 0, 0, 0, 1, 2, 0, 2]
    assert (found.bins[0].label, found.bins[-1].label) == ("0 to 9 %", "full marks")
    assert sum(part.count for part in found.bins) == len(found.points)
    assert found.graded + len(found.without_report) + len(found.undecided) == len(found.marks)
    assert found.graded == 7


def test_checks_are_in_the_order_of_the_kata_with_their_rates(found: KataOverview) -> None:
    assert [rate.check.id for rate in found.rates] == [check.id for check in CHECKS]
    counts = found.rates[3].counts
    assert (counts[Outcome.PASSED], counts[Outcome.FAILED]) == (2, 6)
    assert found.rates[3].percent == 25
    assert found.rates[-1].counts[Outcome.INCONCLUSIVE] == 1


@pytest.mark.parametrize(
    ("passed", "of", "percent"),
    [(12, 18, 67), (11, 18, 61), (1, 8, 13), (18, 18, 100), (0, 18, 0), (299, 300, 99), (1, 300, 1), (0, 0, 0)],
)
def test_a_share_is_rounded_to_the_nearest_but_never_to_all_or_none(passed: int, of: int, percent: int) -> None:
    assert Rate(CHECKS[0], {Outcome.PASSED: passed, Outcome.FAILED: of - passed}).percent == percent


def test_headlines_that_differ_in_what_was_drawn_are_one_misconception(found: KataOverview) -> None:
    drawn = next(one for one in found.misconceptions if "event" in one.headline)
    assert (labels(drawn.marks), drawn.variants, drawn.checks) == (["bea", "cem", "lee"], 2, (CHECKS[3].id,))


def test_an_app_that_did_not_start_is_one_misconception(found: KataOverview) -> None:
    (broken,) = [one for one in found.misconceptions if "did not start" in one.headline]
    assert (labels(broken.marks), len(broken.checks)) == (["eve"], len(CHECKS))


@pytest.mark.parametrize(
    ("headlines", "groups"),
    [
        (("status: 501; expected: 422", "status: 200; expected: 422"), 2),
        (('status and media type: 501, "a/b"; expected: 200, "c/d"', "status and media type: 501, (empty)"), 2),
        (("status: 501; expected: 422", "status: 501; expected: 422"), 1),
        (("count of “tea”: 3; expected: 4", "count of “a cup”: 5; expected: 17"), 1),
    ],
)
def test_a_status_is_not_drawn_and_tells_misconceptions_apart(
    headlines: tuple[str, str], groups: int, marks: list[Mark]
) -> None:
    failed = [replace(marks[at], headlines={"check": headline}) for at, headline in enumerate(headlines)]
    assert len(misconceptions(failed)) == groups


def test_misconceptions_come_by_the_number_of_students(found: KataOverview) -> None:
    counts = [len(one.marks) for one in found.misconceptions]
    assert counts == sorted(counts, reverse=True)


def test_late_and_undecided_students_are_listed(found: KataOverview) -> None:
    assert [(mark.student.label, mark.late, mark.taken) for mark in found.late] == [("cem", "2 days", 20)]
    assert labels(found.undecided) == ["fay", "gus", "jon"]
    assert labels(found.without_report) == ["hal", "ida"]


def test_equal_files_are_suspicious(found: KataOverview) -> None:
    assert [(one.by, labels(one.marks)) for one in found.likenesses] == [(By.FILES, ["bea", "cem"])]


def test_equal_syntax_is_suspicious_and_named_once(both: Overview) -> None:
    found = [(one.by, labels(one.marks)) for one in both.katas[1].likenesses]
    assert (By.SYNTAX, ["ada", "dan"]) in found
    assert found.count((By.SYNTAX, ["bea", "cem"])) == 0


def test_who_hands_in_the_stub_has_copied_it_from_nobody(tmp_path: Path) -> None:
    with make_course(tmp_path, katas=(KATA, OTHER)) as ledger:
        ledger.keep_stub(OTHER.name, "form True")
        found = overview("t", ledger.katas(), gather(ledger), forms=ledger.forms()).katas[1]
    assert [labels(one.marks) for one in found.likenesses] == [["bea", "cem"]]


def test_students_have_a_row_with_all_katas_by_name(both: Overview) -> None:
    assert [len(marks) for _, marks in both.rows] == [2] * len(FATES)
    names = [student.shown.casefold() for student, _ in both.rows]
    assert names == sorted(names)
