"""Canvas and Moodle find a student by what an export leaves as it is, and who cannot be found is known."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from grader.classes.model import Student, Submission
from grader.classes.results.exports import Export, of_class
from grader.classes.results.gradebook import Scale
from grader.classes.results.keys import CANVAS, MOODLE
from tests.classes.hand import NAME, WHOLE, hand_in, make_ledger


def export(folder: Path, name: str, *handed: tuple[Student, str]) -> Export:
    """The export of a class in which each of these students has handed in what Canvas called so."""
    with make_ledger(folder) as made:
        made.keep_students([student for student, _ in handed])
        for student, source in handed:
            hand_in(made, Submission(student.label, NAME, digest=student.label, source=source), WHOLE)
        return of_class(made, name, scale=Scale(), feedback=None)


def keys_of(found: Export, columns: tuple[str, ...]) -> list[list[str]]:
    rows = csv.DictReader(io.StringIO(found.content.decode(), newline=""))
    return [[row[name] for name in columns] for row in rows if "Points Possible" not in (row.get("Student") or "")]


def test_the_number_that_canvas_wrote_into_a_files_name_finds_a_student(tmp_path: Path) -> None:
    ada, anonymous = (Student("a_1240"), "doejane_LATE_1240_5_app.py"), (Student("anon_Ab1cD"), "anon_Ab1cD_56_app.py")
    found = export(tmp_path, "canvas", ada, anonymous)
    assert keys_of(found, CANVAS) == [["1240", "", ""], ["", "", ""]]
    assert found.lost == ("anon_Ab1cD",)


def test_a_number_that_is_not_one_of_canvas_is_none(tmp_path: Path) -> None:
    ada, bea = Student("ada", columns={"ID": "12a"}), Student("bea", columns={"id": "12"})
    assert keys_of(export(tmp_path, "canvas", (ada, ""), (bea, "")), CANVAS) == [["", "", ""], ["12", "", ""]]


@pytest.mark.parametrize("login", ["@ada", "-bob", "=1+1", "ada"])
def test_a_login_is_left_as_it_is(login: str, tmp_path: Path) -> None:
    ada = Student("ada", columns={"SIS Login ID": login})
    found = export(tmp_path, "canvas", (ada, ""))
    assert (keys_of(found, CANVAS), found.lost) == ([["", "", login]], ())


def test_moodle_finds_a_student_by_one_of_three_columns(tmp_path: Path) -> None:
    ada, bea = Student("ada", email="+ada@x.de"), Student("bea", columns={"username": "-bea", "ID number": "@7"})
    found = export(tmp_path, "moodle", (ada, ""), (bea, ""), (Student("cy"), ""))
    assert keys_of(found, MOODLE) == [["", "", "+ada@x.de"], ["-bea", "@7", ""], ["", "", ""]]
    assert found.lost == ("cy",)


@pytest.mark.parametrize("login", ["=cmd|' /C calc'!A0", "=SUM(A1)", "@SUM(A1)", "+'http://x/[a]b'!A1", "\t=f(1)"])
def test_what_a_spreadsheet_would_run_finds_nobody(login: str, tmp_path: Path) -> None:
    ada = Student("ada", columns={"Username": login})
    found = export(tmp_path, "moodle", (ada, ""))
    assert keys_of(found, MOODLE)[0][0][0] in ("'", "\\")
    assert found.lost == ("ada",)
