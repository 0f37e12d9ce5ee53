"""An app in a jail is served, watched and ended as one without."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from grader import trees
from grader.catalog.packs import bundled
from grader.serving.child_app import ChildApp
from grader.serving.jail import own
from grader.serving.jail.plan import Jail, Tier
from grader.serving.launch import Launch, boot
from tests.conftest import DEADLINE, ROOT
from tests.serving.jail import offers
from tests.serving.test_child_app import NOWHERE, ask, mirror, wait_for_end, write

Start = Callable[[str], ChildApp]
JAILS = {
    "none": Jail(),
    "an app of one's own": Jail(Tier.C),
    "a submission in tier C": Jail(Tier.C, is_strict=True),
    "a submission in tier A": Jail(Tier.A, is_strict=True),
}
ENDS = {"os._exit(7)": "exited with status 7"} | {
    f"os.kill(os.getpid(), signal.{name})": f"was killed by {name}" for name in ("SIGKILL", "SIGTERM", "SIGABRT")
}


@pytest.fixture(params=JAILS)
def jail(request: pytest.FixtureRequest) -> Jail:
    found = JAILS[request.param]
    offers.tier(found.tier)
    return found


@pytest.fixture
def start(jail: Jail, tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def start(facts: str) -> ChildApp:
            app = stack.enter_context(boot(Launch(write(tmp_path / "ada", mirror(facts)), jail=jail), NOWHERE))
            app.wait_until_ready()
            return app

        yield start


def test_it_knows_its_jail(start: Start, jail: Jail) -> None:
    assert start("facts = str").jail is jail.tier


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_without_timers_of_its_own_it_has_none(start: Start) -> None:
    app = start("facts = str")
    deadline = time.monotonic() + DEADLINE
    while (found := app.next_timer()) is not None and found.seconds < 60:  # what is left of its start may have one
        assert time.monotonic() < deadline
    assert found is None or found.seconds > 60


def test_it_serves_more_connections_than_there_were_sockets_at_first(start: Start) -> None:
    app = start("facts = str")
    with ExitStack() as stack:
        connections = [stack.enter_context(app.connect()) for _ in range(60)]
        assert len({connection.getsockname() for connection in connections}) == 60
        assert [ask(app, f"/{number}") for number in range(60)] == [f"/{number}" for number in range(60)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_it_is_known_which_connections_its_server_has_not_taken(start: Start) -> None:
    app = start("import os, signal\ndef facts(_): os.kill(os.getpid(), signal.SIGSTOP)")
    with ExitStack() as stack:
        assert app.waiting() == 0
        stack.enter_context(app.connect()).sendall(b"GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        deadline = time.monotonic() + DEADLINE
        while app.waiting() < 2:
            assert time.monotonic() < deadline
            stack.enter_context(app.connect())


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_as_it_ends(start: Start, end: str) -> None:
    app = start(f"import signal\ndef facts(_): {end}")
    wait_for_end(app)
    assert app.exit_reason() == f"the app's process {ENDS[end]}"


def test_only_its_workers_are_its_workers(start: Start) -> None:
    app = start("import time\ndef facts(_):\n    while time.process_time() < 0.2: pass")
    ask(app)
    assert app.worker_seconds() == 0.0


def test_it_writes_into_its_folder_and_where_temporary_files_go(start: Start, jail: Jail, tmp_path: Path) -> None:
    app = start(
        """
        import pathlib, shutil, sqlite3, tempfile
        def facts(_):
            with sqlite3.connect("items.db") as found:
                found.execute("create table items (item)")
            shutil.copy2("items.db", "copy.db")
            pathlib.Path("folder").mkdir()
            pathlib.Path("copy.db").rename("folder/copy.db")
            with tempfile.NamedTemporaryFile() as file:
                file.write(b"x")
            return sorted(path.name for path in pathlib.Path(__file__).parent.iterdir() if path.suffix != ".pyc")
        """
    )
    assert ask(app) == ["app.py", "folder", "items.db"]
    app.stop()
    assert (tmp_path / "ada/items.db").exists() is not jail.is_strict


def test_what_its_module_needs_beside_it_is_there(start: Start, tmp_path: Path) -> None:
    write(tmp_path, "found = 'beside'", "ada/package/beside.py")
    write(tmp_path, "words", "ada/words.txt")
    app = start("from package.beside import found\ndef facts(_): return [found, open('words.txt').read()]")
    assert ask(app) == ["beside", "words"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_its_worker_processes_find_its_modules(method: str, jail: Jail, tmp_path: Path) -> None:
    """They are new interpreters, or import the app again. The folders around a specification cannot be listed."""
    if jail == JAILS["a submission in tier C"] and os.geteuid() != 0:
        pytest.skip("they share memory by /dev/shm, which only a user that exists for one grade may use")
    if jail == JAILS["a submission in tier C"] and method == "forkserver":
        pytest.skip("it listens, and a filter cannot tell a listener for Unix sockets from one for the network")
    source = f"""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        import uvicorn
        from grader.kit import upstream
        def double(number): return 2 * number
        pool = None
        def facts(_):
            global pool
            pool = pool or ProcessPoolExecutor(1, mp_context=multiprocessing.get_context({method!r}))
            return pool.submit(double, 21).result()
    """
    file = write(tmp_path / "ada", mirror(source))
    around = jail._replace(hidden=own.hidden_from(file, bundled()))
    with boot(Launch(file, jail=around), NOWHERE) as app:
        app.wait_until_ready()
        assert (ask(app), app.log) == (42, "")


def test_a_submission_in_tier_c_uses_no_unix_socket_of_others(tmp_path: Path) -> None:
    """Also where root gives it a user of its own, to whom a socket of mode 0777 is open."""
    offers.tier(Tier.C)
    source = """
        import socket
        def facts(_):
            try:
                socket.socket(socket.AF_UNIX).close()
            except OSError as error:
                return error.strerror
    """
    jail = Jail(Tier.C, is_strict=True)
    with boot(Launch(write(tmp_path / "ada", mirror(source)), jail=jail), NOWHERE) as app:
        app.wait_until_ready()
        assert ask(app) == "Address family not supported by protocol"


def test_nothing_of_it_is_left(start: Start, jail: Jail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    before = remains()
    app = start(
        """
        import subprocess
        def facts(_):
            subprocess.Popen(["sleep", "1000"], start_new_session=True, env={})
            return 1
        """
    )
    assert ask(app) == 1
    app.stop()
    app.stop()
    assert remains() == before
    assert os.listdir(tmp_path / "temporary") == []


def test_each_process_of_a_submission_has_few_descriptors(start: Start, jail: Jail) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    app = start("import resource\ndef facts(_): return resource.getrlimit(resource.RLIMIT_NOFILE)")
    expected = [1024 if not 0 <= limit <= 1024 else limit for limit in before] if jail.is_strict else list(before)
    assert ask(app) == expected


#: Folders that are too many within each other for a function that calls itself, and one that cannot be listed.
FOLDERS = """
        import os
        def facts(_):
            for place in (os.environ["TMPDIR"], "/dev/shm"):
                try:
                    os.mkdir(f"{place}/unlistable-{os.getuid()}", 0o300)
                    open(f"{place}/unlistable-{os.getuid()}/file", "w").close()
                    os.mkdir(f"{place}/deep-{os.getuid()}")
                except OSError:
                    continue
                here = os.open(f"{place}/deep-{os.getuid()}", os.O_RDONLY)
                for _ in range(3000):
                    os.mkdir("d", dir_fd=here)
                    before, here = here, os.open("d", os.O_RDONLY, dir_fd=here)
                    os.close(before)
            return os.getuid()
