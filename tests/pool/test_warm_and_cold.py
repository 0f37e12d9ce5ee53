"""A warm grade ends as a cold one does, whatever the app does: its end, its log, its limits, its surroundings."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.catalog.kata import read_kata
from grader.grading.run import Job
from grader.model import Report
from grader.pool.pool import Pool
from grader.pool.servers import ForkServers, fork_servers
from grader.serving.launch import Launch
from grader.serving.limits import LaunchLimits
from tests.tiny import app_with, write_kata

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grades start warm on Linux only")

SPECIFICATION = """
    @check(points=1)
    def test_it_answers(client: Client) -> None:
        \"\"\"it answers\"\"\"
        assert client.get("/").body() == b"hello"

    @check(points=1)
    def test_it_answers_again(client: Client) -> None:
        \"\"\"it answers again\"\"\"
        assert client.get("/again").body() == b"hello"
"""

IN_A_REQUEST = """
    import signal, sys, time
    async def more(path, answer):
        if path == "/":
            WHAT
        return False
"""
#: What an app does at its import, or in its first request.
FATES = {
    "nothing": "",
    "exits at its import": "os._exit(7)",
    "raises SystemExit at its import": "raise SystemExit('no')",
    "is not Python": "def f(:",
    "raises": "1 / 0",
    "imports what is not installed": "import nothing_of_this_name",
    "has no app": "del app",
    "is killed at its import": "print('before'); os.kill(os.getpid(), 9)",
    "takes too much memory at its import": "held = bytearray(1 << 29)\nfor at in range(0, 1 << 29, 4096): held[at] = 1",
    "exits": IN_A_REQUEST.replace("WHAT", "print('before'); sys.stdout.flush(); os._exit(3)"),
    "is killed": IN_A_REQUEST.replace("WHAT", "print('before', end=''); os.kill(os.getpid(), signal.SIGSEGV)"),
    "fails": IN_A_REQUEST.replace("WHAT", "raise ValueError('no')"),
    "blocks its loop": IN_A_REQUEST.replace("WHAT", "time.sleep(0.5)"),
    "stops the server": IN_A_REQUEST.replace("WHAT", "await until_it_stops(signal.raise_signal(signal.SIGTERM))")
    + """
    import gc, uvicorn
    async def until_it_stops(_):
        server = next(found for found in gc.get_objects() if isinstance(found, uvicorn.Server))
        while server.servers[0].is_serving():
            await asyncio.sleep(0.01)
""",
}
SURROUNDINGS = """
    import gc, json, multiprocessing, os, resource, signal, sys, threading
    told = {
        "environment": {name: value for name, value in os.environ.items() if not name.startswith("STREAM_KATAS_")},
        "folder": os.getcwd(),
        "arguments": sys.argv,
        "path": sys.path,
        "flags": str(sys.flags).replace("'", ""),
        "processors": len(os.sched_getaffinity(0)),
        "signals": {number: str(signal.getsignal(number)) for number in range(1, 32)},
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if "RLIMIT_" in name},
        "leads": os.getsid(0) == os.getpgrp() == os.getpid(),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "main": threading.current_thread() is threading.main_thread(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "streams": [(stream.fileno(), stream.encoding, stream.write_through) for stream in (sys.stdout, sys.stderr)],
        "input": os.readlink("/proc/self/fd/0"),
        "start method": multiprocessing.get_start_method(),
        "collects": gc.isenabled(),
        "umask": os.umask(0o22),
        "privileges": [line for line in open("/proc/self/status") if line.startswith(("NoNewPrivs", "Seccomp"))],
        "kit": "grader.kit" in sys.modules,
        "grader": sorted(name for name in sys.modules if name.startswith("grader") and "child" not in name),
    }
    print(json.dumps(told, indent=1))
