"""Reports for other programs keep the rules of these programs, whatever an app has said, and book nothing undecided."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.errors import Inconclusive, UsageError
from grader.model import Check, CheckResult, Outcome, Report
from grader.report import formats, github_summary
from grader.report.feedback import Feedback, limited
from tests.hostile.corpus import TEXTS
from tests.hostile.places import GROUPS, filled
from tests.report.consumers import SCHEMAS, faults, junit_faults, marks, parsed
from tests.report.generated import ANY_TEXT, reports
from tests.report.samples import BLOCKED, COMPARED, FAILED, MIXED, PASSED, PERFECT, UNBOOTED

VARIABLES = {
    "CLASSROOM": "course",
    "ASSIGNMENT": "kata-77",
    "ASSIGNMENT_TYPE": "individual",
    "SUBMISSION_TAG": "submit/kata-77",
    "COMMIT_URL": "https://example.org/c",
    "RELEASE_URL": "https://example.org/r",
    "REVIEW_URL": "https://example.org/p",
    "OWNER": "ada",
    "SUBMITTED_AT": "2026-09-01T14:00:00+02:00",
}
#: Some passed, some failed, some blocked; none undecided.
DECIDED = replace(MIXED, results=(PASSED, FAILED, COMPARED, BLOCKED))
SAMPLES = {"decided": DECIDED, "not started": UNBOOTED, "perfect": PERFECT}
#: Those for which nothing is written where a grade is undecided.
#: Categories of what moves, reorders or hides text.
UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
SPEECHLESS = ("classroom50", "github-classroom")
Write = Callable[[str, Report], str]


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch) -> Write:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return lambda name, report: formats.find(name)(report).decode()


@pytest.mark.parametrize("feedback", Feedback)
@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", SCHEMAS)
def test_each_keeps_the_rules_of_its_consumer(name: str, sample: str, feedback: Feedback, write: Write) -> None:
    report = SAMPLES[sample]
    assert faults(name, write(name, limited(report, feedback))) == []


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("name", SCHEMAS)
def test_nothing_of_an_app_breaks_out(name: str, group: str, write: Write) -> None:
    for text in TEXTS.values():
        written = write(name, filled(text, group))
        assert faults(name, written) == []
        assert "##[" not in written
        assert not [line for line in written.splitlines() if line.lstrip().startswith("::")]
        for test in parsed(name, written)["tests"]:
            shown = "".join(value for value in test.values() if isinstance(value, str))
            assert not [char for char in shown if unicodedata.category(char) in UNSAFE and char != "\n"]


@given(report=reports(ANY_TEXT, st.floats(min_value=0, max_value=1e6)))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_report_keeps_the_rules_or_is_not_written(report: Report, write: Write) -> None:
    assert junit_faults(write("junit", report)) == []
    for name in SCHEMAS:
        if name in SPEECHLESS and report.boot_failure is None and report.count(Outcome.INCONCLUSIVE):
            with pytest.raises(Inconclusive):
                write(name, report)
        elif name != "github-classroom" or report.results:  # there, tests may not be empty; a report's are not
            nameless = name == "exercism" and not all(result.check.title for result in report.results)
            assert faults(name, write(name, report)) == [] or nameless


@pytest.mark.parametrize("name", SPEECHLESS)
def test_an_undecided_grade_is_not_written_where_there_is_no_word_for_it(name: str, write: Write) -> None:
    with pytest.raises(Inconclusive, match=r"nothing is written for .* the machine gave the app no time"):
        write(name, MIXED)


def test_gradescope_is_given_no_points_of_an_undecided_grade(write: Write) -> None:
    found = json.loads(write("gradescope", MIXED))
    assert "score" not in found
    assert not [test for test in found["tests"] if {"score", "max_score", "status"} & set(test)]
    assert "could not be decided" in found["output"]
    assert faults("gradescope", json.dumps(found)) == []


def test_gradescope_books_the_points_of_a_decided_grade(write: Write) -> None:
    found = json.loads(write("gradescope", DECIDED))
    assert found["score"] == 1 == sum(test["score"] for test in found["tests"])
    assert [test["status"] for test in found["tests"]] == ["passed", "failed", "failed", "failed"]
    assert found["tests"][1]["output"].startswith(
        "a line without a colon is a field without a value\nexpected: “two”\n"
    )
    assert found["stdout_visibility"] == "hidden"


def test_prairielearn_uses_up_no_attempt_for_an_undecided_grade(write: Write) -> None:
    found = json.loads(write("prairielearn", MIXED))
    assert found["gradable"] is False
    assert "could not be decided" in found["format_errors"][0]
    assert not {"score", "tests"} & set(found)


def test_prairielearn_is_given_a_share_that_is_one_for_full_marks_only(write: Write) -> None:
    assert json.loads(write("prairielearn", PERFECT))["score"] == 1
    check = Check("most", "most of it", 99_999)
    nearly = replace(DECIDED, results=(CheckResult(check, Outcome.PASSED), replace(FAILED, check=PASSED.check)))
    assert json.loads(write("prairielearn", nearly))["score"] == 0.9999


def test_prairielearn_is_given_less_than_a_megabyte(write: Write) -> None:
    assert COMPARED.finding is not None
    long = replace(COMPARED, finding=replace(COMPARED.finding, headline="x" * 800, hint="y" * 800))
    text = write("prairielearn", replace(DECIDED, results=(long,) * 1000))
    assert faults("prairielearn", text) == []
    assert len(json.loads(text)["tests"]) == 1000


@pytest.mark.parametrize(
    ("report", "status", "words"),
    [
        (DECIDED, "fail", None),
        (PERFECT, "pass", None),
        (UNBOOTED, "error", "Small echo: the app did not start: app.py raises KeyError"),
        (MIXED, "error", "could not be decided"),
    ],
)
def test_exercism_has_a_word_for_each_grade(report: Report, status: str, words: str | None, write: Write) -> None:
    found = json.loads(write("exercism", report))
    assert faults("exercism", json.dumps(found)) == []
    assert found["status"] == status
    assert found["message"] is None if words is None else words in found["message"]


def test_github_classroom_adds_up_to_the_points(write: Write) -> None:
    found = parsed("github-classroom", write("github-classroom", DECIDED))
    assert (found["status"], found["max_score"]) == ("fail", DECIDED.possible)
    assert sum(test["score"] for test in found["tests"]) == DECIDED.points
    assert [test["line_no"] for test in found["tests"]] == [0, 17, 0, 0]
    assert parsed("github-classroom", write("github-classroom", PERFECT))["status"] == "pass"


def test_classroom50_is_told_who_and_when_by_its_environment(write: Write) -> None:
    found = json.loads(write("classroom50", DECIDED))
    assert (found["classroom"], found["owner"], found["datetime"]) == ("course", "ada", "2026-09-01T12:00:00Z")
    assert (found["score"], found["max-score"]) == (DECIDED.points, DECIDED.possible)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("COMMIT_URL", "", "set COMMIT_URL, as Classroom 50 does"),
        ("OWNER", "", "set OWNER or USERNAME"),
        ("SUBMITTED_AT", "yesterday", "SUBMITTED_AT is a moment like"),
        ("SUBMITTED_AT", "2026-09-01T12:00:00", "with its time zone"),
    ],
)
def test_classroom50_is_refused_before_a_grade_where_it_could_not_be_written(
    name: str, value: str, words: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("USERNAME", raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=words):
        formats.find("classroom50")


@pytest.mark.parametrize("report", [MIXED, UNBOOTED, PERFECT], ids=["mixed", "not started", "perfect"])
def test_junit_keeps_the_rules_of_its_schema(report: Report, write: Write) -> None:
    text = write("junit", report)
    assert junit_faults(text) == []
    suite = next(ET.fromstring(text).iter("testsuite"))
    counts = [int(suite.get(name, "")) for name in ("tests", "failures", "errors", "skipped")]
    outcomes = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.BLOCKED)
    assert counts == [len(report.results), *(report.count(outcome) for outcome in outcomes)]


def test_junit_has_points_only_where_they_are_final(write: Write) -> None:
    def named(report: Report) -> dict[str | None, str | None]:
        return {one.get("name"): one.get("value") for one in ET.fromstring(write("junit", report)).iter("property")}

    assert "points" not in named(MIXED)
    assert (named(DECIDED)["points"], named(DECIDED)["possible"], named(DECIDED)["seed"]) == ("1", "15", "5eed")


@pytest.mark.parametrize("group", GROUPS)
def test_junit_holds_any_text(group: str, write: Write) -> None:
    for text in TEXTS.values():
        written = write("junit", filled(text, group))
        assert junit_faults(written) == []
        assert len(list(ET.fromstring(written).iter("testcase"))) == len(filled(text, group).results)
        assert "##[" not in written


def test_annotations_name_the_line_and_end_with_the_points(write: Write) -> None:
    report = replace(MIXED, app="kata-77-small-echo/app.py")
    found = marks(write("github-annotations", report))
    assert [kind for kind, _, _ in found] == ["error", "error", "warning", "notice"]
    assert found[0][1] == {
        "file": "kata-77-small-echo/app.py",
        "line": "17",
        "title": "each item is an event of its own",
    }
    assert found[0][2] == "a line without a colon is a field without a value"
    assert found[-1][2] == "2 of 32 points so far, not final; 2 passed, 2 failed, 1 blocked, 1 inconclusive"


def test_that_an_app_did_not_start_is_one_annotation(write: Write) -> None:
    (kind, place, message), (last, _, _) = marks(write("github-annotations", replace(UNBOOTED, app="a/app.py")))
    assert (kind, last) == ("error", "notice")
    assert place == {"file": "a/app.py", "line": "9", "title": "The app did not start"}
    assert message == "app.py raises KeyError while it is imported: 'k'"


def test_there_are_no_more_annotations_than_github_shows(write: Write) -> None:
    found = marks(write("github-annotations", replace(DECIDED, results=(FAILED,) * 30)))
    assert [kind for kind, _, _ in found] == ["error"] * 10 + ["notice"]
    assert found[9][2] == "and 21 checks more"


@pytest.mark.parametrize("group", GROUPS)
def test_an_app_adds_no_annotation_and_no_property(group: str, write: Write) -> None:
    benign = marks(write("github-annotations", filled("an otter", group)))
    for text in TEXTS.values():
        written = write("github-annotations", filled(text, group))
        found = marks(written)
        assert "##[" not in written
        assert [kind for kind, _, _ in found] == [kind for kind, _, _ in benign]
        for (_, properties, _), (_, others, _) in zip(found, benign, strict=True):
            assert set(properties) <= {"file", "line", "title"}
            assert properties.get("title") == others.get("title")
            assert not properties.get("file", "").startswith(("/", ".."))


def test_a_percent_sign_a_colon_and_a_comma_come_through(write: Write) -> None:
    assert FAILED.finding is not None
    words = "50% of a, b: c%0A"
    odd = replace(FAILED, check=replace(FAILED.check, title=words), finding=replace(FAILED.finding, headline=words))
    (_, properties, message), _ = marks(write("github-annotations", replace(DECIDED, results=(odd,))))
    assert (properties["title"], message) == (words, words)


def test_a_summary_is_markdown_and_fits(write: Write) -> None:
    assert write("github-summary", MIXED) == write("markdown", MIXED)
    many = replace(DECIDED, results=(COMPARED,) * 40_000)
    text = github_summary.render(many)
    assert len(text.encode()) <= 1 << 20
    assert text.endswith("\n… and more than a summary can hold.\n")
