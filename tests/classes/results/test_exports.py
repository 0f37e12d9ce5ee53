"""Each export of a class keeps the rules of its consumer, and books nothing that is undecided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from grader.classes.ledger import Ledger
from grader.classes.results.exports import OF_CLASS, of_class, of_students
from grader.classes.results.gradebook import Scale
from grader.errors import UsageError
from grader.report import formats
from grader.report.feedback import Feedback
from tests.classes.results.course import FATES, make_course
from tests.report.consumers import SCHEMAS, faults, junit_faults, parsed
from tests.report.test_other_programs import SPEECHLESS, VARIABLES

UNDECIDED = ("fay", "gus", "jon")
GRADED = [label for label, _, result, _ in FATES if result is not None]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with make_course(tmp_path) as made:
        yield made


@pytest.mark.parametrize("feedback", [None, Feedback.SCORE])
@pytest.mark.parametrize("name", SCHEMAS)
def test_each_students_file_keeps_the_rules(
    name: str, feedback: Feedback | None, ledger: Ledger, tmp_path: Path
) -> None:
    found = of_students(ledger, name, tmp_path / "out", feedback=feedback)
    files = {file.stem: file.read_text("utf-8") for file in (tmp_path / "out").iterdir()}
    left_out = {"fay", "gus"} if name in SPEECHLESS else set()
    assert set(found.untold) == left_out | {"jon"}
    assert files.keys() == {label.removeprefix("../") for label in GRADED} - left_out
    assert {label: faults(name, text) for label, text in files.items() if faults(name, text)} == {}
    points = [parsed(name, files["ada"]), parsed(name, files["hal"])]
    key = "points" if name == "prairielearn" else "score"
    if name != "exercism":
        assert [sum(test[key] for test in one["tests"]) for one in points] == [32, 0]


def test_an_old_file_of_a_grade_that_is_undecided_now_goes(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "fay.json").write_text('{"score": 32}', "utf-8")
    of_students(ledger, "classroom50", tmp_path / "out", feedback=None)
    assert not (tmp_path / "out" / "fay.json").exists()


def test_a_file_of_a_student_who_has_left_is_named(ledger: Ledger, tmp_path: Path) -> None:
    assert of_students(ledger, "json", tmp_path / "out", feedback=None).notes == ()
    for name in ("zed.json", "notes.txt"):
        (tmp_path / "out" / name).write_text("{}", "utf-8")
    (note,) = of_students(ledger, "json", tmp_path / "out", feedback=None).notes
    assert note.endswith("out of nobody in this class: zed.json. Remove what an earlier export left.")
    assert (tmp_path / "out" / "zed.json").exists()


def test_junit_has_a_suite_for_each_student(ledger: Ledger) -> None:
    found = of_class(ledger, "junit", scale=Scale(), feedback=None)
    assert junit_faults(found.content.decode()) == []
    assert found.untold == ("jon",)
    suites = {suite.get("name"): suite for suite in ET.fromstring(found.content.decode())}
    assert len(suites) == len(GRADED)
    assert suites["ada: Small echo"].get("failures") == "0"
    assert suites["gus: Small echo"].get("errors") == "6"
    reasons = {(one.get("type"), one.get("message")) for one in suites["hal: Small echo"].iter("failure")}
    assert reasons == {("not graded", "nothing could be graded: nothing was handed in")}


@pytest.mark.parametrize(("name", "untold"), [("csv", ()), ("page", ()), ("canvas", UNDECIDED), ("moodle", UNDECIDED)])
def test_who_has_no_points_is_known(name: str, untold: tuple[str, ...], ledger: Ledger) -> None:
    found = of_class(ledger, name, scale=Scale(), feedback=None)
    assert found.untold == untold
    assert found.content.decode()


def test_an_unknown_export_is_refused_with_all_names(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no export 'canvass'. Did you mean 'canvas'") as refused:
        of_students(ledger, "canvass", tmp_path / "out", feedback=None)
    assert [name for name in (*OF_CLASS, *SCHEMAS) if name not in str(refused.value)] == []


@pytest.mark.parametrize("name", sorted(formats.BUILT_IN.keys() - {*OF_CLASS, *formats.DEMANDING}))
def test_a_file_for_a_student_has_the_ending_of_its_content(name: str, ledger: Ledger, tmp_path: Path) -> None:
    of_students(ledger, name, tmp_path / "out", feedback=None)
    for file in (tmp_path / "out").iterdir():
        text = file.read_text("utf-8")
        is_json = text.startswith(("{", "["))
        assert (file.suffix == ".json", text.lower().startswith("<!doctype")) == (is_json, file.suffix == ".html")
