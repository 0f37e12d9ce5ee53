"""A new kata is sound and fair from the start, and names all that its author has to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import read_kata
from grader.catalog.scaffold import MARK, new, unfilled
from grader.errors import UsageError

if TYPE_CHECKING:
    from tests.conftest import Grade

NAME = "kata-77-some-words"


def test_only_the_marks_keep_it_from_being_proven(tmp_path: Path, grade: Grade) -> None:
    made = grade("new", NAME, cwd=tmp_path)
    assert made.code == 0
    assert "grade verify kata-77" in made.out
    assert len(list(unfilled(read_kata(tmp_path / "katas" / NAME)))) == 8
    for file in tmp_path.rglob("*"):
        if file.is_file():
            file.write_text(file.read_text("utf-8").replace(MARK, ""), "utf-8")
    done = grade("verify", "kata-77", cwd=tmp_path)
    assert done.code == 0, done.out


def test_each_mark_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    new(NAME, tmp_path)
    kata = read_kata(tmp_path / "katas" / NAME)
    kata.solutions.joinpath("app.py").write_text(f"# {MARK} more\n", "utf-8")
    found = list(unfilled(kata))
    assert "kata.toml:2: fill in what it teaches" in found
    assert "README.md:1: fill in the title again" in found
    assert "solutions: app.py:1: fill in more" in found


def test_the_number_stands_where_it_should(tmp_path: Path) -> None:
    new(NAME, tmp_path)
    assert (tmp_path / "katas" / NAME / "README.md").read_text("utf-8").startswith("# Kata 77:")
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and "@NUMBER@" in file.read_text("utf-8")]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kata-1-another", "There is a kata 1 already, kata-1-dual-mode-endpoint; take another number."),
        ("progress", "it is like kata-12-some-words"),
        ("kata-77-Some-Words", "it is like kata-12-some-words"),
        ("../kata-77-up", "it is like kata-12-some-words"),
    ],
)
def test_a_name_that_will_not_do_is_refused(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        new(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "solutions" / NAME).mkdir(parents=True)
    with pytest.raises(UsageError, match="is there already; nothing was written"):
        new(NAME, tmp_path)
    assert not (tmp_path / "katas").exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "katas").write_text("a file", "utf-8")
    with pytest.raises(UsageError, match="cannot be written"):
        new(NAME, tmp_path)
