"""`grade class export`, as it is typed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.classes.model import Student, Submission
from grader.cli.classes.export import command
from grader.errors import UsageError
from tests.classes.hand import NAME, WHOLE, hand_in, make_ledger
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
    assert (again.code, again.out) == (0, "csv: written to book.csv\n")
    assert ",10,10,graded,1," in (course / "book.csv").read_text("utf-8")


def test_a_format_that_cannot_say_undecided_ends_with_3(course: Path, grade: Grade) -> None:
    done = grade("class", "export", "results", "--to", "canvas:book.csv", cwd=course)
    words = "grade: canvas has no points of 3 students, whose grades are undecided, and cannot say so: fay, gus, jon\n"
    assert (done.code, done.err) == (3, words)
    assert "Points Possible" in (course / "book.csv").read_text("utf-8")


def test_all_that_is_asked_for_is_written(course: Path, grade: Grade) -> None:
    names = ("csv:book.csv", "canvas:canvas.csv", "gradescope:uploads")
    done = grade("class", "export", "results", *(word for name in names for word in ("--to", name)), cwd=course)
    assert (done.code, done.out.splitlines()) == (
        3,
        ["csv: written to book.csv", "canvas: written to canvas.csv", "gradescope: 11 files written to uploads"],
    )
    assert [words.split()[1] for words in done.err.splitlines()] == ["canvas", "gradescope"]
    assert {path.name for path in course.iterdir()} == {"results", "book.csv", "canvas.csv", "uploads"}


def test_nothing_is_written_where_one_of_them_cannot_be(course: Path, grade: Grade) -> None:
    done = grade("class", "export", "results", "--to", "csv:book.csv", "--to", "nothing:x", cwd=course)
    assert done.code == 2
    assert not (course / "book.csv").exists()


def test_nothing_is_written_where_one_of_them_cannot_be_made(tmp_path: Path, grade: Grade) -> None:
    """Canvas finds students by columns that this class does not have."""
    with make_ledger(tmp_path / "results") as made:
        hand_in(made, Submission("bea", NAME, digest="b"), WHOLE)
    done = grade("class", "export", "results", *("--to", "csv:a.csv", "--to", "canvas-comments:b.json"), cwd=tmp_path)
    assert (done.code, done.err.startswith("grade: ")) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_whom_a_platform_cannot_find_ends_with_3(tmp_path: Path, grade: Grade) -> None:
    with make_ledger(tmp_path / "results") as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), WHOLE)
        hand_in(ledger, Submission("bea", NAME, digest="b"), WHOLE)
    done = grade("class", "export", "results", "--to", "moodle:book.csv", cwd=tmp_path)
    words = (
        "grade: 1 student without anything in moodle by which the platform finds them: add their points there by hand"
    )
    assert (done.code, done.err) == (3, f"{words}: bea\n")


def test_a_format_of_a_report_makes_a_folder(course: Path, grade: Grade) -> None:
    done = grade("class", "export", "results", "--to", "gradescope:out", "--feedback", "titles", cwd=course)
    assert (done.code, done.err.rpartition(": ")[2]) == (3, "jon\n")  # who is still to be graded
    assert '"score": 32' in (course / "out" / "ada.json").read_text("utf-8")
    assert "a line without a colon" not in (course / "out" / "dan.json").read_text("utf-8")


def test_without_a_format_the_pages_are_written_again(course: Path, grade: Grade) -> None:
    done = grade("class", "export", "results", "--feedback", "score", cwd=course)
    assert (done.code, done.out) == (0, "Results: results/index.html\n")
    assert "the next run writes the pages of students by the class's own feedback again, 'full'" in done.err
    assert grade("class", "export", "results", "--feedback", "full", cwd=course).err == ""
    grade("class", "export", "results", "--feedback", "score", cwd=course)
    assert (course / "results" / "index.html").is_file()
    assert "a line without a colon" not in (course / "results" / "students" / "dan.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("results --to gradescope", "--to gradescope writes a file for each student: name a folder"),
        ("results --to nothing:x", "There is no export 'nothing'."),
        ("elsewhere --to csv", "There is no ledger in elsewhere."),
        (
            "results --to csv:no/such/place",
            "--to csv: 'no/such/place' cannot be written: there is no folder 'no/such'.",
        ),
        ("results --to canvas --column kata-7=x", "there is no kata 'kata-7' in this class. Did you mean 'kata-77'?"),
        ("results --to moodle --column Homework", "--column must be like kata-14='Homework 3', not 'Homework'."),
        ("results --to csv --to moodle", "--to csv and --to moodle cannot both go to standard output; name a file"),
        (
            "results --to json:out --to gradescope:out",
            "--to json and --to gradescope both write to 'out'; name another",
        ),
        ("results --out-of 10", "--out-of is of use with --to csv, canvas or moodle only: add one, or leave it out."),
        ("results --to junit --out-of 10", "--out-of is of use with --to csv, canvas or moodle only"),
        ("results --to csv --column kata-77=x", "--column is of use with --to canvas, canvas-comments or moodle only"),
        ("results --to classroom50:out", "--to classroom50: set CLASSROOM,"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: str, words: str, course: Path, grade: Grade) -> None:
    done = grade("class", "export", *arguments.split(), cwd=course)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_no_archive_goes_to_a_terminal(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(UsageError, match="--to moodle-feedback is an archive, which no terminal shows: name a file"):
        command.callback(course / "results", ("moodle-feedback",), None, None, ())  # type: ignore[misc]


def test_an_assignment_of_another_name_is_given_or_told(tmp_path: Path, grade: Grade) -> None:
    with make_ledger(tmp_path / "results") as ledger:
        ada, aaron = {"ID": "1", "Homework 3 (98)": ""}, {"ID": "2"}
        ledger.keep_students([Student("ada", columns=ada), Student("aaron", columns=aaron)])
        for label in ("ada", "aaron"):
            hand_in(ledger, Submission(label, NAME, digest=label), WHOLE)

    def export(*words: str) -> tuple[int, str, str]:
        done = grade("class", "export", "results", *words, cwd=tmp_path)
        return done.code, done.out.splitlines()[0], done.err

    head = "Student,ID,SIS User ID,SIS Login ID,Section"
    assert export("--to", "canvas") == (
        0,
        f"{head},Small echo",
        f"grade: the roster has no column “Small echo” for {NAME}, so Canvas takes it for a new assignment. "
        "To name the one that you have: --column 'kata-77=NAME'.\n",
    )
    assert export("--to", "canvas", "--column", "kata-77=homework 3") == (0, f"{head},Homework 3 (98)", "")
    assert export("--to", "moodle", "--column", f"{NAME}=Homework")[1].endswith(",Homework,Homework feedback")
