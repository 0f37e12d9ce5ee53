"""A whole watch, at a terminal and elsewhere: what is saved is graded, what is pressed is done, and nothing is left."""

from __future__ import annotations

import base64
import itertools
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import pytest

from tests.conftest import DEADLINE, environment, survivors
from tests.small_kata import HINTS, NAME, NO_ITEMS, SOLUTION, STUB, make_kata, write
from tests.terminal import Terminal

HINTED = HINTS.replace('"Say so in a header field."', '"Think.", "Think again.", "This is it."')
DONE = "waiting for a save"
#: Processes: the watch itself, two fork servers, and that of the kata with its keeper.
ALONE = 5 if sys.platform == "linux" else 1


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder in which the small kata can be named, and the learner's file in it."""

    folder: Path
    app: Path

    def save(self, source: str) -> None:
        """As editors do: at no moment is there half a file."""
        write(self.app.with_suffix(".part"), source).replace(self.app)

    def waits(self) -> str:
        """A module that never ends its import, and says so through ``told``."""
        return f"open({str(self.told)!r}, 'w').write('here')\nimport threading\nthreading.Event().wait()\n"

    @property
    def told(self) -> Path:
        return self.app.parent / "told"  # an app may write beside itself

    def hear(self) -> str:
        """What somebody writes to ``told``, once they do."""
        reader = os.open(self.told, os.O_RDONLY | os.O_NONBLOCK)
        try:
            assert select.select([reader], [], [], DEADLINE)[0], "nobody has told anything"
            return os.read(reader, 65536).decode()
        finally:
            os.close(reader)

    def hints(self) -> dict[str, int]:
        """How many hints are remembered in the workspace."""
        document = json.loads(self.folder.joinpath(".stream-katas.json").read_text("utf-8"))
        hints: dict[str, int] = document["katas"][f"folder:{NAME}"]["hints"]
        return hints


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = make_kata(tmp_path)
    desk = Desk(tmp_path, folder / "app.py")
    os.mkfifo(desk.told)
    return desk


# -- saves ------------------------------------------------------------------------------------------------------------


def test_it_grades_at_once_and_after_every_save_and_is_calm_in_between(desk: Desk) -> None:
    helper = desk.app.with_name("helper.py")
    write(helper, STUB)
    desk.save("from helper import app\n")
    with Terminal("watch", "77", cwd=desk.folder) as terminal:
        first = terminal.wait_for(DONE)
        assert first.splitlines()[0] == f"Kata 77: Small echo   katas/{NAME}/app.py"
        assert first.splitlines()[1].startswith("0 of 3 points   run 1, ")
        assert "hint 1 of 1: Say so in a header field." in first

        write(helper, NO_ITEMS)  # in place
        second = terminal.wait_for(lambda text: "1 of 3 points" in text and DONE in text)
        assert "1 of 3 points  +1 check" in second
        assert "+ the answer is JSON" in second

        write(helper.with_suffix(".new"), SOLUTION).replace(helper)
        third = terminal.wait_for(lambda text: "3 of 3 points" in text and DONE in text)
        assert "3 of 3 points  +1 check" in third
        assert "All checks passed." in third

        terminal.wait_for_turns(2)
        drawn = len(terminal.raw)
        terminal.press("xyz")
        terminal.wait_for_turns(3)
        assert len(terminal.raw) == drawn

        terminal.press("q")
        assert terminal.wait_for_end() == 0
        assert terminal.is_as_before
        assert terminal.text().startswith("3 of 3 points (+1 check). All checks passed.")
        assert terminal.times_entered == 1
        assert all(one != another for one, another in itertools.pairwise(terminal.frames()))


def test_what_is_broken_in_mid_edit_loses_nothing_and_a_file_that_is_gone_may_come_back(desk: Desk) -> None:
    desk.save(SOLUTION)
    with Terminal("watch", "77", cwd=desk.folder) as terminal:
        terminal.wait_for(DONE)
        for broken in ("app = (", None):
            desk.app.unlink() if broken is None else desk.save(broken)
            text = terminal.wait_for("The app did not start: ")
            assert "\n- " not in text
            assert "-2 checks" not in text
            desk.save(SOLUTION)
            text = terminal.wait_for(lambda text: "3 of 3 points" in text and DONE in text)
            assert not re.search(r"\d check|^[-+] ", text, re.MULTILINE)


