"""docs/classes.md: its commands run, in their order, and its class.toml is one."""

from __future__ import annotations

import re
import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from grader.catalog.packs import bundled
from grader.classes.model import Bounds
from grader.classes.setting import read_class
from tests.conftest import ROOT
from tests.serving.jail import offers

if TYPE_CHECKING:
    from tests.conftest import Grade

WHOLE = (ROOT / "docs/classes.md").read_text("utf-8")
TEXT = WHOLE.partition("\n## Grade a class")[2].partition("\n## CI\n")[0]  # tests/handout has the rest
COMMANDS = [line[2:] for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
KATA = bundled()[0]


def test_the_commands_run(tmp_path: Path, grade: Grade) -> None:
    offers.a_tier()
    (tmp_path / "submissions/ada").mkdir(parents=True)
    shutil.copy(KATA.stub, tmp_path / "submissions/ada/app.py")
    (tmp_path / "submissions/bea").mkdir()
    (tmp_path / "class.toml").write_text('roster = "roster.csv"\n', "utf-8")
    (tmp_path / "roster.csv").write_text("label,email\nada,ada@example.org\nbea,bea@example.org\n", "utf-8")
    for command in COMMANDS:
        done = grade(*shlex.split(command)[1:], cwd=tmp_path)
        assert (command, done.code) == (command, 0), done.err
    assert (tmp_path / "whole/ledger.sqlite").is_file()


def test_the_class_file_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    file = tmp_path / "class.toml"
    file.write_text(block, "utf-8")
    found = read_class(file)
    assert found.settings.deadline == datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
    assert (found.settings.bounds, found.katas) == (Bounds(), ("kata-1", "kata-2"))
