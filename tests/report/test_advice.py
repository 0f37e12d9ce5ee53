"""What a report says in words of its own: how the checks ended, and what to do next."""

from __future__ import annotations

import dataclasses

import pytest

from grader.errors import NO_LOOPBACK, NO_THREADS, NO_UPSTREAM
from grader.model import BootFailure, Check, CheckResult, Finding, Origin, Outcome, Report, UndecidedBy
from grader.report import advice, exported, html, markdown, terminal
from grader.report.feedback import Feedback, for_student
from tests.report.samples import MIXED

P, F, B, I = Outcome  # noqa: E741


def report(*outcomes: Outcome, boots: bool = True) -> Report:
    results = tuple(CheckResult(Check(f"check_{n}", f"rule {n} holds", 2), out) for n, out in enumerate(outcomes))
    failure = None if boots else BootFailure("it does not start")
    return Report("kata-1-x", "Title", "app.py", "5eed", "grade kata-1 --app app.py", results, boot_failure=failure)


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ((P, P, P), "3 passed"),
        ((F, P), "1 passed, 1 failed"),
        ((B, I, F, F, P), "1 passed, 2 failed, 1 blocked, 1 inconclusive"),
        ((), ""),
    ],
)
def test_the_outcomes_that_there_are_are_counted(outcomes: tuple[Outcome, ...], words: str) -> None:
    assert advice.counts(report(*outcomes)) == words


def test_what_blocks_a_check_is_named_though_it_does_not_come_after_it() -> None:
    """A law without a response to look at, and what the app's delays leave no time for, come after no failed check."""
    assert advice.blocked(report(P, F, B, B)) == ["2 checks blocked by “rule 1 holds”, 4 points"]
    assert advice.blocked(report(F, F, B)) == ["1 check blocked by checks that did not pass, 2 points"]


def test_checks_that_a_report_from_a_file_says_to_be_blocked_by_each_other_are_counted() -> None:
    first, second = report(B, B).results
    each_other = (dataclasses.replace(first, blocked_by="check_1"), dataclasses.replace(second, blocked_by="check_0"))
    by_itself = (dataclasses.replace(first, blocked_by="check_0"), dataclasses.replace(second, blocked_by="check_1"))
    for results in (each_other, by_itself):
        found = dataclasses.replace(report(), results=results)
        assert advice.blocked(found) == ["2 checks blocked by checks that did not pass, 4 points"]


def test_no_report_says_that_all_is_well_where_the_event_loop_was_blocked() -> None:
    blocked = "The event loop was blocked for 2.0 s at app.py:7: time.sleep(2); no other request was served meanwhile."
    graded = dataclasses.replace(report(P, P), notes=(blocked,))
    assert advice.next_step(graded) == (
        "The event loop was blocked for a while: see the note above. No check failed because of it."
    )
    for shown in (terminal.render(graded), html.render(graded), markdown.render(graded)):
        text = " ".join(shown.split())
        assert blocked in text
        assert "all checks passed" not in text.lower()


def test_a_report_is_headed_by_number_and_title_of_its_kata() -> None:
    assert advice.heading(dataclasses.replace(report(P), kata="kata-12-some-words")) == "Kata 12: Title"
    assert advice.heading(dataclasses.replace(report(P), kata="words")) == "Title"  # read from somebody's JSON


START = "Next: make the app start, then run `grade kata-1 --app app.py` again."
QUIET = "Next: run it again on a quieter machine. Some checks could not be decided, which is not your fault."
DONE = "All checks passed. `grade solution` shows another solution or how to install it, `grade next` what is next."
PACKED = "All checks passed. `grade next` shows what is next."
PART = "The selected checks passed. To run all of them: `grade kata-1 --app app.py`."