"""


@pytest.fixture(scope="module")
def servers() -> Iterator[ForkServers | None]:
    with fork_servers() as servers:
        yield servers


def graded(app: str, folder: Path, servers: ForkServers | None, seed: str = "5eed") -> Report:
    kata = read_kata(Path(write_kata(folder, SPECIFICATION)))
    kata.stub.write_text(app, "utf-8")
    limits = LaunchLimits(memory=256 << 20)
    with Pool(1, servers) as pool:
        report = pool.grade(Job(kata, Launch(kata.stub, limits=limits), seed=seed))
    assert isinstance(report, Report)
    return report


def comparable(report: Report) -> object:
    """What must be equal: all but times, and how long a loop was blocked."""
    checks = [(result.check.id, result.outcome, result.finding) for result in report.results]
    notes = [re.sub(r"[\d.]+ s ", "", note) for note in report.notes]
    frames = [replace(frame, seconds=0.0) for frame in report.boot_failure.frames] if report.boot_failure else []
    headline = re.sub(r"after [\d.]+ s", "", report.boot_failure.headline) if report.boot_failure else ""
    return checks, headline, frames, notes, re.sub(r"/\S*/app\.py", "app.py", report.log)


@pytest.mark.parametrize("fate", FATES)
def test_what_becomes_of_an_app_is_the_same(fate: str, tmp_path: Path, servers: ForkServers | None) -> None:
    app = app_with(FATES[fate])
    warm, cold = graded(app, tmp_path / "one", servers), graded(app, tmp_path / "two", None)
    assert comparable(warm) == comparable(cold)


def test_its_surroundings_are_the_same(tmp_path: Path, servers: ForkServers | None) -> None:
    app = app_with(SURROUNDINGS)
    warm, cold = graded(app, tmp_path / "one", servers), graded(app, tmp_path / "two", None)
    found, expected = json.loads(warm.log), json.loads(cold.log.replace(str(tmp_path / "two"), str(tmp_path / "one")))
    beyond = {"grader.serving.forkserver", "grader.serving.forks", "grader.serving.child.preload"}
    beyond |= {name for name in found["grader"] if name.startswith("grader.serving.jail")}  # a cold one without a jail
    assert set(found["grader"]) - beyond == set(expected["grader"])
    assert found | {"grader": []} == expected | {"grader": []}


SPY = """
    from pathlib import Path
    async def more(path, answer):
        found = b""
        for process in Path("/proc").glob("[0-9]*"):
            for name in ("cmdline", "environ"):
                try:
                    found += (process / name).read_bytes()
                except OSError:
                    pass
        Path("seen").write_bytes(found)
        return False
"""


@pytest.mark.parametrize("start", ["warm", "cold"])
def test_no_process_shows_the_seed_to_the_app(start: str, tmp_path: Path, servers: ForkServers | None) -> None:
    """Neither in a command line nor in an environment: by it the app would know what later checks will send."""
    graded(app_with(SPY), tmp_path, servers if start == "warm" else None, seed=(seed := os.urandom(8).hex()))
    seen = next(tmp_path.rglob("seen")).read_bytes()
    # It has found the app's own process. /proc shows the environment with which a fork server was started.
    assert {"warm": b"grader.serving.child.preload", "cold": b"STREAM_KATAS_UPSTREAM"}[start] in seen
    assert f"grader{os.sep}".encode() in seen or b"grader.pool" in seen  # and the grader's
    assert seed.encode() not in seen


@pytest.mark.parametrize("name", ["fastapi.py", "queue.py", "anyio/__init__.py"])
def test_a_module_of_a_name_that_is_imported_already_is_found(
    name: str, tmp_path: Path, servers: ForkServers | None
) -> None:
    """It is found where a cold app finds it."""
    reports = []
    for folder, own in (("one", servers), ("two", None)):
        file = tmp_path / folder / "kata-1-tiny" / name
        file.parent.mkdir(parents=True)
        file.write_text("IS_MINE = True", "utf-8")
        app = app_with(f"import {name.partition('.')[0].partition('/')[0]} as found; print(hasattr(found, 'IS_MINE'))")
        reports.append(graded(app, tmp_path / folder, own))
    assert reports[0].log == reports[1].log != ""
    assert [result.outcome for result in reports[0].results] == [result.outcome for result in reports[1].results]
