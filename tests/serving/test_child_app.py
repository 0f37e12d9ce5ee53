"""Booting: a real server of its own, shut off from ours, whose output and end are known."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from grader import wire
from grader.errors import BootFailed, Inconclusive
from grader.serving import guard
from grader.serving.child_app import ChildApp
from grader.serving.jail.cell import Cell
from grader.serving.jail.plan import NO_JAIL
from grader.serving.launch import Launch, boot
from grader.serving.limits import LaunchLimits
from grader.serving.pipes import Pipes
from grader.serving.processes import ProcessTree

DEADLINE = 60.0  # seconds
NOWHERE = ("127.0.0.1", 9)

#: Answers each request with what ``facts`` finds; put before it what the test is about.
MIRROR = """
    import json, os, sys
    async def app(scope, receive, send):
        if scope["type"] == "http":
            body = json.dumps(facts(scope["path"])).encode()
            length = [(b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": length})
            await send({"type": "http.response.body", "body": body})
"""

Boot = Callable[..., ChildApp]


def write(folder: Path, source: str, name: str = "app.py") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(source), "utf-8")
    return file


@pytest.fixture
def start_app(tmp_path: Path) -> Iterator[Boot]:
    """Start an app without waiting for it."""
    apps: list[ChildApp] = []

    def start(source: str, **limits: float) -> ChildApp:
        file = write(tmp_path, source)
        apps.append(boot(Launch(file, limits=LaunchLimits(**limits)), NOWHERE))  # type: ignore[arg-type]
        return apps[-1]

    yield start
    for app in reversed(apps):
        app.stop(graceful=False)


def mirror(facts: str) -> str:
    return textwrap.dedent(MIRROR) + "\n" + textwrap.dedent(facts)


def ask(app: ChildApp, path: str = "/") -> Any:
    """One request; a process that was forked meanwhile may keep the connection open, so JSON ends the answer, too."""
    with app.connect() as connection:
        connection.settimeout(DEADLINE)
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = b""
        while received := connection.recv(65536):
            answer += received
            with suppress(ValueError):
                return json.loads(answer.partition(b"\r\n\r\n")[2])
    raise AssertionError(answer)


def wait_for_end(app: ChildApp) -> None:
    """Ask for the app's end, and wait until its process has gone."""
    deadline = time.monotonic() + DEADLINE
    with app.connect() as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while app.exit_reason() == "":  # which gives it a moment
            assert time.monotonic() < deadline


def test_a_server_that_is_stopping_gets_longer_to_end(start_app: Boot) -> None:
    app = start_app(mirror("facts = str") + "\nimport os, threading\nthreading.Timer(1.0, os._exit, (3,)).start()\n")
    app.wait_until_ready()
    assert app.exit_reason(refuses=True) == "the app's process exited with status 3"


# -- what the app is given ------------------------------------------------------------------------------------------


def test_the_app_runs_in_surroundings_of_its_own(
    start_app: Boot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"MY_TOKEN": "secret", "PYTHONSTARTUP": "x", "LC_TEST": "kept", "LANG": "C.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    app = start_app(
        mirror(
            """
            def facts(_):
                return {
                    "env": dict(os.environ), "cwd": os.getcwd(), "argv": sys.argv, "name": __name__, "file": __file__,
                    "pid": os.getpid(), "group": os.getpgrp(), "session": os.getsid(0), "input": sys.stdin.read(),
                    "pytest": "pytest" in sys.modules, "path": sys.path,
                }
            """
        )
    )
    app.wait_until_ready()
    facts = ask(app)
    env = facts["env"]
    assert (env["LC_TEST"], env["LANG"], env["PATH"]) == ("kept", "C.UTF-8", os.environ["PATH"])
    assert env["STREAM_KATAS_UPSTREAM"] == "127.0.0.1:9"
    assert not {"MY_TOKEN", "PYTHONSTARTUP", "PYTEST_CURRENT_TEST"} & set(env)
    assert facts["cwd"] == facts["path"][0] == str(tmp_path)
    assert facts["argv"] == [facts["file"]] == [str(tmp_path / "app.py")]
    assert facts["name"] == "app"
    assert facts["pid"] == facts["group"] == facts["session"] != os.getpgrp()
    assert facts["input"] == ""
    assert facts["pytest"] is False


def test_siblings_are_imported_as_they_are_now_and_nothing_is_left_beside_them(start_app: Boot, tmp_path: Path) -> None:
    """The second edit is as long as the first and made in the same instant, as far as the file system tells."""
    source = mirror(
        """
        import helper, package.module, plain.inner
        def facts(_):
            return [helper.text, package.text, package.module.text, plain.inner.text]
        """
    )
    seen = []
    for text in ("one", "two"):
        for name in ("helper.py", "package/__init__.py", "package/module.py", "plain/inner.py"):
            os.utime(write(tmp_path, f"text = {text!r}", name), (1_600_000_000, 1_600_000_000))
        with start_app(source) as app:
            app.wait_until_ready()
            seen.append(ask(app))
    assert seen == [["one"] * 4, ["two"] * 4]
    assert list(tmp_path.rglob("__pycache__")) == []


NEIGHBOURS = "h11 queue random email http copy socket ssl asyncio uvicorn click grader json typing threading".split()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_neighbours_with_the_names_of_modules_do_not_break_the_child(loop: str, http: str, tmp_path: Path) -> None:
    for name in NEIGHBOURS:
        write(tmp_path, "raise RuntimeError('this is not what you are looking for')", f"{name}.py")
    source = """
        from grader.kit import upstream
        import asyncio
        def facts(_):
            return asyncio.get_running_loop().run_in_executor(None, print, "from a thread") and "still there"
    """
    with boot(Launch(write(tmp_path, mirror(source)), loop=loop, http=http), NOWHERE) as app:
        app.wait_until_ready()
        assert ask(app) == "still there"
        assert app.stop() == ()


def test_a_python_path_with_another_grader_does_not_break_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "elsewhere", "", "grader.py")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    file = write(tmp_path, mirror("from grader.kit import upstream\ndef facts(_): return 'still there'"))
    with boot(Launch(file), NOWHERE) as app:
        assert ask(app) == "still there"


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_the_server_and_the_kit_are_imported_before_the_app(loop: str, http: str, tmp_path: Path) -> None:
    """What the app changes or hides at its import, such as asyncio.run(), they have taken before."""
    source = "import sys\nfound = sorted(sys.modules)\n" + mirror("def facts(_): return found")
    with boot(Launch(write(tmp_path, source), loop=loop, http=http), NOWHERE) as app:
        needed = {"uvicorn.server", f"uvicorn.protocols.http.{http}_impl", f"uvicorn.loops.{loop}", "grader.kit", http}
        assert needed <= set(ask(app))


def test_a_patched_asyncio_does_not_break_the_child(start_app: Boot) -> None:
    """As nest_asyncio does: an asyncio.run() that knows no loop factory."""
    source = """
        import asyncio
        def run(main, *, debug=False): raise RuntimeError("this is not what you are looking for")
        asyncio.run = run
        def facts(_): return "still there"
    """
    assert ask(start_app(mirror(source))) == "still there"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_worker_processes_start_by_every_method(method: str, start_app: Boot) -> None:
    source = f"""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        def double(number): return 2 * number, os.getpid()
        pool = None
        def facts(_):
            global pool
            pool = pool or ProcessPoolExecutor(1, mp_context=multiprocessing.get_context({method!r}))
            result, pid = pool.submit(double, 21).result()
            return [result, pid != os.getpid()]
    """
    app = start_app(mirror(source))
    assert ask(app) == [42, True]
    assert app.log == ""


@pytest.mark.parametrize("place", ["import", "lifespan", "request"])
def test_an_app_that_empties_its_environment_still_reaches_the_upstream(place: str, start_app: Boot) -> None:
    """Whenever it does so: the kit has read the address before."""
    clears = {when: "os.environ.clear()" if when == place else "pass" for when in ("import", "lifespan", "request")}
    source = f"""
        import os, socket
        {clears["import"]}
        from grader import kit
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                {clears["lifespan"]}
                await receive()
                await send({{"type": "lifespan.startup.complete"}})
                await receive()
            else:
                {clears["request"]}
                try:
                    await anext(kit.upstream("key"))
                except (kit.UpstreamError, OSError) as error:
                    found = str(error).encode()
                head = [(b"content-length", str(len(found) + 2).encode())]
                await send({{"type": "http.response.start", "status": 200, "headers": head}})
                await send({{"type": "http.response.body", "body": b'"' + found + b'"'}})
    """
    app = start_app(source)
    app.wait_until_ready()
    assert "Connection refused" in ask(app) or "Connect call failed" in ask(app)  # at the address that it was given


def test_the_app_gets_the_variables_that_it_was_given(tmp_path: Path) -> None:
    file = write(tmp_path, mirror("def facts(_): return [os.environ['API_KEY'], 'PATH' in os.environ]"))
    with boot(Launch(file, environment={"API_KEY": "sk-1"}), NOWHERE) as app:
        assert ask(app) == ["sk-1", True]


def test_an_app_in_a_package_runs_in_the_root_of_its_project(tmp_path: Path) -> None:
    for root in ("src", "flat"):
        package = tmp_path / root / "own"
        write(package, "", "__init__.py")
        file = write(package, mirror("def facts(_): return [os.getcwd(), __name__]"))
        with boot(Launch(file), NOWHERE) as app:
            assert ask(app) == [str(tmp_path if root == "src" else tmp_path / root), "own.app"]


def test_the_machine_does_not_decide_how_many_calls_run_in_threads_at_once(start_app: Boot) -> None:
    """Each call waits for all others. By default asyncio has four threads more than the machine has processors."""
    source = """
        import asyncio, threading
        meeting = threading.Barrier(48)
        async def app(scope, receive, send):
            if scope["type"] == "http":
                await asyncio.gather(*(asyncio.to_thread(meeting.wait, 50) for _ in range(48)))
                await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
                await send({"type": "http.response.body", "body": b"1"})
    """
    app = start_app(source)
    app.wait_until_ready()
    assert ask(app) == 1


def test_a_slow_client_has_its_buffer_before_it_connects(start_app: Boot) -> None:
    app = start_app(mirror("def facts(path): return path"))
    app.wait_until_ready()
    with app.connect(receive_buffer=4096) as slow, app.connect() as usual:
        sizes = [found.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for found in (slow, usual)]
    assert sizes[0] <= 2 * 4096 < sizes[1]


# -- what is known of it --------------------------------------------------------------------------------------------


def test_requests_are_taken_from_before_the_app_is_ready(start_app: Boot) -> None:
    """The listener is there before the process is: nothing polls, and no port is raced for."""
    app = start_app(mirror("def facts(path): return path"))
    assert ask(app, "/early") == "/early"


def test_a_control_request_is_answered_by_the_loop_and_neither_app_nor_log_see_it(start_app: Boot) -> None:
    app = start_app(mirror("def facts(path): print('asked for', path)"))
    app.wait_until_ready()
    with app.ask() as control:
        control.settimeout(DEADLINE)
        assert control.recv(100).startswith(b"HTTP/1.1 400 ")
    ask(app)
    app.stop()
    assert app.log == "asked for /\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the states of connections are not in a file")
