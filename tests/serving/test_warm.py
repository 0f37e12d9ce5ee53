"""Processes that a fork server forks: what they start with, how their end is told, and that nothing is left of them."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from grader.serving import kernel
from grader.serving.processes import Surroundings
from grader.serving.warm import ForkClient, ForkedProcess, ForkServer
from tests.conftest import DEADLINE, ROOT, environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers run on Linux only")

SAY = "import os; say = lambda text: os.write(1, text.encode()); "
WAIT = "import threading; threading.Event().wait()"


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer("tests.serving.forked:main") as server:
        yield server


@pytest.fixture
def client(server: ForkServer) -> ForkClient:
    return server.client


class Forked:
    """A process and what it says."""

    def __init__(
        self, client: ForkClient, source: str, around: Surroundings | None = None, *, is_tree: bool = True
    ) -> None:
        self._output, theirs = os.pipe()
        given = around or Surroundings()
        fields = {name: getattr(given, name) for name in ("folder", "environment", "descriptors")}
        around = Surroundings(**fields, output=theirs, errors=theirs)
        self.process = client.fork(SAY + textwrap.dedent(source), around, is_tree=is_tree)
        os.close(theirs)

    def said(self) -> str:
        """The next words."""
        assert select.select([self._output], [], [], DEADLINE)[0], "it says nothing"
        return os.read(self._output, 65536).decode()

    def everything(self) -> str:
        """All words, to the end of the last process that can say any."""
        words = []
        while word := self.said():
            words.append(word)
        return "".join(words)

    def close(self) -> None:
        self.process.end()
        os.close(self._output)


@contextmanager
def forked(
    client: ForkClient, source: str, around: Surroundings | None = None, *, is_tree: bool = True
) -> Iterator[Forked]:
    found = Forked(client, source, around, is_tree=is_tree)
    try:
        yield found
    finally:
        found.close()


def is_gone(pid: int) -> bool:
    """Whether a process has ended by the deadline."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        try:
            psutil.Process(pid).wait(timeout=1)
        except psutil.NoSuchProcess:
            return True
        except psutil.TimeoutExpired:
            continue
        return True
    return False


# -- what a process starts with ---------------------------------------------------------------------------------------


def test_it_has_the_folder_the_environment_and_the_descriptors_that_were_ordered(
    client: ForkClient, tmp_path: Path
) -> None:
    told, tell = os.pipe()
    around = Surroundings(folder=tmp_path, environment={"ONE": "café\udcff"}, descriptors=(tell,))
    source = "os.write(descriptors[0], ascii([os.getcwd(), dict(os.environ)]).encode())"
    with forked(client, source, around) as found:
        os.close(tell)
        assert found.process.wait() == 0
    with open(told, "rb") as file:
        assert file.read().decode() == ascii([str(tmp_path), {"ONE": "café\udcff"}])


def test_it_has_no_descriptor_of_anybody_else(client: ForkClient) -> None:
    source = "say(str(sorted(int(fd) for fd in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{fd}'))))"
    beside, theirs = os.pipe()
    with forked(client, WAIT), forked(client, source, Surroundings(descriptors=(beside,))) as found:
        descriptors = json.loads(found.everything())
    os.close(beside)
    os.close(theirs)
    assert len(descriptors) == 4  # three standard ones and its own


def test_its_signals_are_as_in_a_process_that_was_executed(client: ForkClient) -> None:
    source = """
        import signal
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, "it was ignored when the server started"
        assert signal.getsignal(signal.SIGCHLD) == signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        assert signal.set_wakeup_fd(-1) == -1
    """
    with forked(client, source) as found:
        assert found.everything() == ""


def test_a_tree_leads_a_session_of_its_own(client: ForkClient) -> None:
    with forked(client, "say(f'{os.getsid(0) == os.getpgrp() == os.getpid()}')") as found:
        assert found.everything() == "True"
    with forked(client, "say(f'{os.getsid(0)}')", is_tree=False) as found:
        assert found.everything() == str(os.getsid(0))


def test_each_has_its_own_random_numbers(client: ForkClient) -> None:
    source = "import random, uuid; say(f'{random.random()} {uuid.uuid4()}')"
    with forked(client, source) as one, forked(client, source) as other:
        assert set(one.everything().split()).isdisjoint(other.everything().split())


def test_what_it_prints_is_out_before_it_is_killed(client: ForkClient) -> None:
    with forked(client, "print('last words', end=''); os.kill(os.getpid(), 9)") as found:
        assert found.everything() == "last words"


# -- how it ends ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "status"),
    [("os._exit(3)", 3), ("os.kill(os.getpid(), 11)", -signal.SIGSEGV), ("1 / 0", 70), ("pass", 0)],
)
def test_its_exit_status_is_known_to_who_is_not_its_parent(client: ForkClient, source: str, status: int) -> None:
    with forked(client, source) as found:
        assert found.process.wait() == status
        assert found.process.poll() == status
    assert found.process.poll() == status  # when it has been ended, too


