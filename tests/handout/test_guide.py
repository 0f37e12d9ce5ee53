"""The commands of docs/classes.md on packs can be followed, in their order."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from grader.handout.ci import RECIPES
from tests.conftest import ROOT
from tests.handout.packs import install

if TYPE_CHECKING:
    from tests.conftest import Grade

GUIDE = (ROOT / "docs" / "classes.md").read_text("utf-8")


def commands_of(section: str) -> list[list[str]]:
    """The commands in the console blocks of a section."""
    text = re.split(r"^## ", GUIDE.partition(f"## {section}\n")[2], flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [shlex.split(line.removeprefix("$ ")) for block in blocks for line in block.splitlines()]


def test_a_kata_is_handed_out_as_the_guide_says(tmp_path: Path, grade: Grade) -> None:
    """A learner's machine has the pack, and not the folder that it was made of."""
    course, path = tmp_path / "course", str(ROOT)
    for command in [*commands_of("Begin"), *commands_of("Hand a kata out")]:
        match command:
            case ["cd", "course"]:
                assert course.is_dir()
            case ["pip", "install", grader, pack]:
                assert len(list((course / "tools").glob(grader))) == 1
                (file,) = (course / "learners").glob(pack)
                path = os.pathsep.join([str(ROOT), str(install(file.read_bytes(), tmp_path / "site"))])
            case ["grade", "new" | "init" as name, *words]:
                done = grade(name, *words, cwd=tmp_path, PYTHONPATH=path)
                assert (done.code, done.err) == (0, ""), command
            case ["grade", *words]:
                done = grade(*words, cwd=course)
                assert (done.code, done.err) == ("verify" in words, ""), command  # there is something to fill in
            case other:
                raise AssertionError(f"nobody knows how to follow {other}")
    assert (tmp_path / "my-katas" / "kata-12-running-total" / "app.py").is_file()
    assert len(list(tmp_path.rglob("my_course-1.0-py3-none-any.whl"))) == 2


def test_recipes_are_written_as_the_guide_says(tmp_path: Path, grade: Grade) -> None:
    for command, *words in commands_of("CI"):
        done = grade(*words, cwd=tmp_path)
        assert (command, done.code, done.err) == ("grade", 0, ""), words
    made = {path.name for path in tmp_path.iterdir()}
    assert {"kata-1-on-github", "kata-12-on-gradescope", "kata-1-to-start-from"} <= made


def test_the_guide_says_of_each_platform_what_its_jail_can() -> None:
    rows = {f"| `{platform.value}` |": found for platform, found in RECIPES.items()}
    for start, found in rows.items():
        (row,) = [line for line in GUIDE.splitlines() if line.startswith(start)]
        assert row.endswith(f" | {'learners' if found.is_read else 'graders'} | {found.jail} |")
