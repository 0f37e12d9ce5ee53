"""A class that is killed at any moment goes on where it was, and comes to the same ledger; `make killed`: 50 times."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from grader.classes.audit import audit
from grader.classes.ledger import FILE, Ledger
from grader.classes.model import Entry, NoReport
from tests.conftest import DEADLINE, ROOT, environment
from tests.serving.jail import offers
from tests.small_kata import NO_ITEMS, NO_TYPE, SOLUTION, STUB, make_kata, write

CODES = [SOLUTION, NO_TYPE, NO_ITEMS, STUB, "raise SystemExit(3)\n", ""]
#: Seconds until a kill: from before the first import of the command to after its last grade.
LATEST = 6.0


@pytest.fixture
def course(tmp_path: Path) -> Path:
    offers.a_tier()
    make_kata(tmp_path)
    for number in range(12):
        code = textwrap.dedent(CODES[number % len(CODES)])
        write(tmp_path / "class" / f"s{number:02}" / "app.py", code and f"{code}\n# {number}\n")
    return tmp_path


def start(course: Path, out: str, *more: str) -> subprocess.Popen[bytes]:
    args = ["class", "class", "--kata", "kata-77", "--out", out, "--seed", "s", *more]
    return subprocess.Popen(
        [sys.executable, "-m", "grader", *args],
        cwd=course,
        env=environment(PYTHONPATH=str(ROOT)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(course: Path, out: str) -> None:
    process = start(course, out)
    _, told = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, told


def result_of(entry: Entry) -> object:
    """All of a result that does not depend on the clock."""
    if isinstance(entry.result, NoReport):
        return entry.result
    report = entry.result
    checks = [(one.check, one.outcome, one.finding and one.finding.headline) for one in report.results]
    return (report.seed, report.app, report.jail, report.origin, report.boot_failure, checks)


def rows(folder: Path) -> list[Any]:
    with Ledger.open(folder) as ledger:
        assert audit(ledger).problems == ()
        entries = ((entry, result_of(entry)) for entry in ledger.entries())
        return [(one.student, one.submission, one.key, one.grading, one.points, result) for one, result in entries]


def kill_after(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """SIGKILL to the command after so long; False where it had ended. All that it started ends by itself."""
    started = psutil.Process(process.pid)
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=seconds)
        return False
    family = started.children(recursive=True)
    process.kill()
    process.communicate()
    _, left = psutil.wait_procs(family, timeout=60)
    assert left == []
    return True


def killed_and_finished(course: Path, *, kills: int, seed: int) -> None:
    finish(course, "undisturbed")
    assert {points for _, _, _, _, points, _ in rows(course / "undisturbed")} == {0, 1, 3}
    draw = random.Random(seed)
    killed = 0
    while killed < kills:
        if not kill_after(start(course, "killed"), draw.uniform(0.0, LATEST)):
            finish(course, "killed")
            assert rows(course / "killed") == rows(course / "undisturbed")
            shutil.rmtree(course / "killed")
        killed += 1
    finish(course, "killed")
    assert rows(course / "killed") == rows(course / "undisturbed")
    assert not (course / "killed/work").exists()


def test_killed_some_times(course: Path) -> None:
    killed_and_finished(course, kills=3, seed=1)


@pytest.mark.long
def test_killed_fifty_times(course: Path) -> None:
    killed_and_finished(course, kills=50, seed=2)


def graders_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """What grades: the fork servers for graders, their keepers, and the grades. No app, and nothing of one."""
    found = []
    with suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):
                if "grader.pool.preload" in " ".join(child.cmdline()):
                    found.append(child)
    return found


def graders_killed(course: Path, *, seed: int) -> int:
    """A run in which up to two of these are killed: no submission can lose all of its three tries."""
    draw = random.Random(seed)
    process = start(course, "killed", "--jobs", "2")
    killed = 0
    while process.poll() is None and killed < 2:
        with suppress(subprocess.TimeoutExpired):
            process.wait(draw.uniform(0.05, 0.5))
        if found := graders_of(process):
            with suppress(psutil.Error):
                draw.choice(found).kill()
                killed += 1
    _, told = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, told
    return killed


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.long)])
def test_graders_that_are_killed_cost_no_result(rounds: int, course: Path) -> None:
    finish(course, "undisturbed")
    killed = 0
    for number in range(rounds):
        killed += graders_killed(course, seed=number)
        assert rows(course / "killed") == rows(course / "undisturbed")
        shutil.rmtree(course / "killed")
    assert killed


def test_ctrl_c_ends_at_once_and_keeps_all(course: Path) -> None:
    for number in range(12):
        write(course / "class" / f"t{number}" / "app.py", f"import time\ntime.sleep(60)  # {number}\n")
    process = start(course, "results", "--jobs", "2")
    ledger = course / "results" / FILE
    graded = 0
    for _ in range(int(DEADLINE * 20)):
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
        if ledger.is_file():
            with Ledger.open(ledger) as found:
                graded = sum(not row.is_waiting for row in found.rows())
        if graded >= 3:
            break
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=10)
    assert process.returncode == 130
    assert b"grade: interrupted; what is graded is kept, and the same command goes on with the rest." in told
    assert not (course / "results/work").exists()
    with Ledger.open(ledger) as found:
        assert sum(not row.is_waiting for row in found.rows()) >= graded


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_keeps_all_and_goes_on_with_room(course: Path) -> None:
    disk = course / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts no disk for a test")
    try:
        process = start(course, "disk/results")
        _, told = process.communicate(timeout=DEADLINE)
        assert (process.returncode, told.count(b"grade: ")) == (3, 1), told
        assert b"give the same command again" in told
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        finish(course, "disk/results")
        finish(course, "undisturbed")
        assert rows(disk / "results") == rows(course / "undisturbed")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_place_that_cannot_be_written_is_one_sentence(course: Path) -> None:
    process = start(course, "/proc/results")
    _, told = process.communicate(timeout=DEADLINE)
    assert (process.returncode, told.count(b"grade: ")) == (3, 1)
    assert b"/proc/results/ledger.sqlite cannot be written" in told


def test_a_second_run_at_the_same_time_is_refused(course: Path) -> None:
    (course / "results").mkdir()
    with (course / "results/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = start(course, "results")
        _, told = process.communicate(timeout=DEADLINE)
    assert (process.returncode, b"Another `grade class` writes to results" in told) == (2, True)
