"""The time limit of a grade ends the app, and at last the grader, whatever they wait for."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from grader.errors import Inconclusive, Violation
from grader.exits import Exit
from grader.grading.deadline import Deadline, overtime
from tests.conftest import DEADLINE, ROOT, Grade, environment
from tests.tiny import app_with, write_kata

HANGS = """
    from grader.spec import Disconnect

    @check(points=1, requirement="a response")
    def test_passes(client: Client) -> None:
        \"\"\"it answers\"\"\"
        assert client.get("/").body() == b"hello"


    @check(points=1, requirement="a response")
    def test_waits(client: Client) -> None:
        \"\"\"it answers in time\"\"\"
        while (response := client.get("/")).status == 200:
            response.disconnect(Disconnect.ABORT)  # no socket is kept, by this process or by the kernel


    @check(points=1, requirement="a response")
    def test_comes_later(client: Client) -> None:
        \"\"\"it answers later\"\"\"
        assert client.get("/").body() == b"hello"
"""
#: The grade's thread waits for what does not come, and nothing that is interrupted by the end of an app.
STUCK = """
from threading import Event
from grader.errors import Inconclusive, Violation
from grader.grading.deadline import Deadline, overtime
Deadline(0.05, end_app=lambda: print("ended", flush=True), grace=0.05)
Event().wait()
"""


@pytest.mark.parametrize(
    ("used", "own", "error"),
    [(29.0, 0.1, Inconclusive), (31.0, 2.0, Violation), (31.0, 20.0, Inconclusive), (200.0, 20.0, Violation)],
    ids=["little", "much", "much on a slow machine", "too much on a slow machine"],
)
def test_an_app_is_blamed_for_its_processor_time_as_far_as_the_grader_has_used_less(
    used: float, own: float, error: type[Exception]
) -> None:
    assert isinstance(overtime(used, own=own), error)


@pytest.mark.parametrize(("looking", "error"), [(0.2, Inconclusive), (0.3, Violation)])
def test_an_app_is_blamed_for_so_many_processes_that_looks_at_them_take_the_time(
    looking: float, error: type[Exception]
) -> None:
    found = overtime(0.0, own=1.0, looking=looking)
    assert isinstance(found, error)
    assert ("so many processes that to look at them took 30% of the time" in str(found)) is (error is Violation)


def test_the_app_is_ended_when_the_time_is_over() -> None:
    ended = threading.Event()
    deadline = Deadline(0.01, end_app=ended.set)
    assert ended.wait(DEADLINE)
    assert deadline.is_over
    deadline.cancel()


def test_a_grade_that_has_ended_in_time_ends_nothing() -> None:
    ended = threading.Event()
    deadline = Deadline(0.2, end_app=ended.set)
    deadline.cancel()
    assert not ended.wait(0.5)
    assert not deadline.is_over


def test_a_grader_that_is_stuck_ends_all_the_same() -> None:
    command = [sys.executable, "-c", STUCK]
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stdout) == (Exit.UNDECIDED, "ended\n")
    assert done.stderr == "grade: the time limit of 0.05 seconds is over; nothing was graded.\n"


def test_what_had_no_time_is_inconclusive(tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, HANGS), "--total-limit", "4", json_report=True)
    outcomes = done.outcomes()
    assert outcomes.pop("passes") in ("passed", "inconclusive")  # as the machine has had time to boot, or not
    assert outcomes == {"waits": "inconclusive", "comes_later": "inconclusive"}
    assert done.code == Exit.UNDECIDED
    assert done.seen("waits") == "the time limit of the whole grade is over"


def test_an_app_that_has_no_time_to_start_is_not_blamed(tmp_path: Path, grade: Grade) -> None:
    kata = write_kata(tmp_path, HANGS, app=app_with("while True: pass\n"))
    done = grade(kata, "--total-limit", "1", "--startup-limit", "100", json_report=True)
    assert done.code == Exit.UNDECIDED
    assert set(done.outcomes().values()) == {"inconclusive"}
    assert done.report["boot_failure"] is None
