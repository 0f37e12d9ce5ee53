"""In a log of GitHub Actions nothing that an app says is a command to the runner, wherever the grader shows it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from rich.console import Console

from grader.cli.streams import Lines, Whole
from grader.cli.trace import Screen
from grader.learner.watch.state import State
from grader.learner.watch.view import Frame, line, screen
from grader.model import Report
from grader.protocol.transcript import Act, Entry, Lane
from grader.report import formats, terminal
from grader.text import visible
from grader.trace import HeaderFields
from tests.hostile.corpus import CORPUS, TEXTS
from tests.hostile.places import GROUPS, filled
from tests.report.test_other_programs import VARIABLES

#: Where the runner, a terminal, an editor or str.splitlines() may begin a line.
_LINES = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_COMMAND = re.compile(r"(\x1b\[[0-9;]*m|[\s\ufeff\u200b\x00-\x1f])*::|.*##\[")


class Log:
    """Standard output as a job of GitHub Actions has it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "log"
        self._descriptor = os.open(self._file, os.O_CREAT | os.O_TRUNC | os.O_RDWR)
        self.lines = Lines(Whole(self._descriptor), encoding="utf-8", line_buffering=True)

    def console(self, *, color: bool) -> Console:
        """As `grade --color auto` and `--color always` have it."""
        return Console(file=self.lines, force_terminal=color, width=100, height=60)

    def take(self) -> str:
        """What has been written since the last time."""
        self.lines.flush()
        text = self._file.read_bytes().decode("utf-8")
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.ftruncate(self._descriptor, 0)
        return text


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def commands(text: str) -> list[str]:
    return [line[:80] for line in _LINES.split(text) if _COMMAND.match(line)]


def obeyed(show: Callable[[str], str]) -> dict[str, list[str]]:
    """What of the corpus becomes a command where ``show`` shows it."""
    shown = {name: show(text) for name, text in TEXTS.items()}
    assert all(shown.values())
    return {name: found for name, text in shown.items() if (found := commands(text))}


def obeyed_in_reports(show: Callable[[Report], str], group: str) -> dict[str, list[str]]:
    shown = {name: show(filled(item, group)) for name, item in CORPUS.items()}
    assert all(shown.values())
    return {name: found for name, text in shown.items() if (found := commands(text))}


def test_commands_are_found() -> None:
    lines = ["::a::", " \t\u00a0::a", "x ##[b]", "\x1b[31m::c", "d ::", "# #[e]"]
    assert commands("\r".join(lines)) == lines[:4]


@pytest.mark.parametrize("color", [False, True], ids=["plain", "colours"])
@pytest.mark.parametrize("group", GROUPS)
def test_a_report_gives_no_command(group: str, color: bool, log: Log) -> None:
    def show(report: Report) -> str:
        terminal.show(report, log.console(color=color), verbose=True)
        return log.take()

    assert obeyed_in_reports(show, group) == {}


@pytest.mark.parametrize("name", sorted(formats.BUILT_IN.keys() - {"github-annotations"}))  # which is commands
@pytest.mark.parametrize("group", GROUPS)
def test_no_format_gives_a_command(group: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report is written to standard output as it is."""
    for variable, value in VARIABLES.items():
        monkeypatch.setenv(variable, value)
    render = formats.find(name)
    assert obeyed_in_reports(lambda report: render(report).decode("utf-8"), group) == {}


@pytest.mark.parametrize("group", GROUPS)
def test_a_watch_gives_no_command(group: str, log: Log) -> None:
    def show(report: Report) -> str:
        state, console = State(report, runs=1), log.console(color=True)
        for each in (state, replace(state, details=True)):
            console.print(screen(each, Frame("Small echo", Path(report.app)), console)[0])
        print(line(state), file=log.lines)
        return log.take()

    assert obeyed_in_reports(show, group) == {}


def test_a_trace_gives_no_command(log: Log) -> None:
    def show(text: str) -> str:
        shown = Screen(log.console(color=False))
        shown.show(HeaderFields(((text, text),)))
        data = text.encode("utf-8", "replace")
        for lane, act in product(Lane, Act):
            shown.show(Entry(0.0, lane, act, 1, data[:200], len(data), text))
        return log.take()

    assert obeyed(show) == {}


def test_an_error_message_gives_no_command(log: Log) -> None:
    """Such a message begins with the grader's name, but a file's name in it can be wrapped by a terminal."""

    def show(text: str) -> str:
        print(f"grade: {visible(text, 1000)}", file=log.lines)
        print(visible(text, 1000), file=log.lines)
        print(line(State().troubled(text)), file=log.lines)
        return log.take()

    assert obeyed(show) == {}
