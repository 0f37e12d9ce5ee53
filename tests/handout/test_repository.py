"""A repository of katas proves them: its workflow runs, and its hook stops a commit that breaks a kata."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from grader.errors import UsageError
from grader.handout.layout import lay_out
from grader.handout.repository import repository
from tests.handout.machines import Machine
from tests.small_kata import NAME, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade


def test_a_new_kata_comes_with_its_repository(tmp_path: Path, grade: Grade) -> None:
    done = grade("new", "kata-78-words", "--repo", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "Its README.md says how to make a git repository of it" in done.out
    found = {path.name for path in tmp_path.iterdir()}
    assert found - {"stream-katas.toml"} == {
        *("katas", "solutions", "tools", "README.md", ".gitignore", ".githooks", ".github")
    }
    assert "grade pack kata-78 --for learners" in (tmp_path / "README.md").read_text("utf-8")


def test_whoever_follows_its_readme_has_a_repository_with_packs_that_git_ignores(tmp_path: Path, grade: Grade) -> None:
    make_kata(tmp_path)
    lay_out(tmp_path, repository(tmp_path, "kata-77"))
    lines = (tmp_path / "README.md").read_text("utf-8").splitlines()
    for line in (line.strip() for line in lines if line.startswith(("    git ", "    grade pack "))):
        program, *words = line.split()
        if program == "git":
            subprocess.run([program, *words, *["--quiet"] * (words == ["init"])], cwd=tmp_path, check=True)
        else:
            assert grade(*words, cwd=tmp_path).code == 0, line
    assert len(list(tmp_path.glob("*/my_course-1.0-py3-none-any.whl"))) == 2
    listed = ["git", "ls-files", "--others", "--exclude-standard", "*.whl"]
    done = subprocess.run(listed, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [line.rpartition("/")[0] for line in done.stdout.splitlines()] == ["tools"]


def test_its_workflow_proves_its_katas_and_no_others(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    machine = Machine(tmp_path_factory.mktemp("own-machine"))  # on the other one, tests have installed packs
    make_kata(tmp_path)
    lay_out(tmp_path, repository(tmp_path, "kata-77"))
    workflow = yaml.safe_load((tmp_path / ".github" / "workflows" / "verify.yml").read_text("utf-8"))
    commands = [step["run"] for step in workflow["jobs"]["verify"]["steps"] if "run" in step]
    for command in commands:
        done = machine.run("bash", "-e", "-c", f"{command} --once" if "verify" in command else command, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert commands[-1] == "grade verify"
    assert NAME in done.stdout
    assert "kata-1-" not in done.stdout


def test_its_hook_proves_what_a_commit_changes(tmp_path: Path) -> None:
    make_kata(tmp_path)
    make_kata(tmp_path, "kata-78-other")
    lay_out(tmp_path, repository(tmp_path, "kata-77"))
    fake = write(tmp_path / "bin" / "grade", '#!/bin/sh\necho "$*" >> asked\nexit "$CODE"\n')
    fake.chmod(0o755)

    others = [place for place in os.environ["PATH"].split(":") if not Path(place, "grade").exists()]

    def commit(*files: str, code: int = 0) -> tuple[int, list[str]]:
        (tmp_path / "asked").unlink(missing_ok=True)
        variables = {"PATH": ":".join([str(fake.parent), *others]), "CODE": str(code), "GIT_CONFIG_GLOBAL": os.devnull}
        git = ["git", "-c", "core.hooksPath=.githooks", "-c", "user.name=a", "-c", "user.email=a@example.org"]
        for words in (["add", "--all", *files], ["commit", "--quiet", "-m", "x"]):
            done = subprocess.run([*git, *words], cwd=tmp_path, env={**os.environ, **variables}, capture_output=True)
        asked = (tmp_path / "asked").read_text("utf-8").splitlines() if (tmp_path / "asked").exists() else []
        return done.returncode, asked

    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    fake.rename(away := fake.with_name("away"))
    assert commit("katas", "solutions") == (1, [])  # no environment was entered
    away.rename(fake)
    both = f"verify --once katas/{NAME} katas/kata-78-other"
    assert commit("katas", "solutions", code=1) == (1, [both])
    assert commit("katas", "solutions") == (0, [both])
    assert commit("README.md") == (0, [])
    write(tmp_path / "solutions" / NAME / "app.py", "# changed")
    assert commit("solutions") == (0, [f"verify --once katas/{NAME}"])
    for part in ("katas", "solutions"):
        (tmp_path / part / "kata-78-other").rename(tmp_path / f"gone-{part}")
    assert commit("katas", "solutions") == (0, [])


def test_what_is_there_already_is_kept(tmp_path: Path) -> None:
    readme = write(tmp_path / "README.md", "mine")
    with pytest.raises(UsageError, match=r"README\.md is there already, and nothing was written"):
        repository(tmp_path, "kata-77")
    assert [path.name for path in tmp_path.iterdir()] == [readme.name]


def test_a_second_kata_in_a_repository_is_not_half_made(tmp_path: Path, grade: Grade) -> None:
    assert grade("new", "kata-78-words", "--repo", "--in", "course", cwd=tmp_path).code == 0
    before = sorted(tmp_path.rglob("*"))
    done = grade("new", "kata-79-words", "--repo", "--in", "course", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "README.md is there already, and nothing was written: leave --repo out to add a kata to a" in done.err
    assert "--force" not in done.err
    assert sorted(tmp_path.rglob("*")) == before
    assert grade("new", "kata-79-words", "--in", "course", cwd=tmp_path).code == 0
    assert "is not a name for a kata" in grade("new", "words", "--repo", cwd=tmp_path).err


def test_its_readme_says_what_the_hook_refuses_at_first(tmp_path: Path, grade: Grade) -> None:
    grade("new", "kata-78-words", "--repo", cwd=tmp_path)
    proved = grade("verify", "--once", "kata-78", cwd=tmp_path)
    assert proved.code == 1  # there is something to fill in
    text = " ".join((tmp_path / "README.md").read_text("utf-8").split())
    assert "The hook refuses a kata in which something is still to be filled in, also the new one" in text
    assert "git commit --no-verify" in text