def test_a_save_overtakes_a_grade_under_way_at_once_and_nothing_is_left_of_that(desk: Desk) -> None:
    desk.save(desk.waits())
    with Terminal("watch", "77", cwd=desk.folder) as terminal:
        desk.hear()
        desk.save(SOLUTION)
        terminal.wait_for(lambda text: "3 of 3 points" in text and DONE in text)
        assert b"did not start" not in terminal.raw
        assert len(terminal.processes()) == ALONE


def test_on_a_small_terminal_with_polling_everything_works_and_a_larger_one_is_filled(desk: Desk) -> None:
    with Terminal("watch", "77", "--poll", cwd=desk.folder, columns=40, rows=6) as terminal:
        small = terminal.wait_for(DONE).splitlines()
        assert small[-1].startswith("h hint  d more  n next")
        assert (len(small), max(map(len, small))) == (6, 40)

        terminal.press("\x1b[B" * 50)
        terminal.wait_for(lambda text: "hint 1 of 1" in text and "Kata 77" not in text)
        terminal.press("\x1b[A" * 50)
        terminal.wait_for("Kata 77")

        terminal.resize(120, 40)
        large = terminal.wait_for(lambda text: text.splitlines()[-1].endswith("q quit")).splitlines()
        assert len(large) == 40
        assert sum("Kata 77" in row for row in large) == 1
        assert [row for row in large if row.startswith("Enter run")] == large[-1:]

        desk.save(NO_ITEMS)
        desk.save(SOLUTION)
        terminal.wait_for(lambda text: "3 of 3 points" in text and DONE in text)


# -- keys -------------------------------------------------------------------------------------------------------------


def scroll(terminal: Terminal, key: str, words: str) -> str:
    """Press ``key`` until ``words`` come into sight."""
    while words not in terminal.text():
        drawn = len(terminal.frames())
        terminal.press(key)
        terminal.wait_for_drawing(drawn)
    return terminal.text()


def test_keys_give_hints_details_another_grade_and_a_page(desk: Desk) -> None:
    write(desk.app.parent / "spec" / "hints.toml", HINTED)
    browser = write(desk.folder / "browser", f'#!/bin/sh\nprintf "%s" "$1" > {desk.told}\n')
    browser.chmod(0o755)
    with Terminal("watch", "77", cwd=desk.folder, BROWSER=f"{browser} %s") as terminal:
        first = terminal.wait_for(DONE)
        assert "hint 1 of 3: Think." in first
        assert "hint 2" not in first
        terminal.press("h")
        assert "hint 3" not in terminal.wait_for("hint 2 of 3: Think again.")
        assert desk.hints() == {"is_json": 1}
        terminal.press("h")
        terminal.wait_for("hint 3 of 3: This is it.")
        assert desk.hints() == {"is_json": 2}

        terminal.resize(80, 10)
        terminal.press("d")
        details = terminal.wait_for("RFC 9110 8.3 https")
        assert "GET /echo" not in details
        assert "Kata 77" not in scroll(terminal, "\x1b[B", "GET /echo")
        scroll(terminal, "\x1bOA", "Kata 77")
        terminal.press("d")
        terminal.resize(80, 24)
        terminal.wait_for("hint 3 of 3")

        terminal.press("\r")
        terminal.wait_for(lambda text: "run 2" in text and DONE in text)

        terminal.press("c")
        terminal.wait_for("The request is copied.")
        copied = base64.b64decode(terminal.raw.rpartition(b"\x1b]52;c;")[2].partition(b"\x07")[0]).decode()
        assert copied.startswith("curl -N 'http://127.0.0.1:8000/echo?key=")

        terminal.press("o")
        page = Path(desk.hear().removeprefix("file://"))
        assert "Small echo" in page.read_text("utf-8")
        terminal.press("q")
        assert terminal.wait_for_end() == 0
        assert not page.parent.exists()


