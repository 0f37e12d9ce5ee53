"""Gradebooks: what is booked, for whom, and that sums agree."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.classes.ledger import Ledger
from grader.classes.model import Student, Submission
from grader.classes.results.exports import of_class
from grader.classes.results.gathering import gather
from grader.classes.results.gradebook import Scale, canvas, moodle, plain
from grader.errors import UsageError
from grader.report.feedback import Feedback
from tests.classes.hand import KATA, NAME, WHOLE, hand_in, make_ledger
from tests.classes.results.course import FATES, LATE, OTHER, make_course


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with make_course(tmp_path) as made:
        yield made


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_plain_one_has_a_row_for_everybody(ledger: Ledger) -> None:
    rows = {row["student"]: row for row in rows_of(plain(gather(ledger), Scale()))}
    assert rows.keys() == {label for label, *_ in FATES}
    found = {
        label: (rows[label]["score"], rows[label]["status"]) for label in ("ada", "cem", "fay", "gus", "hal", "jon")
    }
    assert found == {
        "ada": ("32", "graded"),
        "cem": ("22.4", "graded"),
        "fay": ("", "undecided"),
        "gus": ("", "infrastructure"),
        "hal": ("0", "no submission"),
        "jon": ("", "waiting"),
    }
    assert {row["possible"] for row in rows.values()} == {"32"}
    assert (rows["cem"]["late"], rows["cem"]["taken"], rows["cem"]["attempts"]) == ("2 days", "20 %", "1")
    assert rows["hal"]["attempts"] == "0"
    assert rows["bea"]["name"].startswith("Béatrice =cmd")
    assert rows["fay"]["name"] == "'@SUM(1+9)*cmd"


def test_points_are_scaled_to_whole_numbers_that_are_full_for_full_marks_only(ledger: Ledger) -> None:
    rows = {row["student"]: row["score"] for row in rows_of(plain(gather(ledger), Scale(10)))}
    assert [rows[label] for label in ("ada", "bea", "cem", "dan", "eve", "fay")] == ["10", "8", "7", "0", "0", ""]


def test_canvas_finds_students_and_the_assignment_by_its_own_columns(ledger: Ledger) -> None:
    rows = rows_of(of_class(ledger, "canvas", scale=Scale(), feedback=None).content.decode())
    assert list(rows[0]) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Small echo (4711)"]
    assert (rows[0]["Student"].strip(), rows[0]["Small echo (4711)"]) == ("Points Possible", "32")
    by_id = {row["ID"]: row for row in rows[1:]}
    assert [by_id[str(at)]["Small echo (4711)"] for at in range(9)] == ["32", "28", "22.4", "2", "0", "", "", "0", "0"]
    assert by_id["5"]["Student"] == "'@SUM(1+9)*cmd"


def test_canvas_is_refused_where_it_could_find_nobody(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as made:
        made.keep_students([Student("ada"), Student("bea")])
        hand_in(made, Submission("ada", NAME, digest="a"), WHOLE)
        with pytest.raises(UsageError, match="the gradebook that Canvas exports"):
            canvas(made.katas(), gather(made), Scale())


def test_moodle_has_points_and_what_became_of_the_checks(ledger: Ledger) -> None:
    rows = {row["Email address"]: row for row in rows_of(moodle(ledger.katas(), gather(ledger), Scale()))}
    assert rows["ada@example.org"]["Small echo"] == "32"
    assert rows["ada@example.org"]["Small echo feedback"] == "6 passed"
    assert rows["cem@example.org"]["Small echo feedback"] == "5 passed, 1 failed; late: 20 % taken"
    assert rows["fay@example.org"]["Small echo"] == rows["fay@example.org"]["Small echo feedback"] == ""
    assert rows["ida@example.org"]["Small echo feedback"] == "ida.zip is not a whole archive: =x"


@pytest.mark.parametrize("feedback", [None, Feedback.SCORE], ids=["class", "option"])
def test_a_comment_in_moodle_has_no_more_than_the_class_allows(feedback: Feedback | None, tmp_path: Path) -> None:
    with make_course(tmp_path, replace(LATE, feedback=Feedback.TITLES if feedback else Feedback.SCORE)) as made:
        text = of_class(made, "moodle", scale=Scale(), feedback=feedback).content.decode()
    rows = {row["Email address"].partition("@")[0]: row["Small echo feedback"] for row in rows_of(text)}
    assert (rows["ada"], rows["cem"], rows["hal"]) == ("", "late: 20 % taken", "nothing was handed in")


def test_several_katas_have_a_column_each(tmp_path: Path) -> None:
    with make_course(tmp_path, katas=(KATA, OTHER)) as made:
        marks = gather(made)
        row = rows_of(of_class(made, "canvas", scale=Scale(), feedback=None).content.decode())[1]
        assert {"Small echo (4711)", "Large echo"} <= set(row)
        assert len(rows_of(plain(marks, Scale()))) == 2 * len(FATES)
        assert {"Large echo", "Large echo feedback"} <= set(rows_of(moodle(made.katas(), marks, Scale()))[0])