"""


@pytest.mark.parametrize("jail", [name for name in JAILS if "submission" in name], indirect=True)
def test_folders_of_any_depth_are_removed(
    start: Start, jail: Jail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    app = start(FOLDERS)
    user = ask(app)
    app.stop()
    left = [*(tmp_path / "temporary").iterdir(), *Path("/dev/shm").glob(f"*-{user}")]
    for folder in left:
        trees.remove(folder)
    assert left == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give an app a user of its own")
def test_roots_submissions_have_a_user_of_their_own(start: Start, jail: Jail) -> None:
    app = start(
        """
        import os, pathlib
        def facts(_):
            shared = pathlib.Path("/dev/shm", f"stream-katas-test-{os.getpid()}-{os.getuid()}")
            shared.write_text("x")
            status = open("/proc/self/status").read()
            return [os.getresuid(), os.getgroups(), status.count("CapEff:\\t0000000000000000")]
        """
    )
    users, groups, without_capabilities = ask(app)
    app.stop()
    if jail.is_strict:
        assert users[0] == users[1] == users[2] != 0
        assert groups == []
        assert jail.tier is Tier.C or without_capabilities == 1
    left = list(Path("/dev/shm").glob(f"stream-katas-test-*-{users[0]}"))
    for file in left:
        file.unlink()
    assert (left == []) is jail.is_strict


@pytest.mark.long
def test_nothing_is_left_of_a_thousand(jail: Jail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pytest -m long tests/serving/jail`: 1,000 apps in each jail."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    file = write(tmp_path / "ada", mirror("facts = str"))
    before = remains()
    for _ in range(1000):
        with boot(Launch(file, jail=jail), NOWHERE) as app:
            app.wait_until_ready()
            assert ask(app) == "/"
    assert remains() == before
    assert os.listdir(tmp_path / "temporary") == []


def remains() -> tuple[list[str], list[psutil.Process], list[str], int]:
    """What a jail could leave behind, beside files: mounts, processes, control groups, descriptors."""
    mounts = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    mounts = [line for line in mounts if "/pytest-of-" not in line]  # a test that runs at the same time mounts a disk
    groups = Path("/proc/self/cgroup").read_text("utf-8").splitlines()
    return mounts, psutil.Process().children(recursive=True), groups, len(os.listdir("/proc/self/fd"))


def test_in_tier_a_it_ends_even_when_the_grader_is_killed(tmp_path: Path) -> None:
    """Nobody is left to look for what it has started, but the kernel ends all of a process namespace."""
    offers.tier(Tier.A)
    read, wrote = os.pipe()
    source = """
        import subprocess
        def facts(_):
            subprocess.Popen(["sleep", "1000"], start_new_session=True, env={})
            return 1
    """
    file = write(tmp_path / "ada", mirror(source))
    program = f"""