def test_without_a_name_it_goes_from_kata_to_kata_and_never_by_itself(desk: Desk) -> None:
    other = make_kata(desk.folder, "kata-78-small-echo")
    desk.save(SOLUTION)
    with Terminal("watch", cwd=desk.folder) as terminal:
        done = terminal.wait_for("n goes on with Kata 78: Small echo.")
        assert done.startswith("Kata 77: Small echo")
        assert "3 of 3 points" in done
        terminal.press("n")
        following = terminal.wait_for(lambda text: text.startswith("Kata 78: Small echo") and DONE in text)
        assert "0 of 3 points   run 1" in following
        assert terminal.times_entered == 1
        write(other / "app.py", SOLUTION)
        terminal.wait_for(lambda text: "3 of 3 points" in text and DONE in text)
        assert "n goes on" not in terminal.text()  # all katas are done
        terminal.press("q")
        assert terminal.wait_for_end() == 0
        assert terminal.is_as_before


def test_a_kata_that_was_named_is_the_only_one(desk: Desk) -> None:
    make_kata(desk.folder, "kata-78-small-echo")
    desk.save(SOLUTION)
    with Terminal("watch", "77", cwd=desk.folder) as terminal:
        terminal.wait_for("All checks passed.")
        assert "goes on" not in terminal.text()


def test_a_page_is_served_as_long_as_it_watches(desk: Desk) -> None:
    browser = write(desk.folder / "browser", f'#!/bin/sh\nprintf "%s" "$1" > {desk.told}\n')
    browser.chmod(0o755)
    with Terminal("watch", "77", "--serve", cwd=desk.folder, BROWSER=f"{browser} %s") as terminal:
        address = terminal.wait_for(DONE).splitlines()[1]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", address)
        page = httpx.get(address, timeout=DEADLINE, trust_env=False)
        assert "0 of 3 points" in page.text
        terminal.press("o")
        assert desk.hear() == address
        desk.save(SOLUTION)
        terminal.wait_for(lambda text: "3 of 3 points" in text and DONE in text)
        assert "passes now: the answer is JSON" in httpx.get(address, timeout=DEADLINE, trust_env=False).text
        terminal.press("q")
        assert terminal.wait_for_end() == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(address, timeout=DEADLINE, trust_env=False)


# -- ends -------------------------------------------------------------------------------------------------------------


def test_without_a_browser_it_says_where_the_page_is_and_ctrl_c_leaves_none(desk: Desk) -> None:
    if sys.platform == "darwin":
        pytest.skip("there is always a browser")
    desk.save("app = (")
    with Terminal("watch", "77", cwd=desk.folder, BROWSER="", DISPLAY="", WAYLAND_DISPLAY="") as terminal:
        terminal.wait_for(DONE)
        terminal.press("o")
        says = " ".join(terminal.wait_for("until you quit").split())
        found = re.search(r"The page is (\S+), until you quit", says)
        assert found
        page = Path(found[1])
        assert "did not start" in page.read_text("utf-8")
        terminal.press("\x03")
        assert terminal.wait_for_end() == 130
        assert terminal.is_as_before
        assert not page.parent.exists()


@pytest.mark.parametrize(
    ("end", "code"),
    [("q", 0), ("\x03", 130), (signal.SIGTERM, 143)],
    ids=["q", "Ctrl-C", "SIGTERM"],
)
def test_in_mid_grade_it_ends_at_once_and_leaves_the_terminal_as_it_was(
    end: str | signal.Signals, code: int, desk: Desk
) -> None:
    desk.save(desk.waits())
    with Terminal("watch", "77", cwd=desk.folder) as terminal:
        desk.hear()
        terminal.wait_for("run 1")
        assert not terminal.is_as_before
        terminal.press(end) if isinstance(end, str) else terminal.process.send_signal(end)
        assert terminal.wait_for_end() == code
        assert terminal.is_as_before
        assert "Traceback" not in terminal.text()


@pytest.mark.parametrize("attached", [True, False], ids=["by its signal", "by the end of its input"])
def test_it_ends_when_its_terminal_does(attached: bool, desk: Desk) -> None:
    desk.save(desk.waits())
    with Terminal("watch", "77", cwd=desk.folder, attached=attached) as terminal:
        desk.hear()
        terminal.wait_for("0 of 2 checks")
        terminal.hang_up()
        assert terminal.wait_for_end() == 129


