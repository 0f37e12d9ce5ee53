"""A command without a kata, with another name for it, or with a word that is nearly right does what is meant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from grader.cli.main import cli
from tests.conftest import DEADLINE, Grade, environment
from tests.small_kata import NAME, NO_ITEMS, SOLUTION, make_kata, write

OTHER = "kata-78-other-echo"


@pytest.fixture
def workspace(tmp_path: Path, grade: Grade) -> Path:
    """A workspace with two katas; the first is solved, the second is not."""
    make_kata(tmp_path)
    make_kata(tmp_path, OTHER)
    folder = tmp_path / "mine"
    assert grade("init", str(folder), "77", "78", cwd=tmp_path).code == 0
    write(folder / NAME / "app.py", SOLUTION)
    write(folder / OTHER / "app.py", NO_ITEMS)
    return folder


def first_line(done: object) -> str:
    return str(getattr(done, "out", "")).partition("\n")[0]


def test_without_a_name_it_is_the_kata_of_the_folder_or_the_next_one(workspace: Path, grade: Grade) -> None:
    assert first_line(grade(cwd=workspace)).startswith("Kata 77: ")
    done = grade("next", cwd=workspace)
    assert done.out.splitlines()[0] == "kata-78: Small echo (3 points)"
    assert done.out.splitlines()[1] == f"Read {OTHER}/README.md, then run `grade kata-78`."
    assert "\nkata-78 (next) " in grade("list", cwd=workspace).out
    assert first_line(grade(cwd=workspace)).startswith("Kata 78: ")
    assert first_line(grade(cwd=workspace / NAME)).startswith("Kata 77: ")
    assert "the answer is all" in grade("hint", cwd=workspace).out


def test_other_commands_without_a_name_take_the_same_kata(workspace: Path, grade: Grade) -> None:
    grade("77", cwd=workspace)
    assert first_line(grade("explain", cwd=workspace)).startswith("kata-78: ")
    assert first_line(grade("explain", cwd=workspace / NAME)).startswith("kata-77: ")
    assert "async def app" in grade("solution", cwd=workspace / NAME).out
    assert grade("reset", cwd=workspace / NAME).code == 0
    assert (workspace / NAME / "app.mine-1.py").exists()
    assert not (workspace / OTHER / "app.mine-1.py").exists()


def test_full_marks_name_the_next_kata(workspace: Path, grade: Grade) -> None:
    done = grade("77", cwd=workspace)
    assert done.out.splitlines()[-1] == (
        f"Next kata: kata-78, Small echo. Read {OTHER}/README.md, then run `grade kata-78`."
    )
    write(workspace / OTHER / "app.py", SOLUTION)
    assert grade("78", cwd=workspace).out.splitlines()[-1] == "You have full marks in every kata here."
    assert grade("next", cwd=workspace).out == "You have full marks in every kata here.\n"


@pytest.mark.parametrize("words", [["all"], ["."]])
def test_all_katas_are_graded_at_once(words: list[str], workspace: Path, grade: Grade) -> None:
    done = grade(*words, cwd=workspace)
    one, other, *_ = done.out.splitlines()
    assert done.code == 1
    assert one.split() == ["kata-77", "3/3", "all", "checks", "passed"]
    assert other.startswith("kata-78  1/3  all_items: ")
    assert "78" in grade("next", cwd=workspace).out


@pytest.mark.parametrize(
    "words", ["Kata-77", "077", "KATA-077", f"{NAME}/app.py", "check 77", "test kata-77", "run 77", "rnu 77"]
)
def test_a_kata_has_many_names(words: str, workspace: Path, grade: Grade) -> None:
    assert first_line(grade(*words.split(), cwd=workspace)).startswith("Kata 77: ")


def test_another_module_in_a_katas_folder_is_named_as_such(workspace: Path, grade: Grade) -> None:
    write(workspace / NAME / "mine.py", SOLUTION)
    done = grade(f"{NAME}/mine.py", cwd=workspace)
    assert (done.code, done.err) == (
        2,
        f"grade: {NAME}/mine.py is not app.py. To grade it: grade kata-77 --app {NAME}/mine.py\n",
    )


def test_a_misspelt_command_is_taken_for_the_one_it_is_like(workspace: Path, grade: Grade) -> None:
    grade("78", cwd=workspace)
    done = grade("hnit", "78", cwd=workspace)
    assert done.err == "grade: 'hnit' is taken for 'hint'.\n"
    assert "Your server must show that" in done.out


def test_no_misspelt_word_is_taken_for_a_command_that_writes(workspace: Path, grade: Grade) -> None:
    done = grade("rest", "77", cwd=workspace)
    assert (done.code, done.out) == (2, "")
    assert "Did you mean 'reset'?" in done.err


def test_help_is_a_command(workspace: Path, grade: Grade) -> None:
    assert grade("help", cwd=workspace).out == grade("--help", cwd=workspace).out
    assert grade("help", "test", cwd=workspace).out == grade("run", "--help", cwd=workspace).out


def test_a_workspace_is_not_made_in_a_katas_folder(workspace: Path, grade: Grade) -> None:
    done = grade("init", ".", cwd=workspace / NAME)
    assert done.code == 2
    assert done.err == f"grade: . is in the folder of a kata, {NAME}. Go to the folder above it first.\n"


def test_a_reader_that_has_seen_enough_does_not_change_the_exit_code(workspace: Path) -> None:
    command = f"{sys.executable} -m grader 77 | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=workspace, env=environment(), capture_output=True, text=True, timeout=DEADLINE
    )
    assert (done.returncode, done.stdout.partition(":")[0], done.stderr) == (0, "Kata 77", "")


def test_a_trace_needs_no_kata(workspace: Path, grade: Grade) -> None:
    done = grade("trace", "/echo?key=empty", cwd=workspace / NAME)
    assert done.code == 0
    assert "GET /echo?key=empty" in done.out


def test_a_shell_completes_katas_and_checks(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    context = click.Context(cli)
    assert "kata-78" in [item.value for item in cli.shell_complete(context, "kata-7")]
    for command, name in (("run", "only"), ("hint", "name")):
        found = cli.get_command(context, command)
        assert found is not None
        option = next(option for option in found.params if option.name == name)
        inner = click.Context(found)
        inner.params = {"kata": "77", "folders": ()}
        assert [item.value for item in option.shell_complete(inner, "all")] == ["all_items"]
