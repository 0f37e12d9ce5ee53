"""What a check raises decides on its outcome, and on what a report says of it."""

from __future__ import annotations

import errno
import json
from dataclasses import replace

import pytest

from grader import text
from grader.errors import BadCheck, BadKata, Inconclusive, Violation
from grader.grading.verdict import blocked, unbootable, verdict
from grader.model import BootFailure, Check, Finding, Outcome, Requirement, UndecidedBy

REQUIRED = Requirement("RFC 9110 15", "A status code is a number.")
OTHER = Requirement("RFC 9112 4", "A status line is a line.")
CHECK = Check("answers", "it answers", 1, ("Answer.", "return 1"), REQUIRED)


def failed(error: AssertionError, compared: Violation | None = None, *remarks: str) -> Finding:
    outcome, finding = verdict(CHECK, error, compared=compared, remarks=remarks)
    assert outcome is Outcome.FAILED
    assert finding is not None
    return finding


def test_a_check_that_raises_nothing_has_passed() -> None:
    assert verdict(CHECK, None) == (Outcome.PASSED, None)


def test_a_violation_takes_requirement_and_hint_of_the_check_where_it_has_none() -> None:
    found = failed(Violation(expected="200", seen="404"))
    assert (found.headline, found.requirement, found.hint) == ("404; expected: 200", REQUIRED, "Answer.")
    found = failed(Violation(expected="200", seen="404", requirement=OTHER, hint="Look."))
    assert (found.requirement, found.hint) == (OTHER, "Look.")


def test_an_assertion_shows_its_comparison_and_the_words_after_its_comma() -> None:
    compared = Violation(expected="200", seen="404")
    assert failed(AssertionError("status\nassert 404 == 200"), compared).headline == "status: 404; expected: 200"
    assert failed(AssertionError("assert 404 == 200"), compared).headline == "404; expected: 200"


def test_an_assertion_that_compares_nothing_shows_its_words() -> None:
    found = failed(AssertionError("these are the words\nand these are not"))
    assert (found.headline, found.seen, found.expected) == (
        "These are the words",
        "these are the words",
        "that it answers",
    )
    assert found.headline_is_complete
    assert failed(AssertionError("assert []")).headline == "The assertion failed"


def test_what_else_was_noticed_is_added_unless_it_was_seen_already() -> None:
    seen = Violation(expected="an event", seen="nothing; the app is asleep", told="the app is asleep")
    assert failed(seen, None, "the app is asleep", "it is Monday", "it rains").note == "it is Monday"
    assert failed(seen, None, "the app is asleep").note == ""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BadKata("there is no schema"), "there is no schema; expected: a sound specification"),
        (Inconclusive("the machine is asleep"), "the machine is asleep; expected: a verdict"),
    ],
)
def test_what_is_not_the_apps_fault_is_inconclusive_and_no_requirement_is_quoted(error: Exception, words: str) -> None:
    outcome, found = verdict(CHECK, error)
    assert found is not None
    assert (outcome, found.headline, found.requirement) == (Outcome.INCONCLUSIVE, words, None)


def undecided(error: BaseException) -> Finding:
    outcome, found = verdict(CHECK, error)
    assert outcome is Outcome.INCONCLUSIVE
    assert found is not None
    return found


def raised_by(source: str, file: str = "/course/kata-7-tiny/spec/test_tiny.py") -> Exception:
    """What this source raises, as if it were in the first line of ``file``."""
    try:
        exec(compile(source, file, "exec"), {"text": text, "json": json})
    except Exception as error:
        return error
    raise AssertionError(source)


def test_an_error_of_a_helper_of_the_tests_shows_its_line() -> None:
    try:
        raise KeyError("nothing")
    except KeyError as error:
        found = undecided(error)
    assert "the specification or the grader broke: KeyError: 'nothing' (test_verdict.py:" in found.seen
    assert found.undecided_by is UndecidedBy.GRADER


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("{}['nothing']", "the specification broke: KeyError: 'nothing' (test_tiny.py:1)"),
        ("json.loads('')", "the specification broke: JSONDecodeError: Expecting value: line 1 column 1 (char 0) ("),
        ("raise ValueError", "the specification broke: ValueError (test_tiny.py:1)"),
    ],
    ids=["its own", "of a library that it calls", "without words"],
)
def test_an_error_of_the_specification_is_its_authors_to_correct(source: str, seen: str) -> None:
    found = undecided(raised_by(source))
    assert found.seen.startswith(seen)
    assert found.undecided_by is UndecidedBy.SPECIFICATION


def test_an_error_in_code_of_the_grader_has_both_lines() -> None:
    found = undecided(raised_by("text.visible(None, 3)"))
    assert found.seen.startswith("the specification or the grader broke: TypeError: ")
    assert "(test_tiny.py:1, in text.py:" in found.seen
    assert found.undecided_by is UndecidedBy.GRADER


@pytest.mark.parametrize(
    "error", [Inconclusive("no time"), MemoryError(), OSError(errno.EMFILE, "Too many open files")], ids=type
)
def test_what_the_machine_has_no_more_of_is_its_fault(error: Exception) -> None:
    assert undecided(error).undecided_by is UndecidedBy.MACHINE


@pytest.mark.parametrize("error", [BadKata("there is no schema"), BadCheck("there is no fixture")], ids=type)
def test_a_check_that_is_written_wrongly_is_its_authors_to_correct(error: Exception) -> None:
    assert undecided(error).undecided_by is UndecidedBy.SPECIFICATION


@pytest.mark.parametrize(("statuses", "hint"), [((), "Answer."), ((200,), "Compare paths.")])
def test_a_status_that_the_requirement_names_explains_only_other_statuses(statuses: tuple[int, ...], hint: str) -> None:
    """A refusal with `404` and a wrong body: that the app has no such route is no news, and not the cause."""
    check = replace(CHECK, requirement=Requirement("", "What is not there is refused with `404`, as JSON."))
    error = Violation(expected="JSON, or 200", seen="text, or 404", statuses=frozenset(statuses))
    _, found = verdict(check, error, hints={404: "No route. Compare paths."})
    assert found is not None
    assert found.hint == hint


def test_a_blocked_check_names_what_blocks_it() -> None:
    assert blocked(["one", "two"]).headline == "Blocked by “one”, “two”, which did not pass"


def test_an_app_that_does_not_start_again_shows_its_failure() -> None:
    found = unbootable(BootFailure("app.py raises KeyError"))
    assert found.headline == "app.py raises KeyError; expected: the app starts again"


@pytest.mark.parametrize(
    ("statuses", "hint"), [((), "Compare paths."), ((4040,), "Compare paths."), ((404,), "Answer.")]
)
def test_a_hint_by_status_comes_first_unless_that_status_was_expected(statuses: tuple[int, ...], hint: str) -> None:
    error = Violation(expected="404 or so", seen="404", statuses=frozenset(statuses))
    _, found = verdict(CHECK, error, hints={404: "No route. Compare paths."})
    assert found is not None
    assert found.hint == hint
