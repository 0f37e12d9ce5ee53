"""The README's first commands, as they stand, where only the system's own Python is: `make fresh` runs this.

It installs from a package index, and so is not in `make test`.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import DEADLINE, ROOT

pytestmark = pytest.mark.long
SYSTEM = Path("/usr/bin/python3")
MARKERS = list(Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED"))
README = (ROOT / "README.md").read_text("utf-8")
#: What a package index behind a proxy or a mirror needs.
OF_THE_INDEX = ("PIP_", "SSL_", "HTTP_", "HTTPS_", "NO_PROXY", "http_", "https_", "no_proxy")


def commands() -> list[str]:
    """The first two blocks of commands under "Learn": those that install, and those of a first grade."""
    blocks = re.findall(r"```console\n(.*?)```", README.partition("\n## Learn\n")[2], re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks[:2] for line in block.splitlines()]


def test_the_set_up_is_two_commands() -> None:
    assert commands() == [
        "python3 -m venv .venv && . .venv/bin/activate",
        "pip install .",
        "grade init my-katas",
        "cd my-katas",
        "grade",
    ]


@pytest.mark.skipif(not (SYSTEM.exists() and MARKERS), reason="the system's Python may be changed by pip here")
def test_from_a_copy_of_the_repository_to_the_first_grade_with_the_systems_python(tmp_path: Path) -> None:
    home, copy = tmp_path / "home", tmp_path / "stream-katas"
    home.mkdir()
    copy.mkdir()
    packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "x", "-C", str(copy)], input=packed, check=True)
    kept = {name: value for name, value in os.environ.items() if name.startswith(OF_THE_INDEX)}
    clean = {"HOME": str(home), "PATH": "/usr/bin:/bin", "COLUMNS": "80", **kept}

    def sh(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", script], cwd=copy, env=clean, capture_output=True, text=True, timeout=DEADLINE
        )

    assert "externally-managed-environment" in sh("python3 -m pip install .").stderr
    *before, last = commands()
    done = sh(" && ".join([*before, f"{last}; python -m grader --version"]))
    assert "0 of 54 points" in done.stdout, done.stderr
    assert "Next: fix “without `stream`, all chunks come in order in one JSON document”." in done.stdout
    assert done.stdout.splitlines()[-1].startswith("grade, version ")
