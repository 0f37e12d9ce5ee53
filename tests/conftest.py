"""What most tests need: the `grade` command in a process of its own, and proof that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent
DEADLINE = 300.0  # seconds; nothing here takes as long, whatever the machine does


@dataclass(frozen=True, slots=True)
class Graded:
    """How a run of `grade` ended. ``report`` is what --json wrote, or empty."""

    code: int
    out: str
    err: str
    report: dict[str, Any]

    def outcomes(self) -> dict[str, str]:
        return {check["id"]: check["outcome"] for check in self.report["checks"]}

    def seen(self, check: str) -> str:
        found = next(item for item in self.report["checks"] if item["id"] == check)
        return str(found["finding"]["seen"])


Grade = Callable[..., Graded]


def environment(**more: str) -> dict[str, str]:
    """An environment in which terminal reports come out plain and 80 columns wide."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    return kept | {"COLUMNS": "80", "PYTHONPATH": str(ROOT)} | more


def survivors(mark: str) -> list[str]:
    """The processes whose environment holds ``mark``."""
    found = []
    for process in psutil.process_iter():
        try:
            if mark in process.environ().values() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.fixture
def grade(tmp_path: Path) -> Grade:
    """Run ``grade ARGS`` and fail when any process of it survives."""

    def run(*args: str, json_report: bool = False, cwd: Path = ROOT, **more: str) -> Graded:
        mark = uuid.uuid4().hex
        file = tmp_path / f"report-{mark}.json"
        extra = ["--json", str(file)] if json_report else []
        done = subprocess.run(
            [sys.executable, "-m", "grader", *args, *extra],
            cwd=cwd,
            env=environment(LC_STREAM_KATAS_MARK=mark, **more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        assert survivors(mark) == []
        report = json.loads(file.read_text("utf-8")) if file.exists() else {}
        return Graded(done.returncode, done.stdout, done.stderr, report)

    return run
