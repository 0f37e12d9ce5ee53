"""A workspace for Codespaces and VS Code opens ready to grade, and its task finds failed checks in the output."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from grader.catalog.kata import read_kata
from grader.handout.pack import Audience
from grader.handout.wheel import Label, wheel
from tests.handout.machines import Machine
from tests.handout.packs import make_secret_kata, pack
from tests.small_kata import NAME, NO_TYPE, make_kata, write

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


def test_only_a_learners_pack_with_the_katas_goes_to_students(tmp_path: Path, grade: Grade) -> None:
    kata = make_secret_kata(tmp_path / "course")
    other = read_kata(make_kata(tmp_path / "others", "kata-78-other"))
    packs = {
        "whole.whl": pack(kata, Audience.GRADERS, FILE).content,
        "bare.whl": pack(kata, Audience.GRADERS, FILE, solutions=False).content,
        "other.whl": pack(other, Audience.LEARNERS, FILE).content,
        "text.whl": b"no wheel",
        "empty.whl": wheel(Label("none", "1.0"), "", {}, {}),
    }
    for name, content in packs.items():
        (tmp_path / name).write_bytes(content)
    for name, words in {
        "whole.whl": "students can read these files: take a pack that was made with --for learners",
        "bare.whl": "students can read these files: take a pack that was made with --for learners",
        "other.whl": f"{NAME} is not in it",
        "text.whl": "this is not a wheel; `grade pack` makes one",
        "empty.whl": "no kata is in it; `grade pack` makes packs of katas",
    }.items():
        done = grade("init", "work", "--katas", "course/katas", "--devcontainer", "--pack", name, cwd=tmp_path)
        assert (done.code, done.err) == (2, f"grade: --pack: {words}.\n")
    assert not (tmp_path / "work").exists()


def test_a_pack_whose_katas_are_not_here_is_a_slip(tmp_path: Path, grade: Grade) -> None:
    """Without its katas the workspace would hold the bundled ones."""
    kata = make_secret_kata(tmp_path / "course")
    (tmp_path / FILE).write_bytes(pack(kata, Audience.LEARNERS, FILE).content)
    done = grade("init", "work", "--devcontainer", "--pack", FILE, cwd=tmp_path)
    assert done.code == 2
    assert done.err.startswith(
        f"grade: --pack: {FILE} holds none of the katas of this workspace. Run the command where"
    )
    assert not (tmp_path / "work").exists()
