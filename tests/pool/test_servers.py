"""Fork servers: a specification is collected once for many grades, as it is now, and a server that ends is replaced."""

from __future__ import annotations

import os
import select
import sys
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from grader.catalog.kata import read_kata
from grader.grading.run import Job
from grader.model import Report
from grader.pool.news import Result, Trouble
from grader.pool.servers import ForkServers, fork_servers
from grader.pool.worker import Worker
from grader.serving.launch import Launch
from tests.conftest import DEADLINE
from tests.tiny import SPEC, write_kata

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers run on Linux only")

PASSES = '''
    @check(points=1)
    def test_first(client: Client) -> None:
        """it answers"""
        assert client.get("/").body() == b"hello"
'''


@pytest.fixture(scope="module")
def servers() -> Iterator[ForkServers]:
    with fork_servers() as found:
        assert found is not None
        yield found


def job_of(folder: str, *, only: str = "", stop_early: bool = False) -> Job:
    kata = read_kata(Path(folder))
    return Job(kata, Launch(kata.stub), seed="5eed", only=only, stop_early=stop_early)


def graded(job: Job, servers: ForkServers | None) -> Result:
    with Worker(job, servers) as worker:
        return worker.result()


def outcomes(result: Result) -> dict[str, str]:
    assert isinstance(result, Report), result
    return {found.check.id: found.outcome.value for found in result.results}


def test_a_specification_is_collected_once_and_each_grade_has_its_own(tmp_path: Path, servers: ForkServers) -> None:
    spec = f"""
        with open({str(tmp_path / "collected")!r}, "a") as file:
            file.write("x")
        seen = []

        @check(points=1)
        def test_is_fresh(client: Client, draw: Draw) -> None:
            \"\"\"nothing is left of another grade\"\"\"
            assert (client.get("/").body(), seen) == (b"hello", [])
            seen.append(draw.word())
    """
    job = job_of(write_kata(tmp_path, spec))
    for _ in range(3):
        assert outcomes(graded(job, servers)) == {"is_fresh": "passed"}
    assert (tmp_path / "collected").read_text() == "x"


def test_a_specification_that_is_edited_is_collected_again(tmp_path: Path, servers: ForkServers) -> None:
    folder = write_kata(tmp_path, PASSES)
    job = job_of(folder)
    first = graded(job, servers)
    assert outcomes(first) == {"first": "passed"}
    file = Path(folder, "spec", "test_tiny.py")
    file.write_text(SPEC + textwrap.dedent(PASSES.replace("hello", "goodbye")))
    second = graded(job, servers)
    assert outcomes(second) == {"first": "failed"}
    assert isinstance(first, Report)
    assert isinstance(second, Report)
    assert first.origin is not None
    assert first.origin != second.origin == job.kata.origin


def test_a_specification_with_a_fault_has_its_reason_and_is_read_again_when_it_is_corrected(
    tmp_path: Path, servers: ForkServers
) -> None:
    folder = write_kata(tmp_path, "no such name")
    job = job_of(folder)
    for _ in range(2):
        result = graded(job, servers)
        assert isinstance(result, Trouble)
        assert "spec cannot be loaded" in result.message
        assert result == graded(job, None)
    Path(folder, "spec", "test_tiny.py").write_text(SPEC + textwrap.dedent(PASSES))
    assert outcomes(graded(job, servers)) == {"first": "passed"}


SEVERAL = '''
    import pytest

    @check(points=1)
    def test_fails() -> None:
        """it fails"""
        assert 1 == 2, "a number"

    @check(points=1)
    def test_passes(client: Client) -> None:
        """it passes"""
        assert client.get("/").status == 200

    @check(points=1, after=test_passes)
    def test_comes_later() -> None:
        """it comes later"""

    @check(points=1, after=test_fails)
    def test_is_blocked() -> None:
        """it is blocked"""
'''
ENDS = {"exit": 'pytest.exit("enough")', "interrupt": "raise KeyboardInterrupt", "system exit": "raise SystemExit(0)"}


@pytest.mark.parametrize("only", ["", "fails", "test_comes_later", "is_blocked", "no_such"])
@pytest.mark.parametrize("stop_early", [False, True], ids=["whole", "stop early"])
def test_what_is_to_run_is_the_same_as_without_servers(
    only: str, stop_early: bool, tmp_path: Path, servers: ForkServers
) -> None:
    job = job_of(write_kata(tmp_path, SEVERAL), only=only, stop_early=stop_early)
    warm, cold = graded(job, servers), graded(job, None)
    if only == "no_such":
        assert warm == cold == Trouble(f"There is no check 'no_such'. See `grade explain {job.kata.id}`.")
    else:
        assert isinstance(warm, Report)
        assert isinstance(cold, Report)
        assert outcomes(warm) == outcomes(cold) != {}
        assert warm.notes == cold.notes


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_the_run_is_the_same_as_without_servers(end: str, tmp_path: Path, servers: ForkServers) -> None:
    spec = SEVERAL.replace('"""it passes"""', f'"""it passes"""\n        {ENDS[end]}')
    job = job_of(write_kata(tmp_path, spec))
    warm, cold = graded(job, servers), graded(job, None)
    if end == "system exit":
        assert outcomes(warm) == outcomes(cold)
    else:
        assert warm == cold
        assert "ends the run by itself" in getattr(warm, "message", "")


def _wait_until_dead(process: psutil.Process) -> None:
    """Not reaped: that is left to its parent. A pidfd is readable when its process has ended (pidfd_open(2))."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(process.pid)
        try:
            assert select.select([descriptor], [], [], DEADLINE)[0]
        finally:
            os.close(descriptor)


@pytest.mark.parametrize("which", ["apps", "graders", "keeper", "kata"])
def test_a_server_that_ends_is_started_again(which: str, tmp_path: Path) -> None:
    job = job_of(write_kata(tmp_path, PASSES))
    before = psutil.Process().children()
    with fork_servers() as servers:
        assert servers is not None
        assert outcomes(graded(job, servers)) == {"first": "passed"}
        graders, apps = sorted(set(psutil.Process().children()) - set(before), key=lambda process: process.pid)
        server = servers._katas[job.kata.folder]._process
        pid = {"apps": apps.pid, "graders": graders.pid, "keeper": server._keeper, "kata": server.pid}[which]
        lost = psutil.Process(pid)
        lost.kill()
        _wait_until_dead(lost)
        for _ in range(2):
            assert outcomes(graded(job, servers)) == {"first": "passed"}
        assert not lost.is_running() or lost.status() == psutil.STATUS_ZOMBIE
    added = [process for process in psutil.Process().children() if process not in before]
    # A process that has started an app adopts orphans: a child of the lost server may now be a child of this one.
    assert psutil.wait_procs(added, timeout=DEADLINE)[1] == []