def test_it_ends_with_its_terminal_also_where_it_is_to_survive_a_hang_up(desk: Desk) -> None:
    desk.save(desk.waits())
    with Terminal("watch", "77", cwd=desk.folder, nohup=True) as terminal:
        desk.hear()
        terminal.wait_for("0 of 2 checks")
        terminal.hang_up()
        terminal.wait_for_end()


# -- where there is no such terminal ----------------------------------------------------------------------------------


class Piped:
    """``grade watch`` whose output goes into a pipe, and whose input is a terminal. No process of it may survive."""

    def __init__(self, desk: Desk, *args: str) -> None:
        self._mark = uuid.uuid4().hex
        self._ends = pty.openpty()
        self._read = b""
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "grader", "watch", "77", *args],
            cwd=desk.folder,
            env=environment(LC_STREAM_KATAS_MARK=self._mark),
            stdin=self._ends[1],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()
        for fd in self._ends:
            os.close(fd)
        # What it has started sees that it has ended, and ends then.
        assert error is not None or survivors(self._mark, within=DEADLINE) == []

    def line(self) -> str:
        """The next line, once it is there."""
        assert self.process.stdout
        while b"\n" not in self._read:
            assert select.select([self.process.stdout], [], [], DEADLINE)[0], f"no line, but {self._read!r}"
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, f"it has ended with {self._read!r}"
            self._read += data
        line, _, self._read = self._read.partition(b"\n")
        return line.decode()

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Interrupt it; returns the exit code, and what else it wrote to both streams."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, (self._read + out).decode(), err.decode()


def test_into_a_pipe_it_writes_a_line_for_each_grade_until_it_is_interrupted(desk: Desk) -> None:
    with Piped(desk) as watch:
        first = watch.line()
        assert first.startswith("0 of 3 points. Next: fix “the answer is JSON”. ")
        assert first.endswith('200, "text/html"; expected: 200, "application/json"')
        desk.save(NO_ITEMS)
        assert watch.line().startswith("1 of 3 points (+1 check). Next: fix “the answer is all")
        desk.save("app = (")
        assert watch.line().startswith("0 of 3 points. The app did not start: app.py is not valid Python: ")
        write(desk.app.parent / "spec" / "test_echo.py", "from nothing import everything\n")
        assert "spec cannot be loaded" in watch.line()
        code, out, err = watch.end(signal.SIGINT)
        assert (code, out) == (130, "")
        assert err.startswith("grade: interrupted")
        assert err.count("\n") == 1


def test_into_a_pipe_it_says_first_where_its_page_is(desk: Desk) -> None:
    with Piped(desk, "--serve") as watch:
        assert watch.line().startswith("The page: http://127.0.0.1:")
        assert watch.line().startswith("0 of 3 points. Next: fix “the answer is JSON”. ")
        assert watch.end(signal.SIGINT)[0] == 130


@pytest.mark.parametrize(("options", "words"), [(["--port", "1"], "--port goes with --serve."), ([], "")])
def test_a_port_that_cannot_be_had_is_refused(options: list[str], words: str, desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with Piped(desk, *(options or ["--serve", "--port", port])) as watch:
            code, out, err = watch.process.wait(DEADLINE), *watch.process.communicate()
    assert (code, out) == (2, b"")
    assert (
        err.decode() == f"grade: {words or f'--port: no page can be served at port {port}: Address already in use.'}\n"
    )


def test_colour_makes_no_terminal_of_a_pipe_and_a_grade_under_way_ends_with_it(desk: Desk) -> None:
    desk.save(desk.waits())
    with Piped(desk, "--color", "always") as watch:
        desk.hear()
        code, out, err = watch.end(signal.SIGTERM)
        assert (code, out) == (143, "")
        assert err.startswith("grade: terminated")


@pytest.mark.parametrize("lacks", ["movement", "input"])
def test_on_a_terminal_that_cannot_do_it_there_are_lines_as_well(lacks: str, desk: Desk) -> None:
    desk.save("app = (")
    term = "dumb" if lacks == "movement" else "xterm"
    with Terminal("watch", "77", cwd=desk.folder, reads=lacks != "input", TERM=term) as terminal:
        terminal.wait_for("The app did not start: app.py is not valid Python")
        assert b"\x1b" not in terminal.raw
