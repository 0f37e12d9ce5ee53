"""Variables that a workspace's setting passes to its apps, and never to an app that somebody else has written."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.setting import SETTING
from tests.small_kata import NAME, SOLUTION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

NEEDY = f"import os\nassert os.environ['STUDY_KEY'] == 'sk-very-secret'\n{textwrap.dedent(SOLUTION)}"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose app needs a variable of the shell."""
    make_kata(tmp_path)
    write(tmp_path / SETTING, 'katas = ["katas"]\nenvironment = ["STUDY_KEY", "NOT_SET_ANYWHERE"]')
    write(tmp_path / "work" / NAME / "app.py", NEEDY)
    monkeypatch.setenv("STUDY_KEY", "sk-very-secret")
    return tmp_path / "work"


def test_the_apps_of_a_workspace_get_the_variables_of_its_setting(workspace: Path, grade: Grade) -> None:
    done = grade("77", cwd=workspace, json_report=True)
    assert (done.code, done.err) == (0, "")
    assert "sk-very-secret" not in done.out + repr(done.report)


def test_an_option_wins_over_the_setting(workspace: Path, grade: Grade) -> None:
    assert grade("77", "--env", "STUDY_KEY=other", cwd=workspace).code == 1


@pytest.mark.parametrize("options", [(), ("--katas", "../katas")], ids=["app", "app and katas"])
def test_an_app_that_is_named_gets_none(options: tuple[str, ...], workspace: Path, grade: Grade) -> None:
    """Not even from the caller's own folder, in which a submission may have been unpacked."""
    done = grade("77", "--app", str(Path(NAME, "app.py")), *options, cwd=workspace)
    assert done.code == 1
    assert "needs the environment variable STUDY_KEY" in " ".join(done.out.split())


def test_a_command_without_settings_gets_none(workspace: Path, grade: Grade) -> None:
    done = grade("77", "--katas", "../katas", cwd=workspace)
    assert "needs the environment variable STUDY_KEY" in " ".join(done.out.split())


def test_a_setting_beside_the_app_does_not_count_elsewhere(workspace: Path, grade: Grade) -> None:
    write(workspace.parent / SETTING, 'katas = ["katas"]')
    write(workspace / NAME / SETTING, 'environment = ["STUDY_KEY"]')
    assert "needs the environment variable STUDY_KEY" in " ".join(grade("77", cwd=workspace).out.split())


@pytest.fixture
def with_file(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose app gets its variable from a file, and not from the shell."""
    monkeypatch.delenv("STUDY_KEY")
    write(workspace.parent / SETTING, 'katas = ["katas"]\nenvironment-file = "keys/study.env"')
    write(workspace.parent / "keys" / "study.env", "# for all katas\nexport STUDY_KEY='sk-very-secret'")
    return workspace


@pytest.mark.parametrize("folder", [".", NAME], ids=["workspace", "kata"])
def test_the_apps_of_a_workspace_get_the_variables_of_its_file(folder: str, with_file: Path, grade: Grade) -> None:
    """Its path begins at the setting's folder, and not where the command runs."""
    done = grade("77", cwd=with_file / folder, json_report=True)
    assert (done.code, done.err) == (0, "")
    assert "sk-very-secret" not in done.out + repr(done.report)


def test_the_shell_and_a_nearer_setting_win_over_the_file(
    with_file: Path, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(with_file.parent / "keys" / "study.env", "STUDY_KEY=far")
    write(with_file / ".env", "STUDY_KEY=near")
    write(with_file / SETTING, 'environment-file = ".env"')
    assert grade("77", cwd=with_file).code == 1, "neither is right"
    write(with_file / ".env", "STUDY_KEY=sk-very-secret")
    assert grade("77", cwd=with_file).code == 0, "the nearer file"
    write(with_file / ".env", "STUDY_KEY=near")
    write(with_file / SETTING, 'environment-file = ".env"\nenvironment = ["STUDY_KEY"]')
    monkeypatch.setenv("STUDY_KEY", "sk-very-secret")
    assert grade("77", cwd=with_file).code == 0, "the shell"
    assert grade("77", "--env", "STUDY_KEY=other", cwd=with_file).code == 1, "the option"


def test_a_file_that_does_not_exist_is_left_out(with_file: Path, grade: Grade) -> None:
    """As a variable that is not set: it is rarely in the repository."""
    (with_file.parent / "keys" / "study.env").unlink()
    done = grade("77", cwd=with_file)
    assert done.code == 1
    assert "needs the environment variable STUDY_KEY" in " ".join(done.out.split())


def test_a_file_with_a_fault_is_a_slip_that_names_setting_and_line(with_file: Path, grade: Grade) -> None:
    write(with_file.parent / "keys" / "study.env", "STUDY_KEY=1\nnonsense")
    done = grade("77", cwd=with_file)
    assert done.code == 2
    assert f"environment-file of {with_file.parent / SETTING}: line 2 of" in done.err.replace("\n", " ")


@pytest.mark.parametrize("kind", ["a named pipe", "a device"])
def test_what_is_no_file_is_a_slip(kind: str, with_file: Path, grade: Grade) -> None:
    """A submission's own setting may name it, where that is graded in its folder."""
    named = with_file.parent / "keys" / "study.env"
    named.unlink()
    os.mkfifo(named) if kind == "a named pipe" else named.symlink_to("/dev/zero")
    done = grade("77", cwd=with_file)
    assert done.code == 2
    assert "cannot be read: not a file." in done.err.replace("\n", " ")


@pytest.mark.parametrize("options", [("--app", f"{NAME}/app.py"), ("--katas", "../katas")], ids=["app", "katas"])
def test_an_app_or_katas_that_are_named_get_nothing_of_the_file(
    options: tuple[str, ...], with_file: Path, grade: Grade
) -> None:
    done = grade("77", *options, cwd=with_file)
    assert "needs the environment variable STUDY_KEY" in " ".join(done.out.split())
