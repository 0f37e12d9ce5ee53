"""A workspace for Codespaces and VS Code opens ready to grade, and its task finds failed checks in the output."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from grader.handout.pack import Audience
from tests.handout.machines import Machine
from tests.handout.packs import make_secret_kata, pack
from tests.small_kata import NAME, NO_TYPE, write

if TYPE_CHECKING:
    from tests.conftest import Grade

FILE = "course_container-1.0-py3-none-any.whl"


def test_the_container_grades_and_the_task_finds_failed_checks(machine: Machine, tmp_path: Path, grade: Grade) -> None:
    kata = make_secret_kata(tmp_path / "course")
    (tmp_path / FILE).write_bytes(pack(kata, Audience.LEARNERS, FILE).content)
    made = grade("init", "work", "--katas", "course/katas", "--devcontainer", "--pack", FILE, cwd=tmp_path)
    assert (made.code, made.err) == (0, "")
    work = tmp_path / "work"
    assert not (work / "stream-katas.toml").exists()  # it would name a folder that the container does not have
    container = json.loads((work / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    installed = machine.run("sh", "-c", container["postCreateCommand"], cwd=work)
    assert (installed.returncode, installed.stderr) == (0, "")
    task = json.loads((work / ".vscode" / "tasks.json").read_text("utf-8"))["tasks"][0]
    assert task["options"]["cwd"] == "${fileDirname}"
    write(work / NAME / "app.py", NO_TYPE)
    done = machine.run(task["command"], *task["args"], cwd=work / NAME)
    assert (done.returncode, done.stderr) == (1, "")
    pattern = task["problemMatcher"]["pattern"]
    (found,) = [found for line in done.stdout.splitlines() if (found := re.match(pattern["regexp"], line))]
    parts = [found[pattern[name]] for name in ("file", "line", "severity")]
    assert parts == ["app.py", "1", "error"]
    assert found[pattern["message"]].startswith("the answer is JSON: ")


def test_katas_that_the_container_does_not_have_need_a_pack(tmp_path: Path, grade: Grade) -> None:
    make_secret_kata(tmp_path)
    done = grade("init", "work", "--devcontainer", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("grade: kata-77 comes from a folder, which the container does not have: name the")
    assert not (tmp_path / "work").exists()
    assert grade("init", "work", "--pack", FILE, cwd=tmp_path).err == "grade: --pack: only --devcontainer needs it.\n"
    gone = grade("init", "work", "--devcontainer", "--pack", "gone.whl", cwd=tmp_path)
    assert gone.err == "grade: --pack: gone.whl cannot be read: No such file or directory.\n"
