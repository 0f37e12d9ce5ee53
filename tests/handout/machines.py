"""A machine with Python and the libraries, and nothing of the grader's: an environment of links to this one's files."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import venv
from importlib.metadata import distribution
from pathlib import Path

from grader.handout.own import constraints
from tests.conftest import DEADLINE


class Machine:
    """Runs commands of a recipe. ``bin`` comes first in its PATH; what needs a system's rights is a fake there."""

    def __init__(self, folder: Path) -> None:
        venv.EnvBuilder(symlinks=True, with_pip=False).create(folder / "python")
        self.home = folder / "python"
        self.bin = self.home / "bin"
        (library,) = self.home.glob("lib/python*/site-packages")
        for name in [*re.findall(r"^(\S+)==", constraints(), re.MULTILINE), "pip"]:
            _link(name, library)
        for name in ("sudo", "apt-get"):
            fake = self.bin / name
            fake.write_text(f'#!/bin/sh\necho "$0 $*" >> {folder}/asked\n', "utf-8")
            fake.chmod(0o755)
        self.asked = folder / "asked"

    def run(self, *command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        path = f"{self.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        given = {**kept, "PATH": path, "PIP_NO_INDEX": "1", "PIP_NO_COMPILE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            command, cwd=cwd, env={**given, **variables}, capture_output=True, text=True, timeout=DEADLINE, check=False
        )


def _link(name: str, library: Path) -> None:
    found = distribution(name)
    for file in found.files or ():
        target = library / file
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            _linked(Path(str(found.locate_file(file))), target)


def _linked(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def is_program(file: Path) -> bool:
    return bool(file.stat().st_mode & stat.S_IXUSR)
