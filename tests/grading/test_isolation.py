"""Neither a caller's settings nor what a specification leaves behind gets to the other side."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from grader.grading.isolation import isolated
from tests.conftest import ROOT


def test_settings_of_pytest_are_away_meanwhile_and_back_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)
    with isolated(tmp_path):
        assert "PYTEST_ADDOPTS" not in os.environ
        assert os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    assert os.environ["PYTEST_ADDOPTS"] == "-k nothing"
    assert "PYTEST_DISABLE_PLUGIN_AUTOLOAD" not in os.environ


def test_modules_of_the_folder_are_forgotten_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, folder in (("test_inside", tmp_path), ("test_outside", tmp_path.parent)):
        module = ModuleType(name)
        module.__file__ = str(folder / f"{name}.py")
        monkeypatch.setitem(sys.modules, name, module)
    with isolated(tmp_path):
        pass
    assert "test_inside" not in sys.modules
    assert "test_outside" in sys.modules


PRINTING = """if True:
    import os, subprocess, sys
    from pathlib import Path
    from grader.grading.isolation import isolated
    print("before")
    with isolated(Path("/nowhere")):
        print("within")
        subprocess.run([sys.executable, "-c", "print('by a child')"])
    print("after")
"""


@pytest.mark.parametrize(
    ("closed", "out", "err"),
    [("", "before after", "by a child within"), ("2>&-", "before after", ""), (">&-", "", "")],
)
def test_standard_output_is_kept_free_whatever_is_closed(closed: str, out: str, err: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, PRINTING], cwd=ROOT, capture_output=True, text=True
    )
    assert " ".join(done.stdout.split()) == out
    assert " ".join(sorted(done.stderr.split("\n"))).strip() == err
