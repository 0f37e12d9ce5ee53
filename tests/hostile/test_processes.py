"""Nothing outlives a grade: not what the app starts, not the app when the grader is interrupted or killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.conftest import DEADLINE, ROOT, environment, survivors
from tests.small_kata import make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

FORKS = {
    "a child": "os.fork() or time.sleep(1000)",
    "a child that ignores signals": """
        if not os.fork():
            for number in range(1, 32):
                if number not in (9, 19): signal.signal(number, signal.SIG_IGN)
            time.sleep(1000)
    """,
    "a daemon": "os.fork() or (os.setsid(), os.fork() or time.sleep(1000), os._exit(0))",
    "a daemon without environment": """
        if not os.fork():
            os.setsid()
            if not os.fork():
                os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(1000)"], {})
            os._exit(0)
    """,
    "a daemon that forks": """
        if not os.fork():
            os.setsid()
            if not os.fork():
                while True:
                    if not os.fork(): time.sleep(0.05), os._exit(0)
                    os.wait()
            os._exit(0)
    """,
    "another group": "os.fork() or (os.setpgid(0, 0), time.sleep(1000))",
    "a thread that never ends": "import threading; threading.Thread(target=time.sleep, args=(1000,)).start()",
    "a subprocess": "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'], start_new_session=True)",
}


@pytest.mark.parametrize("name", FORKS)
def test_what_the_app_starts_ends_with_the_grade(name: str, tmp_path: Path, grade: Grade) -> None:
    nap = f"time.sleep(1000.{uuid.uuid4().int})"  # tells one without environment from another test's
    source = textwrap.dedent(FORKS[name]).replace("time.sleep(1000)", nap)
    app = write(tmp_path / "app.py", f"import os, signal, subprocess, sys, time\n{source}\napp = 1\n")
    done = grade("kata-1", "--app", str(app))
    assert done.code == 1
    assert [process.pid for process in psutil.process_iter(["cmdline"]) if _says(process, nap)] == []


def _says(process: psutil.Process, words: str) -> bool:
    return any(words in part for part in process.info["cmdline"] or ())


MOMENTS = {
    "import": "tell()\nwhile True: pass",
    "start-up": """
        import asyncio
        async def app(scope, receive, send):
            tell()
            await asyncio.Event().wait()
    """,
    "request": """
        import asyncio
        async def app(scope, receive, send):
            if scope["type"] == "http":
                tell()
                await asyncio.Event().wait()
    """,
    "blocked request": """
        async def app(scope, receive, send):
            if scope["type"] == "http":
                tell()
                while True: pass
    """,
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_an_interrupted_grade_leaves_nothing(moment: str, number: signal.Signals, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    reader, writer = os.pipe()
    fifo = tmp_path / "told"
    os.mkfifo(fifo)
    app = tmp_path / "app.py"
    tell = f"def tell():\n    with open({str(fifo)!r}, 'w') as told: told.write('here')\n"
    app.write_text(tell + textwrap.dedent(MOMENTS[moment]), "utf-8")
    grade = subprocess.Popen(
        [sys.executable, "-m", "grader", "kata-1", "--app", str(app)],
        cwd=ROOT,
        env=environment(LC_STREAM_KATAS_MARK=mark),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=(writer,),
    )
    os.close(writer)
    with fifo.open() as told:
        assert told.read() == "here"
    with grade:
        grade.send_signal(number)
        out, err = grade.communicate(timeout=DEADLINE)
    assert grade.returncode == {signal.SIGINT: 130, signal.SIGKILL: -9}.get(number, 128 + number)
    assert "Traceback" not in out + err
    if number == signal.SIGINT:
        assert err.strip() == "grade: interrupted; nothing was graded."
    if number == signal.SIGKILL:
        _wait_until_gone(mark)  # nobody was left to do it but the app's own watchdog
    os.close(reader)
    assert survivors(mark) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_was_ignored_at_the_start_ends_nothing(number: signal.Signals, tmp_path: Path) -> None:
    """As by `nohup grade kata-1`, or `grade kata-1 &` in a script. The app ignores it, too, as it would do there."""
    told, goes_on = tmp_path / "told", tmp_path / "goes_on"
    for fifo in (told, goes_on):
        os.mkfifo(fifo)
    app = f"""
        import signal
        with open({str(told)!r}, "w") as file: file.write(str(signal.getsignal({int(number)}) == signal.SIG_IGN))
        open({str(goes_on)!r}).close()
        async def app(scope, receive, send): raise RuntimeError("seen")
    """
    command = [sys.executable, "-m", "grader", "kata-1", "--app", str(write(tmp_path / "app.py", app))]
    grade = subprocess.Popen(
        ["/bin/sh", "-c", f"trap '' {int(number)}; exec \"$@\"", "sh", *command],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with grade:
        assert told.read_text() == "True"
        grade.send_signal(number)
        goes_on.write_text("")
        out, err = grade.communicate(timeout=DEADLINE)
    assert (grade.returncode, err) == (1, "")
    assert "500" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_proof_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    folder = make_kata(tmp_path)
    fifo = tmp_path / "solutions" / folder.name / "told"  # an app may write beside itself
    fifo.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(fifo)
    tell = f"with open({str(fifo)!r}, 'w') as told: told.write('here')\n"
    write(tmp_path / "solutions" / folder.name / "app.py", tell + "while True: pass\n")
    grade = subprocess.Popen(
        [sys.executable, "-m", "grader", "verify", str(folder)],
        cwd=tmp_path,
        env=environment(LC_STREAM_KATAS_MARK=mark),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with fifo.open() as told:
        assert told.read() == "here"
    with grade:
        grade.send_signal(number)
        out, err = grade.communicate(timeout=DEADLINE)
    assert grade.returncode == 128 + number
    assert err.count("nothing was graded") == 1
    assert "Traceback" not in out + err
    assert survivors(mark) == []


def _wait_until_gone(mark: str) -> None:
    """Wait for the processes themselves to end; psutil waits for each with a deadline."""
    found = []
    for process in psutil.process_iter():
        try:
            if mark in process.environ().values():
                found.append(process)
        except psutil.Error:
            continue
    psutil.wait_procs(found, timeout=DEADLINE)
