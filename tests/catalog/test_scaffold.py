"""A new kata is sound and fair from the start, and names all that its author has to write."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import read_kata
from grader.catalog.lookup import find
from grader.catalog.scaffold import MARK, new, unfilled
from grader.catalog.setting import SETTING
from grader.errors import UsageError
from tests.conftest import ROOT, environment

if TYPE_CHECKING:
    from tests.conftest import Grade

NAME = "kata-77-some-words"


def test_only_the_marks_keep_it_from_being_proven(tmp_path: Path, grade: Grade) -> None:
    made = grade("new", NAME, cwd=tmp_path)
    assert made.code == 0
    assert "grade verify kata-77" in made.out
    assert len(list(unfilled(read_kata(tmp_path / "katas" / NAME)))) == 10
    for file in tmp_path.rglob("*"):
        if file.is_file():
            file.write_text(file.read_text("utf-8").replace(MARK, ""), "utf-8")
    done = grade("verify", "kata-77", cwd=tmp_path)
    assert done.code == 0, done.out
    assert "4 clauses, 7 sentences\n" in done.out


def test_the_next_command_has_the_number_as_commands_take_it(tmp_path: Path, grade: Grade) -> None:
    made = grade("new", "kata-077-some-words", cwd=tmp_path)
    assert "Next: run `grade verify kata-77` in" in " ".join(made.out.split())
    assert grade("explain", "kata-77", cwd=tmp_path).code == 0


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


def test_a_new_kata_can_be_named_at_once(tmp_path: Path, grade: Grade) -> None:
    assert grade("new", NAME, "--in", "course", cwd=tmp_path).code == 0
    kata = find("kata-77", tmp_path / "course")
    assert kata == read_kata(tmp_path / "course" / "katas" / NAME)
    assert (tmp_path / "course" / SETTING).read_text("utf-8").endswith('katas = ["katas"]\n')


@pytest.mark.parametrize("place", [".", ".."])
def test_a_setting_that_names_the_katas_stays_as_it_is(place: str, tmp_path: Path) -> None:
    root = tmp_path / "course"
    root.mkdir()
    names = '["katas"]' if place == "." else '["course/katas"]'
    text = f"katas = {names}  # mine"
    (root / place / SETTING).write_text(text, "utf-8")
    new(NAME, root)
    assert find("kata-77", root).name == NAME
    assert (root / place / SETTING).read_text("utf-8") == text
    assert len(list(tmp_path.rglob(SETTING))) == 1


def test_a_setting_that_names_others_is_for_its_author_to_change(tmp_path: Path) -> None:
    (tmp_path / SETTING).write_text("katas = []", "utf-8")
    with pytest.raises(UsageError, match=rf'{SETTING} does not name these katas: add "katas" to its list katas\.$'):
        new(NAME, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [SETTING]


def test_in_a_checkout_a_new_kata_is_a_bundled_one(tmp_path: Path) -> None:
    """The grader of a checkout has the checkout's katas; there a setting would say nothing new."""
    shutil.copytree(ROOT / "grader", tmp_path / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "katas").mkdir()
    command = [sys.executable, "-m", "grader"]
    for words in (["new", NAME], ["explain", "kata-77"]):
        done = subprocess.run([*command, *words], cwd=tmp_path, env=environment(PYTHONPATH=str(tmp_path)), check=True)
        assert done.returncode == 0
    assert not (tmp_path / SETTING).exists()


def test_a_number_that_is_taken_beside_it_is_refused_without_a_setting_too(tmp_path: Path) -> None:
    new(NAME, tmp_path)
    (tmp_path / SETTING).unlink()
    with pytest.raises(UsageError, match="There is a kata 77 already"):
        new("kata-77-other", tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kata-1-another", "There is a kata 1 already, kata-1-dual-mode-endpoint; take another number."),
        ("progress", "write one like kata-12-some-words"),
        ("kata-77-Some-Words", "write one like kata-12-some-words"),
        ("../kata-77-up", "write one like kata-12-some-words"),
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
