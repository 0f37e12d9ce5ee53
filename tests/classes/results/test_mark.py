"""What a grade is in the results of a class."""

from __future__ import annotations

import pytest

from grader.classes.model import Entry, NoReport, Submission, Why
from grader.classes.results.mark import Status, mark_of
from grader.classes.results.substitute import report_of
from grader.model import Outcome
from tests.classes.hand import ADA, KATA, NAME


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (Why.INFRASTRUCTURE, "the grader or the machine failed"),
        (Why.UNCLEAR, "it is not clear yet what was handed in"),
    ],
)
def test_what_is_not_the_students_fault_has_no_points_and_its_own_words(why: Why, words: str) -> None:
    entry = Entry(ADA, Submission(ADA.label, NAME), NoReport(why, "for the instructor"), KATA.possible)
    mark = mark_of(entry, KATA, attempts=1, page="")
    assert (mark.status, mark.points, mark.outcomes) == (Status(why.value), None, {})
    found = {(one.outcome, one.finding.headline if one.finding else "") for one in report_of(entry, KATA).results}
    assert found == {(Outcome.INCONCLUSIVE, words)}


@pytest.mark.parametrize("why", [why for why in Why if why.is_decided])
def test_what_cannot_be_graded_has_no_point(why: Why) -> None:
    entry = Entry(ADA, Submission(ADA.label, NAME), NoReport(why, "too large"), KATA.possible)
    assert mark_of(entry, KATA, attempts=1, page="").points == 0