@pytest.mark.parametrize(
    ("graded", "words", "alone"),
    [
        (report(P, F, F), "Next: fix “rule 1 holds”.", "check_1"),
        (report(I, F, B), "Next: fix “rule 1 holds”.", "check_1"),
        (report(F, F, boots=False), START, ""),  # no check can be run alone before it starts
        (report(P, I, B), QUIET, ""),
        (report(P, P), DONE, ""),
        (dataclasses.replace(report(P), is_whole=False), PART, ""),
        (dataclasses.replace(report(P), origin=Origin("my-course", "my-course 1.0", "d")), PACKED, ""),
    ],
    ids=[
        "failed",
        "failed, whatever else is undecided",
        "no start",
        "undecided",
        "passed",
        "passed, as far as it was run",
        "passed, of a pack",
    ],
)
def test_the_next_step_is_the_first_thing_that_helps(graded: Report, words: str, alone: str) -> None:
    assert advice.next_step(graded) == words
    command = f"grade kata-1 --app app.py --only {alone} --seed 5eed"
    assert advice.single_check(graded) == (command if alone else "")


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (f"{NO_LOOPBACK}: [Errno 101] Network is unreachable", "it cannot connect to its own 127.0.0.1."),
        (NO_THREADS, "it does not let the app start as many threads as every app may need."),
        (f"{NO_UPSTREAM}: [Errno 99] No address", "it cannot connect the app to the grader's upstream."),
    ],
)
def test_a_machine_that_cannot_grade_is_to_be_fixed(seen: str, words: str) -> None:
    """On a quieter one it would be the same."""
    graded = report(P, I, B)
    results = [dataclasses.replace(one, finding=Finding("a verdict", seen)) for one in graded.results]
    found = advice.next_step(dataclasses.replace(graded, results=tuple(results)))
    assert found.startswith(f"Next: fix this machine, and run it again: {words} Some checks could not be decided")


BROKE = "the specification broke: KeyError: 'nothing' (test_echo.py:12)"


def with_broken(graded: Report, by: UndecidedBy) -> Report:
    """``graded``, in which the last inconclusive check is so because of its specification or the grader."""
    at = max(at for at, one in enumerate(graded.results) if one.outcome is I)
    results = list(graded.results)
    results[at] = dataclasses.replace(results[at], finding=Finding("a verdict", BROKE, undecided_by=by))
    return dataclasses.replace(graded, results=tuple(results))


@pytest.mark.parametrize("by", [UndecidedBy.SPECIFICATION, UndecidedBy.GRADER])
def test_what_broke_is_for_the_author_and_not_for_a_quieter_machine(by: UndecidedBy) -> None:
    graded = with_broken(report(P, I, I), by)
    told = f"tell the author of the kata about “rule 2 holds”, which could not be decided: {BROKE}. "
    told += "This is not your fault, and it happens again until the author has corrected it."
    assert advice.next_step(graded) == f"Next: {told}"
    assert advice.next_step(with_broken(report(F, I), by)).startswith("Next: fix “rule 0 holds”. And tell the author")
    student = advice.next_step(dataclasses.replace(graded, command=""))
    assert student.startswith(
        f"The author of the kata has to correct “rule 2 holds”, which could not be decided: {BROKE}."
    )
    assert advice.why_undecided(graded) == f"“rule 2 holds” could not be decided: {BROKE}"
    exported_as = exported.undecided(graded)
    assert BROKE in exported_as
    assert exported_as.endswith("the author of the kata has to correct this check first.")


@pytest.mark.parametrize("feedback", [Feedback.FULL, Feedback.HEADLINES])
def test_who_sees_headlines_sees_what_broke(feedback: Feedback) -> None:
    whole = with_broken(report(P, I), UndecidedBy.SPECIFICATION)
    found = whole.results[1].finding
    assert found is not None
    headline = dataclasses.replace(found, headline=f"{BROKE}; expected: a verdict")
    whole = dataclasses.replace(
        whole, results=(whole.results[0], dataclasses.replace(whole.results[1], finding=headline))
    )
    assert BROKE in advice.next_step(for_student(whole, "Ada", feedback))


DIGEST = "0123456789ab" + "f" * 52
PACK = "cdef01234567" + "f" * 52


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (Origin("bundled", "1.0.2", DIGEST, "1.0.2", PACK), "bundled with Stream Katas 1.0.2 (SHA-256 0123456789ab…)"),
        (Origin("bundled", "", DIGEST), "bundled with Stream Katas (SHA-256 0123456789ab…)"),
        (Origin("course", "", DIGEST), "from course (SHA-256 0123456789ab…)"),
        (Origin("folder", "/srv/katas/kata-77", DIGEST), "from /srv/katas/kata-77 (SHA-256 0123456789ab…)"),
        (
            Origin("course", "my-course 1.2.0", DIGEST, "1.2.0", PACK),
            "from my-course 1.2.0 (SHA-256 0123456789ab…; of the pack: cdef01234567…)",
        ),
    ],
)
def test_a_report_for_people_names_the_specification_once(origin: Origin, words: str) -> None:
    found = dataclasses.replace(MIXED, origin=origin, kata_version="2.1")
    sentence = f"Specification: kata-77-small-echo 2.1, {words}"
    assert advice.specification(found) == sentence
    for shown in (terminal.render(found), html.render(found), markdown.render(found)):
        assert " ".join(shown.split()).count(sentence) == 1


def test_a_report_without_an_origin_does_not_name_one() -> None:
    assert advice.specification(dataclasses.replace(MIXED, origin=None)) == ""
