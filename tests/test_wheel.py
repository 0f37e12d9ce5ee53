"""`pip install .` gives a `grade` that works outside the checkout: katas travel inside the wheel."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader import __version__
from grader.catalog.packs import bundled
from tests.conftest import DEADLINE, ROOT, environment


def run(*command: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=DEADLINE, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    done = run(*build, str(ROOT), cwd=folder)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_the_wheel_holds_katas_solutions_and_schemas(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"grader/catalog/kata.schema.json", "grader/report/report.schema.json", "grader/py.typed"} <= names
    template = [file.relative_to(ROOT) for file in (ROOT / "grader" / "catalog" / "template").rglob("*.*")]
    assert {str(file) for file in template if file.suffix != ".pyc"} <= names
    assert "stream_katas.py" in names
    for kata in bundled():
        inside = f"grader/_bundle/katas/{kata.name}/"
        assert {f"{inside}{part}" for part in ("README.md", "app.py", "kata.toml")} <= names
        assert {f"{inside}spec/{file.name}" for file in kata.specification.glob("*.*")} <= names
        assert f"grader/_bundle/solutions/{kata.name}/app.py" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]


def test_the_installed_command_grades_in_a_workspace(installed: Path, tmp_path: Path) -> None:
    python = [sys.executable, "-m", "grader"]
    path = str(installed)
    assert run(*python, "init", "katas-of-mine", cwd=tmp_path, PYTHONPATH=path).returncode == 0
    workspace = tmp_path / "katas-of-mine"
    assert not list(workspace.rglob("test_*.py"))
    kata = bundled()[0]
    solution = installed / "grader/_bundle/solutions" / kata.name / "app.py"
    workspace.joinpath(kata.name, "app.py").write_text(solution.read_text("utf-8"), "utf-8")
    done = run(*python, kata.id, "--json", "-", cwd=workspace, PYTHONPATH=path)
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["points"] == report["possible"] > 0
    assert report["app"] == f"{kata.name}/app.py"
    assert report["origin"] == {"pack": "bundled", "location": __version__, "digest": kata.origin.digest}


def test_the_installed_command_proves_a_new_kata(installed: Path, tmp_path: Path) -> None:
    """Away from a checkout, the new kata is found by its setting, and its solutions beside it."""
    python = [sys.executable, "-m", "grader"]
    assert run(*python, "new", "kata-77-words", cwd=tmp_path, PYTHONPATH=str(installed)).returncode == 0
    done = run(*python, "verify", "kata-77", cwd=tmp_path, PYTHONPATH=str(installed))
    assert done.returncode == 1
    assert "variant/sync_generator" in done.stdout
    assert [line for line in done.stdout.splitlines() if "problem" in line and "fill in" not in line] == []
