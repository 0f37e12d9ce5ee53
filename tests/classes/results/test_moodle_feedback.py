"""The archive of pages has the names by which Moodle finds its students, and nothing that leads elsewhere."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from grader.classes.ledger import Ledger
from grader.classes.model import NoReport, Student, Submission, Why
from grader.classes.results.exports import of_class
from grader.classes.results.gradebook import Scale
from grader.classes.results.moodle_feedback import feedback_files
from grader.errors import UsageError
from grader.report.feedback import Feedback
from tests.classes.hand import KATA, NAME, WHOLE, hand_in, make_ledger
from tests.classes.results.course import OTHER, make_course

ADA = "Ada Lovelace_20000_assignsubmission_file_"


def whose(path: str) -> tuple[str, str]:
    """The number and the file's name, as Moodle's importer reads them."""
    first, _, rest = path.partition("/")
    _, number, kind, plugin, inner = first.split("_", 4)
    assert (kind, plugin, inner) == ("assignsubmission", "file", "")
    return number, rest


def pages(content: bytes) -> dict[tuple[str, str], str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {whose(name): archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = make_ledger(tmp_path)
    made.keep_students(
        [
            Student("ada", "Ada Lovelace"),
            Student("bea", columns={"Identifier": "Participant 20001"}, name="Bea_of/../ “B” Öz"),
            Student("cy", "Cy"),
        ]
    )
    hand_in(made, Submission("ada", NAME, digest="a", source=f"{ADA}/app.py"), WHOLE)
    made.keep_submission(Submission("bea", NAME, attempt=0), NoReport(Why.NO_SUBMISSION, "nothing was handed in"))
    hand_in(made, Submission("cy", NAME, digest="c", source="cy_1003_5_app.py"), WHOLE)  # as Canvas names it
    return made


def test_each_student_has_a_page_under_their_number(ledger: Ledger) -> None:
    content, lost = feedback_files(ledger, None)
    found = pages(content)
    assert found.keys() == {("20000", "kata-77.html"), ("20001", "kata-77.html")}
    assert "Ada Lovelace" in found["20000", "kata-77.html"]
    assert "nothing was handed in" in found["20001", "kata-77.html"]
    assert lost == ("cy",)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist())[1] == "Bea of .. B Öz_20001_assignsubmission_file_/kata-77.html"
    assert content == feedback_files(ledger, None)[0]


def test_students_see_no_more_than_the_class_allows(ledger: Ledger) -> None:
    title = KATA.checks[0].title.replace("`", "")
    full, score = (pages(feedback_files(ledger, one)[0])["20000", "kata-77.html"] for one in (None, Feedback.SCORE))
    assert (title.split()[-1] in full, title in score) == (True, False)


def test_who_has_no_number_is_named(ledger: Ledger) -> None:
    found = of_class(ledger, "moodle-feedback", scale=Scale(), feedback=None)
    assert found.notes == ("1 student without a number at Moodle, and so without a page in it: cy",)


def test_where_nobody_has_one_nothing_is_written(tmp_path: Path) -> None:
    with (
        make_course(tmp_path, katas=(KATA, OTHER)) as made,
        pytest.raises(UsageError, match="Moodle finds students by"),
    ):
        feedback_files(made, None)
