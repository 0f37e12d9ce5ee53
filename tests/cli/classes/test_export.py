"""`grade class export`, as it is typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.classes.results.course import make_course

if TYPE_CHECKING:
    from tests.conftest import Grade


@pytest.fixture
def course(tmp_path: Path) -> Path:
    make_course(tmp_path / "results").close()
    return tmp_path


def test_a_gradebook_goes_to_standard_output_or_a_file(course: Path, grade: Grade) -> None:
    done = grade("class", "export", "results", "--to", "csv", cwd=course)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("student,name,email,section,kata,score,possible,status,attempts,late,taken,remark\n")
    again = grade("class", "export", "results", "--to", "csv:book.csv", "--out-of", "10", cwd=course)
    assert (again.code, again.out) == (0, "")
    assert ",10,10,graded,1," in (course / "book.csv").read_text("utf-8")


def test_a_format_that_cannot_say_undecided_ends_with_3(course: Path, grade: Grade) -> None:
    done = grade("class", "export", "results", "--to", "canvas:book.csv", cwd=course)
    words = "grade: 3 students without points in canvas, which does not say that they are undecided: fay, gus, jon\n"
    assert (done.code, done.err) == (3, words)
    assert "Points Possible" in (course / "book.csv").read_text("utf-8")


def test_a_format_of_a_report_makes_a_folder(course: Path, grade: Grade) -> None:
    done = grade("class", "export", "results", "--to", "gradescope:out", "--feedback", "titles", cwd=course)
    assert (done.code, done.err.rpartition(": ")[2]) == (3, "jon\n")  # who is still to be graded
    assert '"score": 32' in (course / "out" / "ada.json").read_text("utf-8")
    assert "a line without a colon" not in (course / "out" / "dan.json").read_text("utf-8")


def test_without_a_format_the_pages_are_written_again(course: Path, grade: Grade) -> None:
    assert grade("class", "export", "results", "--feedback", "score", cwd=course).code == 0
    assert (course / "results" / "index.html").is_file()
    assert "a line without a colon" not in (course / "results" / "students" / "dan.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("results --to gradescope", "--to gradescope writes a file for each student: name a folder"),
        ("results --to nothing:x", "There is no export 'nothing'."),
        ("elsewhere --to csv", "There is no ledger in elsewhere."),
        ("results --to csv:no/such/place", "--to csv: 'no/such/place' cannot be written."),
        ("results --to classroom50:out", "--to classroom50: set CLASSROOM,"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: str, words: str, course: Path, grade: Grade) -> None:
    done = grade("class", "export", *arguments.split(), cwd=course)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