import os, signal
from pathlib import Path
from grader.serving.jail.plan import Jail, Tier
from grader.serving.launch import Launch, boot
from tests.serving.test_child_app import NOWHERE, ask
app = boot(Launch(Path({str(file)!r}), jail=Jail(Tier.A, is_strict=True)), NOWHERE)
app.wait_until_ready()
ask(app)
print(*app._process.members(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        timeout=DEADLINE,
        pass_fds=[wrote],
        check=False,
    )
    os.close(wrote)
    assert done.returncode == -signal.SIGKILL
    pids = list(map(int, done.stdout.split()))
    assert len(pids) == 4  # the warden, the first process, the app, and what it has started
    with os.fdopen(read, "rb") as end:
        assert end.read() == b""  # the warden has ended, too: nobody holds the other end any more
    psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=DEADLINE)
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


def test_a_signal_leaves_no_folder_behind(tmp_path: Path) -> None:
    offers.tier(Tier.C)
    file = write(tmp_path / "ada", mirror("facts = str"))
    (tmp_path / "temporary").mkdir()
    program = f"""
import os, signal
from pathlib import Path
from grader import interrupt
from grader.serving.jail.plan import Jail, Tier
from grader.serving.launch import Launch, boot
from tests.serving.test_child_app import NOWHERE
interrupt.end_on_signals()
app = boot(Launch(Path({str(file)!r}), jail=Jail(Tier.C, is_strict=True)), NOWHERE)
app.wait_until_ready()
print(os.listdir({str(tmp_path / "temporary")!r}), flush=True)
os.kill(os.getpid(), signal.SIGTERM)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
        capture_output=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 128 + signal.SIGTERM, done.stderr
    assert b"stream-katas-" in done.stdout
    assert os.listdir(tmp_path / "temporary") == []
