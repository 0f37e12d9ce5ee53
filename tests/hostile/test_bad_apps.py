"""Bad input: each gets a clear report, the right exit code, no traceback of the grader's, and no process left.

That no process survives is asserted by the ``grade`` fixture, for every run.
"""

from __future__ import annotations

import json
import os
import re
import resource
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from tests.conftest import Grade

SCHEMA = json.loads(Path(__file__).resolve().parents[2].joinpath("grader/report/report.schema.json").read_text("utf-8"))

#: An app around one ASGI function, for what happens while a request is answered.
ASGI = """
    import asyncio, gc, os, signal, sys, time
    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        if scope["path"] != "/generate":
            await start(send, 404)
            return await send({"type": "http.response.body", "body": b""})
        await answer(send)

    async def start(send, status=200, kind=b"text/event-stream", *headers):
        head = [(b"content-type", kind), (b"cache-control", b"no-cache"), *headers]
        await send({"type": "http.response.start", "status": status, "headers": head})

    async def body(send, data, more=False):
        await send({"type": "http.response.body", "body": data, "more_body": more})

    def raw(data):
        for thing in gc.get_objects():
            if type(thing).__name__ == "H11Protocol" and thing.cycle and not thing.cycle.response_complete:
                thing.transport.write(data)
                thing.transport.close()
"""


def write(folder: Path, source: str) -> str:
    file = folder / "app.py"
    file.write_text(textwrap.dedent(source), "utf-8")
    return str(file)


def write_asgi(folder: Path, answer: str) -> str:
    body = textwrap.indent(textwrap.dedent(answer).strip(), "    ")
    return write(folder, textwrap.dedent(ASGI) + "\nasync def answer(send):\n" + body + "\n")


BOOT = {
    "syntax error": ("def broken(:\n    pass", "app.py is not valid Python", "app.py:1"),
    "null bytes": ("app = 1\0", "app.py", "null bytes"),
    "import error": ("import no_such_thing", "“no_such_thing”, which is not installed", "app.py:1"),
    "broken helper": ("from grader.kit import nothing_like_it", "raises ImportError", "app.py:1"),
    "exception": ("x = {}\ny = x['k']", "raises KeyError while it is imported: 'k'", "app.py:2: y = x['k']"),
    "no app": ("from fastapi import FastAPI\nserver = FastAPI()", "has no “app”", "It has “server”"),
    "not callable": ("app = 42", "“app” in app.py is an int", "not an ASGI application"),
    "a WSGI app": ("def app(environ, start_response): return []", "a function that does not take ASGI's", ""),
    "a class": ("class app: pass", "does not take ASGI's", ""),
    "exit": ("raise SystemExit(3)", "exits while it is imported (SystemExit: 3)", ""),
    "hard exit": ("import os\nos._exit(7)", "exited with status 7 at start-up", ""),
    "killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL", ""),
    "all memory": ("x = bytearray(4 << 30)", "ran into its memory limit", "app.py:1"),
    "own recursion": ("def f(): f()\nf()", "raises RecursionError", "app.py:1, in f: def f(): f()"),
    "failing lifespan": (
        """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        @asynccontextmanager
        async def lifespan(app):
            raise ValueError("no database")
            yield
        app = FastAPI(lifespan=lifespan)
        """,
        "lifespan failed at startup: ValueError: no database",
        'raise ValueError("no database")',
    ),
    "broken lifespan app": (
        """
        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "out of luck"})
        """,
        "lifespan failed at startup: out of luck",
        "",
    ),
}


@pytest.mark.parametrize("name", BOOT)
def test_an_app_that_does_not_start_is_told_why(name: str, tmp_path: Path, grade: Grade) -> None:
    source, headline, detail = BOOT[name]
    done = grade("kata-1", "--app", write(tmp_path, source), json_report=True)
    flat = " ".join(done.out.split())
    assert done.code == 1
    assert "The app did not start:" in done.out
    assert headline in flat
    assert detail in flat
    assert not re.search("grader/(?!kit)", done.out)
    assert done.err == ""
    assert set(done.outcomes().values()) == {"failed"}
    Draft202012Validator(SCHEMA).validate(done.report)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = 1\nwhile True: x += 1", "importing the module has not ended app.py:2"),
        ("import time\ntime.sleep(1000)", "importing the module has not ended app.py:2"),
        (
            """
            import asyncio
            async def app(scope, receive, send):
                await asyncio.Event().wait()
            """,
            "its lifespan start-up has not ended",
        ),
    ],
    ids=["endless loop", "sleep", "lifespan"],
)
def test_a_start_that_never_ends_is_ended(source: str, words: str, tmp_path: Path, grade: Grade) -> None:
    done = grade("kata-1", "--app", write(tmp_path, source), "--startup-limit", "2")
    assert done.code == 1
    assert words in " ".join(done.out.split())


