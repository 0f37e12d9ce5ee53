"""Variables that a workspace's setting passes to its apps, and never to an app that somebody else has written."""

from __future__ import annotations

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
