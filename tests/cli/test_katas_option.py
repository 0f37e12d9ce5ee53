"""``--katas DIR`` names a folder of katas for one command, from anywhere."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.setting import SETTING
from tests.small_kata import NAME, SOLUTION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

COMMANDS = ["run", "list", "explain", "watch", "trace", "hint", "reset", "solution", "init", "verify"]


@pytest.fixture
def katas(tmp_path: Path) -> Path:
    """A folder of katas that nothing names."""
    folder = make_kata(tmp_path / "course").parent
    (tmp_path / "course" / SETTING).unlink()
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_that_finds_katas_takes_it(command: str, grade: Grade) -> None:
    assert "--katas DIR" in grade(command, "--help").out


def test_a_kata_in_it_can_be_graded(katas: Path, tmp_path: Path, grade: Grade) -> None:
    write(tmp_path / "app.py", SOLUTION)
    words = ["kata-77", "--katas", "course/katas", "--app", "app.py"]
    done = grade(*words, json_report=True, cwd=tmp_path)
    assert done.code == 0, done.err
    assert shlex.split(done.report["command"]) == ["grade", *words]
    assert done.report["origin"]["location"] == f"course/katas/{NAME}"


def test_a_kata_in_it_can_be_listed_explained_and_proven(katas: Path, tmp_path: Path, grade: Grade) -> None:
    listed = grade("list", "--katas", str(katas), cwd=tmp_path)
    assert (listed.code, listed.err) == (0, "")
    assert "kata-77" in listed.out
    assert "from course/katas" in listed.out
    assert "kata-77: Small echo" in grade("explain", "kata-77", "--katas", str(katas), cwd=tmp_path).out
    assert grade("verify", "kata-77", "--katas", str(katas), cwd=tmp_path).code == 0


def test_a_workspace_made_of_it_needs_it_no_more(katas: Path, tmp_path: Path, grade: Grade) -> None:
    assert grade("init", "mine", "kata-77", "--katas", str(katas), cwd=tmp_path).code == 0
    done = grade("kata-77", json_report=True, cwd=tmp_path / "mine")
    assert (done.code, done.report["points"]) == (1, 0)
    assert "Your server must show that" in grade("hint", "kata-77", cwd=tmp_path / "mine").out
    assert grade("reset", "kata-77", cwd=tmp_path / "mine").code == 0


def test_a_folder_without_katas_is_a_slip(tmp_path: Path, grade: Grade) -> None:
    done = grade("kata-1", "--katas", "nowhere", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("nowhere does not hold katas (folders such as kata-12-some-words).\n")


def test_without_it_the_error_names_it(katas: Path, grade: Grade) -> None:
    done = grade("kata-77", cwd=katas.parent)
    assert done.code == 2
    assert f'add --katas {katas}, or write katas = ["katas"] into {katas.parent / SETTING}.' in done.err
