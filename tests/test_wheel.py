"""`pip install .` gives a `grade` that works outside the checkout: katas travel inside the wheel."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder

from grader import __version__
from grader.catalog.packs import GET_SOLUTIONS, bundled
from grader.serving.jail.plan import Tier
from tests.conftest import DEADLINE, ROOT, environment
from tests.serving.jail import offers


def run(*command: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=DEADLINE, check=False
    )


def build(folder: Path, *projects: Path) -> list[Path]:
    """The wheels of these projects, in their order."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    done = run(*pip, *map(str, projects), cwd=folder)
    assert done.returncode == 0, done.stderr
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The two distributions of this repository: the learner's, and that of the solutions."""
    return build(tmp_path_factory.mktemp("wheels"), ROOT, ROOT / "solutions")


@pytest.fixture(scope="module")
def installed(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What learners install, and what a grading machine has."""
    folder = tmp_path_factory.mktemp("installed") / "site-packages"
    zipfile.ZipFile(wheels[0]).extractall(folder)
    return folder


@pytest.fixture(scope="module")
def solutions(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("solutions")
    zipfile.ZipFile(wheels[1]).extractall(folder)
    return folder


def secret_texts() -> list[bytes]:
    """Every solution, variant and wrong app."""
    return [file.read_bytes() for kata in bundled() for file in kata.solutions.rglob("*.py")]


def test_the_wheel_holds_katas_and_schemas(wheels: list[Path]) -> None:
    names = set(zipfile.ZipFile(wheels[0]).namelist())
    assert {"grader/catalog/kata.schema.json", "grader/report/report.schema.json", "grader/py.typed"} <= names
    template = [file.relative_to(ROOT) for file in (ROOT / "grader" / "catalog" / "template").rglob("*.*")]
    assert {str(file) for file in template if file.suffix != ".pyc"} <= names
    assert "stream_katas.py" in names
    for kata in bundled():
        inside = f"grader/_bundle/katas/{kata.name}/"
        assert {f"{inside}{part}" for part in ("README.md", "app.py", "kata.toml")} <= names
        assert {f"{inside}spec/{file.name}" for file in kata.specification.glob("*.*")} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]


def test_no_distribution_of_learners_holds_a_solution_or_a_wrong_app(wheels: list[Path]) -> None:
    secrets = secret_texts()
    assert len(secrets) > 200
    with zipfile.ZipFile(wheels[0]) as archive:
        assert [name for name in archive.namelist() if archive.read(name) in secrets] == []
    packed = [Path(file.path) for file in SdistBuilder(str(ROOT)).recurse_included_files()]
    assert ROOT / "stream_katas.py" in packed
    assert [file for file in packed if file.read_bytes() in secrets or "tests" in file.parts] == []


def test_the_solutions_are_a_distribution_of_their_own(wheels: list[Path], solutions: Path) -> None:
    assert wheels[1].name == f"stream_katas_solutions-{__version__}-py3-none-any.whl"
    for kata in bundled():
        packed = {
            file.relative_to(solutions / "stream_katas_solutions" / kata.name)
            for file in (solutions / "stream_katas_solutions" / kata.name).rglob("*.*")
        }
        assert packed == {
            file.relative_to(kata.solutions) for file in kata.solutions.rglob("*.*") if file.suffix != ".pyc"
        }


def test_without_the_solutions_the_commands_that_need_them_say_how_to_get_them(installed: Path, tmp_path: Path) -> None:
    python = [sys.executable, "-m", "grader"]
    shown = run(*python, "solution", "kata-1", "--force", cwd=tmp_path, PYTHONPATH=str(installed))
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr == f"grade: kata-1 has no solution here; {GET_SOLUTIONS}.\n"
    proven = run(*python, "verify", cwd=tmp_path, PYTHONPATH=str(installed))
    assert (proven.returncode, proven.stdout) == (3, "")
    assert proven.stderr == f"grade: the bundled katas cannot be proven here; {GET_SOLUTIONS}.\n"
    assert (ROOT / "solutions" / "pyproject.toml").is_file()  # which `pip install ./solutions` installs


def test_with_the_solutions_they_are_shown(installed: Path, solutions: Path, tmp_path: Path) -> None:
    path = os.pathsep.join([str(installed), str(solutions)])
    done = run(sys.executable, "-m", "grader", "solution", "kata-1", "--force", cwd=tmp_path, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    assert bundled()[0].solutions.joinpath("app.py").read_text("utf-8").splitlines()[-1] in done.stdout


def test_the_installed_command_grades_in_a_workspace(installed: Path, tmp_path: Path) -> None:
    python = [sys.executable, "-m", "grader"]
    path = str(installed)
    assert run(*python, "init", "katas-of-mine", cwd=tmp_path, PYTHONPATH=path).returncode == 0
    workspace = tmp_path / "katas-of-mine"
    assert not list(workspace.rglob("test_*.py"))
    kata = bundled()[0]
    workspace.joinpath(kata.name, "app.py").write_text((kata.solutions / "app.py").read_text("utf-8"), "utf-8")
    done = run(*python, kata.id, "--json", "-", cwd=workspace, PYTHONPATH=path)
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["points"] == report["possible"] > 0
    assert report["app"] == f"{kata.name}/app.py"
    assert report["origin"] == dataclasses.asdict(kata.origin)


WORKERS = """
    import multiprocessing, subprocess, sys
    from concurrent.futures import ProcessPoolExecutor
    from pathlib import Path
    import grader.kit
    if __name__ == "app":
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            assert pool.submit(abs, -1).result() == 1
        path = f"import sys; sys.path[:] = {sys.path}; import grader.kit"
        subprocess.run([sys.executable, "-c", path], check=True)
        for file in HIDDEN:
            try:
                print("read", Path(file).read_bytes())
            except OSError:
                pass
"""


@pytest.mark.parametrize("tier", [Tier.A, Tier.C, None], ids=str)
def test_new_interpreters_of_an_app_find_what_is_installed(tier: Tier | None, installed: Path, tmp_path: Path) -> None:
    """The specifications lie among the libraries then, and can be read all the same by no app."""
    offers.tier(tier or Tier.C)
    kata = bundled()[0]
    solution = (kata.solutions / "app.py").read_text("utf-8")
    file = tmp_path / "ada" / "app.py"
    file.parent.mkdir()
    hidden = [str(file) for file in installed.glob("grader/_bundle/*/*/*/*.py")]
    assert hidden
    file.write_text(f"{solution}\nHIDDEN = {hidden}\n{textwrap.dedent(WORKERS)}", "utf-8")
    options = [] if tier is None else ["--submission", "--jail", tier.value]
    command = [sys.executable, "-m", "grader", kata.id, "--app", str(file), *options, "--json", "-"]
    done = run(*command, cwd=tmp_path, PYTHONPATH=str(installed))
    report = json.loads(done.stdout)
    assert (report["boot_failure"], report["log"], report["points"]) == (None, "", report["possible"])


def test_the_installed_command_proves_a_new_kata(installed: Path, tmp_path: Path) -> None:
    """Away from a checkout, the new kata is found by its setting, and its solutions beside it."""
    python = [sys.executable, "-m", "grader"]
    assert run(*python, "new", "kata-77-words", cwd=tmp_path, PYTHONPATH=str(installed)).returncode == 0
    done = run(*python, "verify", "kata-77", cwd=tmp_path, PYTHONPATH=str(installed))
    assert done.returncode == 1
    assert "variant/sync_generator" in done.stdout
    assert [line for line in done.stdout.splitlines() if "problem" in line and "fill in" not in line] == []


def test_the_installed_command_hands_itself_out(wheels: list[Path], installed: Path, tmp_path: Path) -> None:
    """All that the distribution holds, and nothing else, away from a checkout."""
    done = run(sys.executable, "-m", "grader", "ci", "gitlab", "out", cwd=tmp_path, PYTHONPATH=str(installed))
    assert done.returncode == 0, done.stderr
    (made,) = tmp_path.rglob("*.whl")
    assert made.name == wheels[0].name

    def content(file: Path) -> dict[str, bytes]:
        with zipfile.ZipFile(file) as archive:
            return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}

    assert content(made) == content(wheels[0])
