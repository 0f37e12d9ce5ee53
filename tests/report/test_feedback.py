"""What a learner is shown: no more than the instructor allows, in every format, with the same points."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.model import Origin, Outcome, Raised, Report
from grader.report import formats, json
from grader.report.feedback import Feedback, for_student, limited
from grader.report.read_json import read
from grader.score import exit_code
from tests.report.generated import reports
from tests.report.samples import BLOCKED, COMPARED, FAILED, FINDING, MIXED, PASSED, UNBOOTED, UNDECIDED
from tests.report.test_formats import ALWAYS

SECRET = "a hidden otter"
#: Stands in every place that does not come from the kata's README, but the headline.
ORIGIN = Origin("folder", "/srv/hidden/kata-77", "f" * 64)


def full_of_secrets(headline: str) -> Report:
    assert FINDING.place is not None
    assert FINDING.spot is not None
    place = replace(FINDING.place, file=SECRET, text=SECRET)
    finding = replace(
        FINDING,
        expected=SECRET,
        seen=SECRET,
        headline=headline,
        hint=SECRET,
        note=SECRET,
        subject=SECRET,
        place=place,
        spot=replace(FINDING.spot, excerpt=SECRET.encode(), caret=0),
    )
    entries = tuple(replace(entry, data=SECRET.encode(), detail=SECRET) for entry in FAILED.transcript)
    results = tuple(
        replace(
            result,
            check=replace(result.check, hints=(SECRET,)),
            finding=finding if result.outcome is not Outcome.PASSED else None,
            transcript=entries,
            requests=(SECRET,),
            raised=Raised(SECRET, (place,)),
            printed=SECRET,
        )
        for result in MIXED.results
    )
    notes, command = (headline,), f"grade kata-77 --app {SECRET}"
    return replace(MIXED, results=results, log=SECRET, notes=notes, command=command, jail="A", seed=headline)


@pytest.mark.parametrize("name", ALWAYS)
def test_no_format_shows_more_than_is_allowed(name: str) -> None:
    write = formats.find(name)

    def shown(headline: str, feedback: Feedback) -> str:
        return write(limited(full_of_secrets(headline), feedback)).decode()

    assert "otter" not in shown("the headline", Feedback.HEADLINES)
    assert "otter" not in shown(SECRET, Feedback.TITLES)
    score = shown(SECRET, Feedback.SCORE)
    assert not [word for word in ("otter", *(result.check.title for result in MIXED.results)) if word in score]


@given(reports(st.text(), st.floats(min_value=0, max_value=1e6)), st.sampled_from(Feedback))
@settings(max_examples=60, deadline=None)
def test_points_and_exit_code_stay_the_same(report: Report, feedback: Feedback) -> None:
    less = limited(report, feedback)
    assert (less.points, less.possible) == (report.points, report.possible)
    if report.results:
        assert exit_code(less) is exit_code(report) or Outcome.BLOCKED in {one.outcome for one in report.results}


def test_full_is_the_report_itself() -> None:
    assert limited(MIXED, Feedback.FULL) is MIXED


def test_headlines_are_titles_outcomes_and_headlines() -> None:
    results = limited(MIXED, Feedback.HEADLINES).results
    assert [(one.check.title, one.outcome, one.finding.headline if one.finding else "") for one in results] == [
        (one.check.title, one.outcome, one.finding.headline if one.finding else "") for one in MIXED.results
    ]
    assert {one.finding.headline for one in results if one.finding} >= {FINDING.headline}


def test_a_score_has_one_check_for_all_that_ended_alike() -> None:
    found = limited(MIXED, Feedback.SCORE).results
    assert [(one.check.title, one.check.points, one.outcome) for one in found] == [
        ("what passed", 2, Outcome.PASSED),
        ("what did not pass", sum(one.check.points for one in (FAILED, COMPARED, BLOCKED)), Outcome.FAILED),
        ("what could not be decided", UNDECIDED.check.points, Outcome.INCONCLUSIVE),
    ]
    assert len(limited(replace(MIXED, results=(PASSED,)), Feedback.SCORE).results) == 1


@pytest.mark.parametrize("name", ALWAYS)
def test_a_score_says_nothing_about_the_number_of_checks(name: str) -> None:
    """What passed is one result, and not one check: its number would be untrue."""
    text = formats.find(name)(limited(MIXED, Feedback.SCORE)).decode()
    assert not re.search(r"\d (passed|failed|inconclusive|check)|\W(passed|failed)\W+: \d|must show", text)


def test_a_score_is_read_back_as_one() -> None:
    less = limited(replace(MIXED, results=(PASSED, FAILED)), Feedback.SCORE)
    assert less.is_summed
    assert read(json.render(less)).is_summed
    assert not read(json.render(MIXED)).is_summed


def test_why_an_app_did_not_start_is_as_hidden_as_a_headline() -> None:
    started = replace(UNBOOTED, jail="A")
    kept = [limited(started, feedback).boot_failure == UNBOOTED.boot_failure for feedback in Feedback]
    assert kept == [True, True, False, False]


def test_that_there_was_nothing_to_start_is_said_always() -> None:
    nothing = replace(UNBOOTED, jail="")
    assert {limited(nothing, feedback).boot_failure for feedback in Feedback} == {UNBOOTED.boot_failure}


def test_a_student_gets_the_first_hints_only() -> None:
    check = replace(FAILED.check, hints=("first", "second"))
    found = for_student(replace(MIXED, results=(replace(FAILED, check=check),)), "Ada", Feedback.FULL)
    assert found.results[0].check.hints == ("first",)


@pytest.mark.parametrize("feedback", Feedback)
@pytest.mark.parametrize("name", ALWAYS)
def test_a_student_sees_their_label_and_no_path_or_command(name: str, feedback: Feedback) -> None:
    report = replace(MIXED, app="/srv/submissions/ada_123/app.py", command="grade 77 --app /srv", origin=ORIGIN)
    text = formats.find(name)(for_student(report, "Ada Lovelace", feedback)).decode()
    assert not [word for word in ("/srv", "grade 77", "--seed", "quieter machine") if word in text]
    assert "Ada Lovelace" in text or name not in ("html", "json", "text")
