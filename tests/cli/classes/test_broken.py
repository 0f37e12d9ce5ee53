"""A check that breaks: it is named in each place, with its error and its line, and costs nobody a point."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.classes.ledger import Ledger
from tests.serving.jail import offers
from tests.small_kata import NO_TYPE, SOLUTION, SPECIFICATION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

AT = "        items = draw.texts(3)\n"
BROKEN = SPECIFICATION.replace(AT, f'{AT}        {{}}["nothing"]\n')
WHAT = "the specification broke: KeyError: 'nothing' (test_echo.py:18)"
ROW = f"“the answer is all that the upstream gives, in order” could not be decided: {WHAT}"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    write(make_kata(tmp_path) / "spec/test_echo.py", BROKEN)
    for label, code in {"ada": SOLUTION, "bea": NO_TYPE}.items():
        write(tmp_path / "class" / label / "app.py", code)
    return tmp_path


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def test_a_learner_tells_the_author(course: Path, grade: Grade) -> None:
    done = grade("77", "--app", "class/ada/app.py", "--json", "-", cwd=course)
    assert done.code == 3
    assert json.loads(done.out)["checks"][1]["finding"]["undecided_by"] == "specification"
    done = grade("77", "--app", "class/ada/app.py", cwd=course)
    text = in_one_line(done.out)
    assert WHAT in text
    assert "Next: tell the author of the kata about “the answer is all that" in text
    assert "quieter" not in text


def test_in_a_class_it_is_named_and_graded_again_once_it_is_corrected(course: Path, grade: Grade) -> None:
    offers.a_tier()
    command = ("class", "class", "--kata", "kata-77", "--out", "results")
    done = grade(*command, cwd=course)
    assert done.code == 3
    assert f"  ada, kata-77-small-echo: {ROW}\n" in done.out
    assert "until the author of the kata has corrected it" in in_one_line(done.out)
    assert "machine" not in done.out
    assert "Audit: each submission has a result or a reason above, and all sums agree." in done.out
    assert grade("class", "status", "results", cwd=course).code == 3
    page = (course / "results/index.html").read_text("utf-8")
    assert "KeyError: &#39;nothing&#39; (test_echo.py:18)" in page
    assert WHAT in (course / "results/gradebook.csv").read_text("utf-8")
    assert "author of the kata has to correct" in (course / "results/students/ada.md").read_text("utf-8")
    write(course / "katas/kata-77-small-echo/spec/test_echo.py", SPECIFICATION)
    assert grade(*command, cwd=course).code == 0
    with Ledger.open(course / "results") as ledger:
        assert [entry.points for entry in ledger.entries()] == [3, 0]
        gradings = ledger._connection.execute("SELECT count(*), max(grading) FROM grades").fetchone()
    assert gradings == (4, 1)  # none by the broken specification again


def test_a_format_for_a_platform_names_it(course: Path, grade: Grade) -> None:
    done = grade("77", "--app", "class/ada/app.py", "--to", "gradescope:gs.json", cwd=course)
    assert done.code == 3
    text = json.loads((course / "gs.json").read_text("utf-8"))["output"]
    assert WHAT in text
    assert "the author of the kata has to correct this check first" in text
