"""What most tests need: the `grade` command in a process of its own, and proof that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import settings

from grader.serving.warm import IS_SUPPORTED
from tests.browsing import browser as browser
from tests.browsing import window as window
from tests.warm import WarmCommands

ROOT = Path(__file__).resolve().parent.parent
DEADLINE = 300.0  # seconds; nothing here takes as long, whatever the machine does

# Hypothesis's own limit for an example, 200 ms, says something of the machine, and nothing of what is tested.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# A shell's `&`, or nohup, has these ignored, which every process that a test starts would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


#: Folders and modules whose tests grade whole apps, classes or packs: a tenth of the tests, and most of the time. They
#: have the mark `whole`, and a target of their own.
WHOLE = (
    "attacks",
    "classes/test_cluster.py",
    "cli",
    "examples",
    "fairness",
    "handout",
    "hostile",
    "katas/test_hints.py",
    "katas/test_warm_and_cold.py",
    "learner/watch/test_page_in_browser.py",
    "learner/watch/test_watch.py",
    "pool/test_servers.py",
    "pool/test_warm_and_cold.py",
    "pool/test_worker.py",
    "report/test_page_in_browser.py",
    "test_authoring.py",
    "test_classes_doc.py",
    "test_trace.py",
    "test_wheel.py",
    "verify/mutation/test_mutant.py",
    "verify/test_audit.py",
    "verify/test_judging.py",
    "verify/test_survival.py",
)


@pytest.hookimpl(tryfirst=True)  # before -m deselects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        path = item.path.relative_to(ROOT / "tests").as_posix()
        if any(path == place or path.startswith(f"{place}/") for place in WHOLE):
            item.add_marker(pytest.mark.whole)


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
#: Called with arguments, a working directory and variables: exit code, standard output, standard error.
RunCommand = Callable[[Sequence[str], Path, Mapping[str, str]], tuple[int, str, str]]


def environment(**more: str) -> dict[str, str]:
    """An environment in which terminal reports come out plain and 80 columns wide."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    return kept | {"COLUMNS": "80", "PYTHONPATH": str(ROOT)} | more


def survivors(mark: str, *, within: float = 0) -> list[str]:
    """The processes whose environment holds ``mark``, and that do not end ``within`` so many seconds."""
    found = []
    for process in psutil.process_iter():
        try:
            if mark in process.environ().values() and process.status() != psutil.STATUS_ZOMBIE:
                found.append((process, " ".join(process.cmdline())))
        except psutil.Error:
            continue
    _, left = psutil.wait_procs([process for process, _ in found], timeout=within)
    return [command for process, command in found if process in left]


def run_cold(args: Sequence[str], cwd: Path, variables: Mapping[str, str]) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of `grade ARGS`; fails when any process of it survives."""
    mark = uuid.uuid4().hex
    done = subprocess.run(
        [sys.executable, "-m", "grader", *args],
        cwd=cwd,
        env=environment(LC_STREAM_KATAS_MARK=mark, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert survivors(mark) == []
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="session")
def warm_commands() -> Iterator[WarmCommands | None]:
    """None where processes cannot be forked."""
    if not IS_SUPPORTED:
        yield None
        return
    with WarmCommands(environment()) as found:
        yield found


@pytest.fixture
def run_command(request: pytest.FixtureRequest, warm_commands: WarmCommands | None) -> RunCommand:
    """How `grade` is run: cold, as people do it, for tests with the mark ``cold``."""
    if warm_commands is None or request.node.get_closest_marker("cold"):
        return run_cold

    def run_warm(args: Sequence[str], cwd: Path, variables: Mapping[str, str]) -> tuple[int, str, str]:
        if any(name.startswith("PYTHON") for name in variables):  # it is for the start of an interpreter
            return run_cold(args, cwd, variables)
        done = warm_commands.run(args, cwd, environment(**variables), seconds=DEADLINE)
        assert warm_commands.living() == []
        return done

    return run_warm


@pytest.fixture
def grade(tmp_path: Path, run_command: RunCommand) -> Grade:
    """Run ``grade ARGS`` and fail when any process of it survives."""

    def run(*args: str, json_report: bool = False, cwd: Path = ROOT, **more: str) -> Graded:
        file = tmp_path / f"report-{uuid.uuid4().hex}.json"
        extra = ["--json", str(file)] if json_report else []
        code, out, err = run_command([*args, *extra], cwd, more)
        report = json.loads(file.read_text("utf-8")) if file.exists() else {}
        return Graded(code, out, err, report)

    return run