ANSWERS = {
    "crash": ("os._exit(9)", "the app's process exited with status 9"),
    "killed in mid-grade": ("os.kill(os.getpid(), signal.SIGKILL)", "the app's process was killed by SIGKILL"),
    "segfault": ("os.kill(os.getpid(), signal.SIGSEGV)", "the app's process was killed by SIGSEGV"),
    "exception": ("raise RuntimeError('oops')", '500, "text/plain"'),
    "blocked loop": ("time.sleep(1000)", "the event loop is blocked"),
    "busy loop": ("while True: pass", "the event loop is blocked"),
    "never answers": ("import asyncio; await asyncio.Event().wait()", "no response yet"),
    "not HTTP": (r'raw(b"\x00\x01 hello there\r\n\r\n")', "HTTP"),
    "closes at once": (r'raw(b"")', "closed"),
    "a header of 1 MB": (r'raw(b"HTTP/1.1 200 OK\r\nx-long: " + b"x" * (1 << 20) + b"\r\n\r\n")', "head"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_app_that_breaks_while_it_answers_is_told_how(name: str, tmp_path: Path, grade: Grade) -> None:
    answer, words = ANSWERS[name]
    app = write_asgi(tmp_path, answer)
    done = grade("kata-1", "--app", app, "--only", "stream_true_is_an_event_stream", json_report=True)
    assert done.code == 1, done.out + done.err
    assert words in done.seen("stream_true_is_an_event_stream")
    assert "Traceback" not in done.err
    assert "grader/" not in done.out
    Draft202012Validator(SCHEMA).validate(done.report)


def test_the_line_that_blocks_the_loop_is_named(tmp_path: Path, grade: Grade) -> None:
    app = write_asgi(tmp_path, "time.sleep(1000)")
    done = grade("kata-1", "--app", app, "--only", "stream_true_is_an_event_stream", json_report=True)
    place = done.report["checks"][0]["finding"]["place"]
    assert place["file"] == "app.py"
    assert place["text"] == "time.sleep(1000)"
    assert place["function"] == "answer"


BODIES = {
    "endless events": (
        'await start(send)\nwhile True: await asyncio.sleep(0), await body(send, b"data: 1\\n\\n", True)',
        "one_event_a_chunk",
        "1 is not of type 'object'",
    ),
    "endless comments": (
        'await start(send)\nwhile True: await asyncio.sleep(0), await body(send, b": ping\\n", True)',
        "one_event_a_chunk",
        "only comments",
    ),
    "an endless head of an event": (
        'await start(send)\nwhile True: await asyncio.sleep(0), await body(send, b"id: " + b"x" * 9999 + b"\\n", True)',
        "framing_is_well_formed",
        "one that is longer",
    ),
    "an event of 100 MB": (
        'await start(send)\nawait body(send, b"data: " + b"x" * 100_000_000 + b"\\n\\n")',
        "one_event_a_chunk",
        "one that is longer",
    ),
    "broken UTF-8": (
        'await start(send)\nawait body(send, b"data: \\xff\\xfe\\n\\n")',
        "framing_is_well_formed",
        "UTF-8",
    ),
    "broken chunks": (
        r'raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nfoo")',
        "one_event_a_chunk",
        "chunk",
    ),
    "short body": (
        'await start(send, 200, b"text/event-stream", (b"content-length", b"100"))\nawait body(send, b"data: 1\\n\\n")',
        "one_event_a_chunk",
        "100",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_broken_body_is_told_from_others(name: str, tmp_path: Path, grade: Grade) -> None:
    answer, check, words = BODIES[name]
    enough = ("--total-limit", "600")  # what has no end is read to a limit of bytes, which takes long on a slow machine
    done = grade("kata-1", "--app", write_asgi(tmp_path, answer), "--only", check, *enough, json_report=True)
    assert done.code == 1, done.out + done.err
    assert words in done.seen(check)


ESCAPES = "\x1b]0;owned\x07\x1b[2J[bold red]markup[/bold red][link=http://evil]x[/link]\x9b31m\u202e"


def test_nothing_that_the_app_says_reaches_the_terminal_raw(tmp_path: Path, grade: Grade) -> None:
    answer = f"""
    print({ESCAPES!r})
    sys.stderr.write({ESCAPES!r})
    await start(send, 200, {ESCAPES.encode()!r})
    await body(send, {ESCAPES.encode()!r})
    """
    done = grade("kata-1", "--app", write_asgi(tmp_path, answer), "--verbose")
    assert not set(done.out) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert "[bold red]markup" in done.out


def test_nothing_that_an_exception_says_reaches_the_terminal_raw(tmp_path: Path, grade: Grade) -> None:
    done = grade("kata-1", "--app", write(tmp_path, f"raise ValueError({ESCAPES!r})"))
    assert not set(done.out) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert "[bold red]markup" in done.out


def test_a_flood_of_output_is_bounded(tmp_path: Path, grade: Grade) -> None:
    app = write(tmp_path, "for _ in range(1600): print('x' * 65535)\nprint('the end')\nraise ValueError('after it')")
    done = grade("kata-1", "--app", app, json_report=True)
    assert "bytes left out" in done.report["log"]
    assert "the end" in done.report["log"]
    assert len(done.report["log"]) < 200_000


def test_memory_that_runs_out_in_a_request_is_noted(tmp_path: Path, grade: Grade) -> None:
    app = write_asgi(tmp_path, "x = bytearray(4 << 30)")
    done = grade("kata-1", "--app", app, "--only", "stream_true_is_an_event_stream", "--memory-limit", "512")
    assert done.code == 1
    assert "memory limit" in " ".join(done.out.split())


def test_an_app_that_crashes_in_each_check_is_booted_anew(tmp_path: Path, grade: Grade) -> None:
    done = grade("kata-1", "--app", write_asgi(tmp_path, "os._exit(9)"), json_report=True)
    assert done.outcomes()["batch_is_the_default"] == "failed"
    assert done.outcomes()["stream_true_is_an_event_stream"] == "failed"
    assert "started again 2 times" in " ".join(done.report["notes"])


def test_tracebacks_are_cut_to_the_learners_frames(tmp_path: Path, grade: Grade) -> None:
    app = write(
        tmp_path,
        """
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/generate")
        async def generate(prompt: str):
            return helper()
        def helper():
            raise LookupError("where is it?")
        """,
    )
    done = grade("kata-1", "--app", app, "--only", "batch_is_the_default", json_report=True)
    assert "LookupError: where is it?" in done.report["log"]
    assert "in helper" in done.report["log"]
    assert "site-packages" not in done.report["log"]


def test_a_failing_shutdown_is_noted_and_costs_nothing(tmp_path: Path, grade: Grade) -> None:
    app = write(
        tmp_path,
        """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        from grader.kit import upstream
        @asynccontextmanager
        async def lifespan(app):
            yield
            raise OSError("cannot close")
        app = FastAPI(lifespan=lifespan)
        @app.get("/generate")
        async def generate(prompt: str):
            return {"chunks": [chunk async for chunk in upstream(prompt)]}
        """,
    )
    done = grade("kata-1", "--app", app, "--only", "batch_is_the_default")
    assert done.code == 0
    assert "lifespan failed at shutdown: OSError: cannot close" in " ".join(done.out.split())


def test_an_app_that_alone_cannot_connect_to_the_upstream_is_not_excused(tmp_path: Path, grade: Grade) -> None:
    app = write(
        tmp_path,
        """
        import errno, socket
        from fastapi import FastAPI
        from grader.kit import upstream
        class Socket(socket.socket):
            def connect(self, address): raise OSError(errno.EADDRNOTAVAIL, "no port is free")
        socket.socket = Socket
        app = FastAPI()
        @app.get("/generate")
        async def generate(prompt: str):
            return {"chunks": [chunk async for chunk in upstream(prompt)]}
        """,
    )
    done = grade("kata-1", "--app", app, "--only", "batch_is_the_default", json_report=True)
    assert done.code == 1
    assert done.outcomes() == {"batch_is_the_default": "failed"}


#: A status line of the app's own, on every descriptor that may be the grader's.
FORGES = """
    for descriptor in range(3, 30):
        with contextlib.suppress(OSError):
            os.write(descriptor, b'\\n{"status": "unreachable", "reason": "[Errno 101] Network is unreachable"}\\n')
"""
REFUSES = """
    import contextlib, os
    async def app(scope, receive, send):
        if scope["type"] == "http":
            raise RuntimeError("can't start new thread")
"""


@pytest.mark.parametrize("more", [FORGES, ""], ids=["unreachable", "starved"])
def test_an_app_that_blames_the_machine_is_not_excused(more: str, tmp_path: Path, grade: Grade) -> None:
    app = write(tmp_path, REFUSES + more)
    done = grade("kata-1", "--app", app, "--only", "batch_is_the_default", json_report=True)
    assert done.code == 1, done.out
    assert done.outcomes() == {"batch_is_the_default": "failed"}
    assert "this machine" not in done.seen("batch_is_the_default")


@pytest.mark.cold
@pytest.mark.skipif(os.geteuid() != 0, reason="such a limit would stop the grader itself, unless it is root's")
@pytest.mark.parametrize(("more", "code"), [(0, 3), (200, 1)], ids=["few threads", "many threads"])
def test_an_app_that_the_machine_refuses_threads_is_not_blamed(
    more: int, code: int, tmp_path: Path, grade: Grade
) -> None:
    """As under `ulimit -u`. One that has started hundreds itself is."""
    app = write(
        tmp_path,
        f"""
        import _thread, threading
        from fastapi import FastAPI
        end = threading.Event()
        for _ in range({more}): threading.Thread(target=end.wait, daemon=True).start()
        def refuse(*_): raise RuntimeError("can't start new thread")
        threading._start_new_thread = refuse
        app = FastAPI()
        @app.get("/generate")
        def generate(prompt: str):
            return {{"chunks": []}}
        """,
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (15, hard))
    try:
        done = grade("kata-1", "--app", app, "--only", "batch_is_the_default", json_report=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
    assert done.code == code, done.out
    assert ("this machine does not let the app start" in done.seen("batch_is_the_default")) is (code == 3)
