"""A grade in a process of its own: what it tells, and that nothing is left of it, however it ends."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from grader.catalog.kata import read_kata
from grader.grading.run import Job
from grader.model import Report
from grader.pool.news import News, Progress, Trouble
from grader.pool.servers import fork_servers
from grader.pool.worker import Worker
from grader.serving.launch import Launch
from tests.conftest import DEADLINE, ROOT, environment, survivors
from tests.small_kata import NO_ITEMS, SOLUTION, SPECIFICATION, make_kata, write

Start = Callable[[Job], Worker]
ENDED = Trouble("the grader's process ended without a report")


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What all processes of a worker inherit; in the end there is none of them, were it that the app ends by itself."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv("LC_STREAM_KATAS_MARK", mark)
    yield mark
    psutil.wait_procs(processes(mark), timeout=DEADLINE)
    assert survivors(mark) == []


@pytest.fixture(params=["cold", "warm"])
def start(request: pytest.FixtureRequest, mark: str, job: Job) -> Iterator[Start]:
    """Starts a worker."""
    if request.param == "cold":
        yield Worker
        return
    with fork_servers() as servers:
        Worker(job, servers).stop()  # now all servers run
        yield lambda job: Worker(job, servers)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """The small kata, with its solution as the learner's file."""
    folder = make_kata(tmp_path)
    write(folder / "app.py", SOLUTION)
    os.mkfifo(tmp_path / "told")
    return Job(read_kata(folder), Launch(folder / "app.py"))


def news(worker: Worker) -> News:
    """The next news, once there is some."""
    assert select.select([worker], [], [], DEADLINE)[0], "there is no news"
    return worker.receive()


def all_news(worker: Worker) -> list[News]:
    """All of it, to the report or the trouble."""
    found = [news(worker)]
    while isinstance(found[-1], Progress):
        found.append(news(worker))
    worker.stop()
    return found


def processes(mark: str) -> list[psutil.Process]:
    """Those that have inherited ``mark``."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            found += [process] if mark in process.environ().values() else []
    return found


def wait_until_told(folder: Path) -> None:
    told = os.open(folder / "told", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert select.select([told], [], [], DEADLINE)[0], "nobody has told anything"
        assert os.read(told, 100) == b"here"
    finally:
        os.close(told)


# -- what it tells ----------------------------------------------------------------------------------------------------


def test_it_tells_how_far_it_is_and_then_gives_the_report(job: Job, start: Start) -> None:
    *progress, report = all_news(start(job))
    assert progress[0] == Progress(0, 0)  # the app is booting
    assert progress[1:] == [Progress(0, 2), Progress(1, 2), Progress(2, 2)]
    assert isinstance(report, Report)
    assert (report.points, report.possible) == (3, 3)
    assert report.results[1].transcript


def test_it_tells_what_is_wrong_as_soon_as_it_is_known(job: Job, start: Start) -> None:
    write(job.launch.file, NO_ITEMS)
    *progress, report = all_news(start(job))
    assert isinstance(report, Report)
    (finding,) = [result.finding for result in report.results if result.finding]
    assert [news.found for news in progress if isinstance(news, Progress)] == [
        "",
        "",
        "",
        f"the answer is all that the upstream gives, in order: {finding.headline}",
    ]


@pytest.mark.parametrize(
    ("specification", "only", "words"),
    [
        ("from nothing import everything\n", "", "spec cannot be loaded: "),
        (SPECIFICATION, "is_jason", "There is no check 'is_jason'. Did you mean 'is_json'?"),
        ("import os\nos._exit(0)\n", "", ENDED.message),
    ],
    ids=["bad kata", "no such check", "ended"],
)
def test_without_a_report_there_is_a_reason(specification: str, only: str, words: str, job: Job, start: Start) -> None:
    write(job.kata.specification / "test_echo.py", specification)
    *_, trouble = all_news(start(Job(job.kata, job.launch, only=only)))
    assert isinstance(trouble, Trouble)
    assert words in trouble.message


def test_a_grader_that_breaks_says_that_it_is_its_own_fault(job: Job, start: Start) -> None:
    broken = Job(job.kata, Launch(job.launch.file, loop=b"no text"))  # type: ignore[arg-type]
    *_, trouble = all_news(start(broken))
    assert isinstance(trouble, Trouble)
    assert trouble.message.startswith("the grader itself broke (TypeError: ")


@pytest.mark.parametrize("program", ["false", "true"])
def test_a_process_that_does_not_start_to_work_is_trouble(
    program: str, job: Job, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which(program))
    assert all_news(Worker(job)) == [ENDED]


def test_the_working_directorys_modules_are_not_taken_for_ours(
    job: Job, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    for name in ("json", "grader", "multiprocessing", "subprocess", "click", "sitecustomize"):
        write(here / f"{name}.py", "raise SystemExit('this is not what you are looking for')\n")
    monkeypatch.chdir(here)
    *_, report = all_news(start(job))
    assert isinstance(report, Report)
    assert report.points == 3


# -- how it ends ------------------------------------------------------------------------------------------------------

WAIT = "import threading; threading.Event().wait()"
DAEMON = """
    import os
    if not os.fork():
        os.setsid()
        if not os.fork():
            TELL
            WAIT