def test_a_control_request_holds_no_port(start_app: Boot) -> None:
    """Not even until the end of the grade, when ports are given back: a busy machine has many grades at once."""
    app = start_app(mirror("facts = str"))
    app.wait_until_ready()
    with app.ask() as control:
        control.settimeout(DEADLINE)
        while control.recv(100):  # to its end: a close before would be a reset by itself
            pass
        ends = {f"{control.getsockname()[1]:04X}", f"{control.getpeername()[1]:04X}"}  # others may have one of the two
    deadline = time.monotonic() + 20  # TIME_WAIT lasts a minute
    while any(
        {end.rpartition(":")[2] for end in row.split()[1:3]} == ends
        for row in Path("/proc/net/tcp").read_text("ascii").splitlines()
    ):
        assert time.monotonic() < deadline
        app.exit_reason()  # which gives it a moment


def test_what_the_app_prints_is_kept(start_app: Boot) -> None:
    app = start_app(
        'import os, sys\nprint("out é")\nsys.stderr.write("err\\n")\nos.write(1, b"\\xff raw\\n")\nx = 1 / 0'
    )
    with pytest.raises(BootFailed, match="ZeroDivisionError"):
        app.wait_until_ready()
    app.stop()
    assert app.log == "out é\nerr\n\\xff raw\n"