def test_one_that_runs_has_no_exit_status(client: ForkClient) -> None:
    with forked(client, f"say('here'); {WAIT}") as found:
        assert found.said() == "here"
        assert found.process.poll() is None
        assert found.process.wait_for(0.01) is None
        assert psutil.Process(found.process.pid).is_running()
    assert found.process.poll() == -signal.SIGKILL


def test_one_that_is_no_tree_is_asked_to_end(client: ForkClient) -> None:
    source = f"import signal; signal.signal(15, lambda *_: (say('bye'), os._exit(0))); say('here'); {WAIT}"
    with forked(client, source, is_tree=False) as found:
        assert found.said() == "here"
        found.process.end()
        assert found.everything() == "bye"


DAEMON = """
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve("/bin/sh", ["sh", "-c", "echo here; exec sleep 1000"], {})
        os._exit(0)
"""


@pytest.mark.parametrize("then", ["os._exit(0)", WAIT])
def test_a_daemon_of_it_is_ended_and_no_other_process(client: ForkClient, then: str) -> None:
    with forked(client, DAEMON + f"    {WAIT}") as other:
        assert other.said() == "here\n"
        with forked(client, DAEMON + f"    {then}") as found:
            assert found.said() == "here\n"
            found.process.end()
            assert found.everything() == ""
        assert other.process.poll() is None
        assert not select.select([other._output], [], [], 0)[0], "its daemon has ended as well"


def test_one_that_kills_its_keeper_is_killed_by_the_server(client: ForkClient) -> None:
    source = f"say('here'); os.kill(os.getppid(), 9); {WAIT}"
    with forked(client, DAEMON + "    " + source) as found:
        assert found.process.wait() == -signal.SIGKILL
        assert is_gone(found.process.pid)
        found.everything()  # ends when its daemon has ended, too


def test_one_that_stops_its_keeper_is_ended_all_the_same(client: ForkClient) -> None:
    with forked(client, f"os.kill(os.getppid(), 19); say('here'); {WAIT}") as found:
        assert found.said() == "here"
    assert is_gone(found.process.pid)


def test_one_that_holds_its_keeper_up_is_ended_by_the_server(
    client: ForkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is traced does nothing by itself; only root may trace a keeper."""
    monkeypatch.setattr(kernel, "END_TIMEOUT", 0.05)
    trace = "import ctypes; ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)"  # PTRACE_ATTACH
    with forked(client, f"{trace}; say('here'); {WAIT}") as found:
        assert found.said() == "here"
        assert found.process.end()
    assert is_gone(found.process.pid)


def test_one_that_is_ended_at_its_very_beginning_is_gone(client: ForkClient) -> None:
    """Its keeper may be ordered to end it before it leads a group of its own."""
    for _ in range(50):
        with forked(client, WAIT) as found:
            pass
        assert is_gone(found.process.pid)


def test_when_the_server_has_ended_there_is_an_error(tmp_path: Path) -> None:
    server = ForkServer("tests.serving.forked:main")
    server._process.end()
    with pytest.raises(BrokenPipeError, match="the fork server has ended"):
        server.client.fork("", Surroundings(), is_tree=True)
    server.close()


def test_a_server_that_ends_leaves_its_processes_to_their_owner() -> None:
    with ForkServer("tests.serving.forked:main") as server:
        found = Forked(server.client, f"say('here'); {WAIT}")
        assert found.said() == "here"
    assert found.process.poll() is None
    found.close()
    assert is_gone(found.process.pid)


def test_another_client_can_be_handed_to_another_process(client: ForkClient) -> None:
    with client.another() as control:
        found = Forked(ForkClient(control), "say('here')")
        assert found.everything() == "here"
        found.close()


def test_everything_ends_with_an_owner_that_is_killed() -> None:
    source = """
        import sys
        from tests.serving.test_warm import WAIT, DAEMON, Forked
        from grader.serving.warm import ForkServer
        server = ForkServer("tests.serving.forked:main")
        tree = Forked(server.client, DAEMON + "    " + WAIT)
        assert tree.said() == "here\\n"
        other = Forked(server.client, "say('here');" + WAIT, is_tree=False)
        assert other.said() == "here"
        print("ready", flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(source)]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=-1, stdout=-1) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        everything = psutil.Process(owner.pid).children(recursive=True)
        assert len(everything) == 7  # the server, two keepers, two processes, a daemon, and what has forked that
        owner.kill()
    assert psutil.wait_procs(everything, timeout=DEADLINE)[1] == []


def test_forked_processes_have_the_methods_of_others() -> None:
    from grader.serving.processes import Process

    names = {name for name in vars(Process) if not name.startswith("_")} | {"pid"}
    assert names <= {*vars(ForkedProcess), "pid"}