"""
STUBBORN = {
    "waits": "TELL\nWAIT",
    "works": "TELL\nwhile True: pass",
    "ignores signals": """
        import signal
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        TELL
        WAIT
    """,
    "forks": "import os\nos.fork() and TELL\nWAIT",
    "has a daemon": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', DAEMON])\nWAIT",
}


def stubborn(folder: Path, name: str) -> str:
    """A module that says through the fifo that it is there, and never ends its import."""

    def filled(source: str) -> str:
        tell = f"open({str(folder / 'told')!r}, 'w').write('here')"
        return textwrap.dedent(source).replace("TELL", tell).replace("WAIT", WAIT)

    return filled(STUBBORN[name]).replace("DAEMON", repr(filled(DAEMON)))


@pytest.mark.parametrize("name", STUBBORN)
def test_stopped_in_mid_grade_it_leaves_no_process(
    name: str, job: Job, start: Start, mark: str, tmp_path: Path
) -> None:
    before = processes(mark)
    write(job.launch.file, stubborn(tmp_path, name))
    worker = start(job)
    wait_until_told(tmp_path)
    worker.stop()
    worker.stop()  # once more changes nothing
    assert processes(mark) == before


def test_stopped_before_it_has_begun_it_leaves_no_process(job: Job, start: Start, mark: str) -> None:
    before = processes(mark)
    start(job).stop()
    assert processes(mark) == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_from_outside_it_is_trouble(
    number: signal.Signals, job: Job, start: Start, mark: str, tmp_path: Path
) -> None:
    before = processes(mark)
    write(job.launch.file, stubborn(tmp_path, "waits"))
    worker = start(job)
    wait_until_told(tmp_path)
    all_of_it = set(processes(mark)) - set(before)
    os.kill(worker._process.pid, number)
    assert all_news(worker)[-1] == ENDED
    psutil.wait_procs(all_of_it, timeout=DEADLINE)  # after SIGKILL nobody ends the app but its own watchdog


@pytest.mark.parametrize(("how", "count"), [("cold", 3), ("warm", 9)])
def test_it_ends_with_whom_it_works_for(how: str, count: int, job: Job, mark: str, tmp_path: Path) -> None:
    """Even if that one is killed, and can end nothing."""
    write(job.launch.file, stubborn(tmp_path, "waits"))
    source = """
        import sys
        from pathlib import Path
        from grader.serving.launch import Launch
        from grader.serving.limits import LaunchLimits
        from grader.catalog.kata import read_kata
        from grader.grading.run import Job
        from grader.pool.servers import fork_servers
        from grader.pool.worker import Worker
        folder = Path(sys.argv[1])
        held = fork_servers()
        servers = held.__enter__() if sys.argv[2] == "warm" else None
        limits = LaunchLimits(startup=1e6, total=1e6)
        worker = Worker(Job(read_kata(folder), Launch(folder / "app.py", limits=limits)), servers)
        while worker.receive().total == 0:
            pass
        print("all that it tells while it waits for the app", flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(source), str(job.kata.folder), how]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as boss:
        wait_until_told(tmp_path)
        assert boss.stdout
        assert select.select([boss.stdout], [], [], DEADLINE)[0]
        all_of_it = processes(mark)
        assert len(all_of_it) == count  # with three fork servers and three keepers, or without
        boss.kill()
    assert psutil.wait_procs(all_of_it, timeout=DEADLINE)[1] == []