ENDS = {
    "status": ("os._exit(5)", "exited with status 5"),
    "signal": ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
    "signal without a name": (
        "os.kill(os.getpid(), signal.SIGRTMIN + 1)",
        f"was killed by signal {signal.SIGRTMIN + 1}",
    ),
    "stack": ("ctypes.string_at(0)", "was killed by SIGSEGV"),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_end_at_start_up_is_told_in_words(name: str, start_app: Boot) -> None:
    source, words = ENDS[name]
    app = start_app(f"import ctypes, os, signal\n{source}")
    with pytest.raises(BootFailed, match=f"the app's process {words} at start-up"):
        app.wait_until_ready()
    assert app.exit_reason() == f"the app's process {words}"


def test_an_end_while_it_serves_is_told_in_words(start_app: Boot) -> None:
    app = start_app(mirror("def facts(path): os._exit(9)"))
    app.wait_until_ready()
    assert (app.is_running, app.exit_reason()) == (True, "")
    wait_for_end(app)
    assert app.exit_reason() == "the app's process exited with status 9"
    assert app.stop() == ()


def test_whatever_the_app_writes_to_the_grader_is_taken_with_composure(start_app: Boot) -> None:
    """It may guess the number of the pipe; what it says there explains, and decides nothing."""
    lies: list[object] = [
        {"status": "loading", "seconds": 1, "location": ["x", "y", "", "", ""]},
        {"status": "blocked", "seconds": 1, "location": {"line": 1}},
        {"status": "failed", "headline": 1},
        {"status": "failed", "headline": "x", "advice": "", "frames": 7},
        {"status": "tick", "ready": 1},
        [],
        None,
        "x",
    ]
    texts = [json.dumps(lie) for lie in lies]
    texts += ["[" * 100_000, "9" * 10_000, '{"status"', "", "\0"]
    app = start_app(
        mirror(
            f"""
            config = json.loads(open("/proc/self/cmdline").read().split("\\0")[-2])
            def facts(_):
                os.write(config["status"], b"\\xff\\n" + {chr(10).join(texts)!r}.encode() + b"\\n")
                print("still heard")
                return "still there"
            """
        )
    )
    app.wait_until_ready()
    assert ask(app) == "still there"
    ticks, deadline = app.ticks, time.monotonic() + DEADLINE
    while app.ticks < ticks + 5 or "still heard" not in app.log:  # the reader goes on
        assert app.exit_reason() == ""  # which gives it a moment
        assert time.monotonic() < deadline


class EndedProcess(ProcessTree):
    """It ends when it is first looked at after ``shuts_down`` is set; what it said last arrives after that."""

    def __init__(self, pipes: Pipes) -> None:
        self.looked = threading.Event()
        self.shuts_down = False
        self._pipes = pipes

    @property
    def pid(self) -> int:
        return 0  # of no process: the guard may look at it at any time

    def poll(self) -> int | None:
        if not self.shuts_down:
            return None
        self.looked.set()
        return 0

    def end(self) -> bool:
        self.shuts_down = True
        return True

    def members(self) -> list[int]:
        return []

    def say_late(self) -> None:
        assert self.looked.wait(DEADLINE)
        os.write(self._pipes.childs_status, wire.encode_status(wire.Stopped("cannot close")))


class StillProcess(EndedProcess):
    """It has ended before it was looked at, and said what it said."""

    def poll(self) -> int | None:
        return 127


@pytest.mark.parametrize(
    ("statuses", "error", "words"),
    [
        ((), Inconclusive, "exited with status 127 before it came to your code: no such library"),
        ((wire.Sign.TICK,), Inconclusive, "before it came to your code"),
        ((wire.Loading(0.0),), BootFailed, "the app's process exited with status 127 at start-up"),
        ((wire.Loading(0.0), wire.Failed("it has no app")), BootFailed, "it has no app"),
    ],
    ids=["nothing", "a tick", "loading", "failed"],
)
def test_an_end_before_the_first_line_of_the_app_is_not_its_fault(
    statuses: tuple[wire.Status, ...], error: type[Exception], words: str
) -> None:
    with Pipes() as pipes:
        os.write(pipes.childs_output, b"warning\nno such library\n")
        os.write(pipes.childs_status, b"".join(wire.encode_status(status) for status in statuses))
        app = ChildApp(
            StillProcess(pipes),
            pipes,
            cell=Cell(NO_JAIL, Path()),
            limits=LaunchLimits(startup=DEADLINE),
            upstream=NOWHERE,
        )
    with pytest.raises(error, match=words):
        app.wait_until_ready()
    app.stop()


def test_a_process_that_cannot_be_started_is_the_machines_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(Inconclusive, match=r"cannot start the app's process: .*temporarily unavailable"):
        boot(Launch(write(tmp_path, "")), NOWHERE)


UNREACHABLE = [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS]


@pytest.mark.parametrize("number", UNREACHABLE, ids=errno.errorcode.get)
@pytest.mark.parametrize("when", ["socket", "connect"])
def test_a_connection_that_the_machine_cannot_make_is_its_fault(
    when: str, number: int, start_app: Boot, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = start_app("")

    class Socket(socket.socket):
        def __init__(self, *args: Any, **more: Any) -> None:
            if when == "socket":
                raise OSError(number, os.strerror(number))
            super().__init__(*args, **more)

        def connect(self, address: Any) -> None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "socket", Socket)
    with pytest.raises(Inconclusive, match=r"this machine cannot connect to its own 127\.0\.0\.1"):
        app.connect()


PULLS = {"upstream": "asyncio.run(pull())", "blocking_upstream": "next(blocking_upstream('key'))"}


@pytest.mark.parametrize("flavour", PULLS)
@pytest.mark.parametrize(("number", "is_the_machines"), [(errno.EADDRNOTAVAIL, True), (errno.ECONNREFUSED, False)])
def test_a_kit_that_the_machine_cannot_connect_says_so(
    number: int, is_the_machines: bool, flavour: str, start_app: Boot, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"""
        import asyncio, socket, threading
        from grader.kit import blocking_upstream, upstream
        class Socket(socket.socket):
            def connect(self, address): raise OSError({number}, os.strerror({number}))
        async def pull(): return await anext(upstream("key"))
        found = []
        def work():
            try: {PULLS[flavour]}
            except OSError as error: found.append(error.errno)
        def facts(_):
            thread, socket.socket = threading.Thread(target=work), Socket
            thread.start()
            thread.join()
            return found
    """
    app = start_app(mirror(source))
    app.wait_until_ready()
    assert ask(app) == [number]
    assert app.machine_fault == ""  # the grader can connect

    def connect(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "connect", connect, raising=False)
    time.sleep(0.1)  # until the grader tries again
    words = f"this machine cannot connect the app to the grader's upstream: [Errno {number}] {os.strerror(number)}"
    assert app.machine_fault == (words if is_the_machines else "")


# -- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "doing"),
    [
        ("import threading\nthreading.Event().wait()", "importing the module has not ended"),
        (
            "import asyncio\nasync def app(scope, receive, send): await asyncio.Event().wait()",
            "its lifespan start-up has not ended",
        ),
    ],
    ids=["import", "lifespan"],
)
def test_a_start_up_without_end_is_given_up(source: str, doing: str, start_app: Boot) -> None:
    app = start_app(source, startup=0.5)
    with pytest.raises(BootFailed, match=rf"did not start within 0\.5 seconds: {doing}"):
        app.wait_until_ready()
    assert app.is_running  # it is the caller's to stop


HOARD = "hoard = b'x' * (300 << 20)"
HOARDS = {
    "private": HOARD,
    "shared": "import mmap\nhoard = mmap.mmap(-1, 300 << 20)\nfor _ in range(300): hoard.write(b'x' * (1 << 20))",
    "several processes": "import os, time\nfor _ in range(3):\n    if not os.fork():\n"
    "        hoard = b'x' * (100 << 20)\n        time.sleep(1000)",
    "a daemon": "import os, time\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n"
    "        hoard = b'x' * (300 << 20)\n        time.sleep(1000)\n    os._exit(0)",
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is known of memory")
@pytest.mark.parametrize("name", HOARDS)
def test_memory_has_a_limit_for_all_processes_of_the_app(name: str, start_app: Boot) -> None:
    app = start_app(f"{HOARDS[name]}\nimport threading\nthreading.Event().wait()", memory=256 << 20)
    words = "used more than its memory limit of 256 MiB, so the grader ended it"
    with pytest.raises(BootFailed, match=f"the app's process {words} at start-up"):
        app.wait_until_ready()
    assert app.exit_reason() == f"the app's process {words}"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is known of descriptors")
def test_descriptors_have_a_limit_for_all_processes_of_the_app(
    start_app: Boot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits in their buffers counts for no process."""
    monkeypatch.setattr(guard, "MOST_DESCRIPTORS", 300)
    app = start_app("""
        import os, socket, time
        for _ in range(3):
            if not os.fork():
                pairs = [socket.socketpair() for _ in range(60)]
                time.sleep(1000)
        time.sleep(1000)
    """)
    words = "had more than 300 files and connections open, so the grader ended it"
    with pytest.raises(BootFailed, match=f"the app's process {words} at start-up"):
        app.wait_until_ready()


def test_descriptors_that_processes_share_count_once(start_app: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was forked while many clients were there has all their connections."""
    monkeypatch.setattr(guard, "MOST_DESCRIPTORS", 300)
    source = """
        import socket, time
        pairs = [socket.socketpair() for _ in range(60)]
        for _ in range(4):
            if not os.fork():
                time.sleep(1000)
        def facts(path):
            time.sleep(0.3)  # the guard looks several times
            return "still there"
    """
    assert ask(start_app(mirror(source))) == "still there"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the state of a process is not known")
def test_an_app_that_stops_itself_has_ended(start_app: Boot) -> None:
    """Its sockets stay open, and it would respond to nothing until the time of the whole grade is over."""
    app = start_app(mirror("import signal\ndef facts(path): os.kill(os.getpid(), signal.SIGSTOP)"))
    app.wait_until_ready()
    wait_for_end(app)
    assert app.exit_reason() == "the app's process stopped itself by a signal, such as SIGSTOP, so the grader ended it"


def test_memory_within_the_limit_may_be_used(start_app: Boot) -> None:
    app = start_app(mirror(f"{HOARD}\ndef facts(path): return len(hoard)"), memory=512 << 20)
    assert ask(app) == 300 << 20


def test_memory_that_processes_share_counts_once(start_app: Boot) -> None:
    source = f"""
        {HOARD}
        import time
        for _ in range(3):
            if not os.fork():
                time.sleep(1000)
        def facts(path):
            time.sleep(0.3)  # the guard looks several times
            return "still there"
    """
    assert ask(start_app(mirror(source), memory=512 << 20)) == "still there"


def test_idle_threads_use_no_memory(start_app: Boot) -> None:
    source = """
        import threading
        end = threading.Event()
        for _ in range(300): threading.Thread(target=end.wait, daemon=True).start()
        def facts(path): return threading.active_count() > 300
    """
    assert ask(start_app(mirror(source), memory=256 << 20)) is True


def test_a_file_has_a_limit_and_no_program_gains_privileges(start_app: Boot, tmp_path: Path) -> None:
    source = """
        def facts(path):
            try:
                os.truncate(os.open("big", os.O_CREAT | os.O_RDWR), (256 << 20) + 1)
            except OSError as error:
                words = error.strerror
            return [words, "NoNewPrivs:\\t1" in open("/proc/self/status").read()]
    """
    assert ask(start_app(mirror(source))) == ["File too large", True]


def test_what_worker_processes_use_is_known(start_app: Boot) -> None:
    source = """
        import subprocess
        def facts(path):
            code = "import time\\nwhile time.process_time() < 0.2: pass"
            worker = subprocess.Popen([sys.executable, "-c", code])
            if path == "/waits":
                worker.wait()
    """
    app = start_app(mirror(source))
    app.wait_until_ready()
    assert app.worker_seconds() == 0.0
    ask(app, "/waits")
    assert app.worker_seconds() >= 0.15  # /proc counts in hundredths, rounded down
    ask(app, "/")
    deadline = time.monotonic() + DEADLINE
    while app.worker_seconds() < 0.3:
        assert time.monotonic() < deadline
        app.exit_reason()  # which gives it a moment


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process cannot choose its processors")
def test_all_threads_of_an_app_share_a_processor(start_app: Boot) -> None:
    app = start_app(
        mirror(
            """
            import threading
            found = set()
            def look(): found.update(os.sched_getaffinity(0))
            def facts(_):
                thread = threading.Thread(target=look)
                thread.start()
                thread.join()
                look()
                return len(found)
            """
        )
    )
    assert ask(app) == 1


# -- the end --------------------------------------------------------------------------------------------------------

LIFESPAN = """
    import asyncio
    async def app(scope, receive, send):
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                {shutdown}
                print("closed in good order")
            await send({{"type": message["type"] + ".complete"}})
"""

SHUTDOWNS = {
    "well": ("pass", ()),
    "never": ("await asyncio.Event().wait()", ("The app's lifespan shutdown did not end within a second.",)),
    "blocked": (
        "import threading; threading.Event().wait()",
        ("The app's lifespan shutdown did not end within a second.",),
    ),
    "by exiting": ("import os; os._exit(3)", ("The app's process exited with status 3 in its lifespan's shutdown.",)),
}


@pytest.mark.parametrize("name", SHUTDOWNS)
def test_a_graceful_end_lets_the_lifespan_close(name: str, start_app: Boot) -> None:
    shutdown, notes = SHUTDOWNS[name]
    app = start_app(textwrap.dedent(LIFESPAN).format(shutdown=shutdown))
    app.wait_until_ready()
    assert app.stop() == notes
    assert ("closed in good order" in app.log) is (name == "well")


def test_what_an_app_said_last_is_heard_after_its_end_too() -> None:
    with Pipes() as pipes:
        process = EndedProcess(pipes)
        app = ChildApp(
            process, pipes, cell=Cell(NO_JAIL, Path()), limits=LaunchLimits(startup=DEADLINE), upstream=NOWHERE
        )
        os.write(pipes.childs_status, wire.encode_status(wire.Sign.READY))
        app.wait_until_ready()
        process.shuts_down = True
        thread = threading.Thread(target=process.say_late)
        thread.start()
        assert app._shut_down() == ("The app's lifespan failed at shutdown: cannot close",)
        thread.join(DEADLINE)
    app.stop()


def test_stopping_ends_the_whole_group_and_may_be_repeated(start_app: Boot) -> None:
    app = start_app(
        mirror(
            """
            import subprocess
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
            def facts(_): return [os.getpid(), child.pid]
            """
        )
    )
    app.wait_until_ready()
    pids = ask(app)
    with app:
        assert all(map(psutil.pid_exists, pids))
    assert not any(map(psutil.pid_exists, pids))
    assert app.stop() == app.stop(graceful=False) == ()
    assert not app.is_running
    with pytest.raises(OSError, match="refused"):
        app.connect()


def test_what_the_system_cannot_end_is_a_note() -> None:
    class Immortal(StillProcess):
        def end(self) -> bool:
            super().end()
            return False

    with Pipes() as pipes:
        app = ChildApp(Immortal(pipes), pipes, cell=Cell(NO_JAIL, Path()), limits=LaunchLimits(), upstream=NOWHERE)
    assert app.stop() == app.stop() == ("A process of the app is left: the system could not end it.",)


def test_an_app_that_never_got_ready_is_stopped_as_well(start_app: Boot) -> None:
    app = start_app("while True: pass")
    assert app.stop() == ()
    assert app.exit_reason() == "the app's process was killed by SIGKILL"


@pytest.mark.skipif(sys.platform != "linux", reason="reads the system call of a thread")
def test_the_server_has_no_timers_of_its_own(tmp_path: Path) -> None:
    """Not even of connections that were reset: all timers that are seen are the app's."""
    with boot(Launch(write(tmp_path, mirror("def facts(_): return 1"))), NOWHERE) as app:
        for _ in range(5):
            with app.ask() as control:
                control.recv(1)
        found = [app.next_timer() for _ in range(200)]
        assert [timer for timer in found if timer is not None and 0 < timer.seconds < 60] == []
