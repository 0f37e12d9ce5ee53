"""Grades on a real Dask cluster: a scheduler and two workers, one of which is killed in mid-grade."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from grader.catalog.kata import Kata, read_kata
from grader.classes.audit import State, audit
from grader.classes.intake.handed import Handed
from grader.classes.intake.material import prepare
from grader.classes.ledger import FILE, Ledger
from grader.classes.model import LIMITS, Settings
from grader.classes.order import Order
from grader.classes.shipment import Shipment, grade_here
from grader.model import Report
from grader.pool.news import Trouble
from tests.cli.classes.test_killed import finish, rows, start
from tests.conftest import DEADLINE, ROOT, environment
from tests.serving.jail import offers
from tests.small_kata import NO_ITEMS, NO_TYPE, SOLUTION, make_kata, write

CODES = [SOLUTION, NO_TYPE, NO_ITEMS]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    offers.a_tier()
    make_kata(tmp_path)
    for number in range(12):
        write(tmp_path / "class" / f"s{number:02}" / "app.py", f"{textwrap.dedent(CODES[number % 3])}\n# {number}\n")
    return tmp_path


class Cluster:
    """A scheduler and workers without nannies: one that is killed stays away."""

    def __init__(self, folder: Path, held: ExitStack) -> None:
        self._folder = folder
        self._held = held
        self._file = folder / "scheduler.json"
        self._run(
            "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(self._file), "--host", "127.0.0.1"
        )
        self.workers = [
            self._run("worker", "--scheduler-file", str(self._file), "--nthreads", "1", "--no-nanny", "--no-dashboard")
            for _ in range(2)
        ]

    def _run(self, what: str, *args: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + what, *args]
        around = environment(PYTHONPATH=str(ROOT))
        process = subprocess.Popen(
            command, cwd=self._folder, env=around, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._held.callback(process.wait, 30)
        self._held.callback(process.terminate)
        return process

    @property
    def address(self) -> str:
        """Once the scheduler has written it."""
        for _ in range(int(DEADLINE * 10)):
            with suppress(OSError, ValueError):
                return str(json.loads(self._file.read_text())["address"])
            with suppress(subprocess.TimeoutExpired):
                self.workers[0].wait(0.1)
        raise TimeoutError


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as held:
        yield Cluster(tmp_path, held)


def wait_until_graded(process: subprocess.Popen[bytes], ledger: Path, count: int) -> None:
    for _ in range(int(DEADLINE * 20)):
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
        if ledger.is_file():
            with Ledger.open(ledger) as found:
                if sum(not row.is_waiting for row in found.rows()) >= count:
                    return
    raise TimeoutError


def test_a_worker_that_dies_costs_no_result(course: Path, cluster: Cluster) -> None:
    finish(course, "here")
    process = start(course, "there", "--dask", cluster.address)
    wait_until_graded(process, course / "there" / FILE, 3)
    os.kill(cluster.workers[0].pid, signal.SIGKILL)  # the window is full, so it was grading
    _, told = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, told
    assert rows(course / "there") == rows(course / "here")
    assert {points for _, _, _, _, points, _ in rows(course / "here")} == {0, 1, 3}
    with Ledger.open(course / "there") as ledger:
        assert audit(ledger).states == {State.GRADED: 12}
        assert ledger._connection.execute("SELECT COUNT(*), MAX(grading) FROM grades").fetchone() == (12, 1)


def test_no_cluster_is_one_sentence(course: Path) -> None:
    process = start(course, "there", "--dask", "nonsense://nowhere")
    _, told = process.communicate(timeout=DEADLINE)
    assert (process.returncode, b"no Dask cluster with a worker at nonsense://nowhere" in told) == (3, True), told


# -- what a worker does with what it gets ---------------------------------------------------------------------------


@pytest.fixture
def shipment(course: Path) -> Shipment:
    kata: Kata = read_kata(course / "katas/kata-77-small-echo")
    handed = Handed("s00", (course / "class/s00",), course / "class")
    found = prepare(handed, kata, Settings(), folder=course / "copy")
    digest = kata.origin.digest
    return Shipment.of(Order(kata, digest, course / "copy", found.app, found.digest, "seed", LIMITS))


def test_a_worker_grades_and_keeps_nothing(shipment: Shipment) -> None:
    found = grade_here(shipment)
    assert isinstance(found, Report)
    assert (found.points, found.boot_failure, found.log) == (3, None, "")
    assert (found.seed, found.is_submission) == ("seed", True)


def test_a_worker_says_what_hinders_it(shipment: Shipment) -> None:
    other = replace(shipment, specification="0" * 64)
    assert grade_here(other) == Trouble(
        "a worker cannot grade it: it has no kata-77 with the specification 000000000000"
    )
    changed = replace(shipment, digest="0" * 64)
    assert grade_here(changed) == Trouble(
        "a worker cannot grade it: the submission that came is not the one that was sent"
    )
    broken = grade_here(replace(shipment, content=b"broken"))
    assert isinstance(broken, Trouble)
    assert "is not a whole archive" in broken.message
