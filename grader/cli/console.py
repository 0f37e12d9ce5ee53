"""Where commands print: a console in colours or without, and progress on standard error."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from grader import interrupt
from grader.cli.streams import is_github
from grader.text import visible

if TYPE_CHECKING:
    from rich.console import Console

#: Columns: below that, words are cut to pieces.
_NARROWEST = 40
#: Seconds between two lines about progress where there is no terminal.
_PLAIN_EVERY = 30.0
#: Rows of what was found, below a bar.
_FOUND = 3


def console_for(color: str, *, stderr: bool = False) -> Console:
    """A console that respects ``--color`` and NO_COLOR."""
    from rich.console import Console  # late: it takes 60 ms, in which the app can boot

    class Output(Console):
        def on_broken_pipe(self) -> None:
            """Rich would exit with 1, which here means that some check has failed."""
            raise BrokenPipeError

    width = _width()
    if color == "always":
        return Output(force_terminal=True, highlight=False, stderr=stderr, width=width)
    if color == "never" or os.environ.get("NO_COLOR"):
        return Output(color_system=None, highlight=False, stderr=stderr, width=width)
    return Output(highlight=False, stderr=stderr, width=width)


def _width() -> int | None:
    """The columns to use where COLUMNS says too few: with 0, Rich shows nothing. None: Rich finds them itself."""
    columns = os.environ.get("COLUMNS", "")
    if not columns.isdecimal() or int(columns) >= _NARROWEST:
        return None
    if int(columns):
        return _NARROWEST
    from shutil import get_terminal_size  # imports `bz2` and `lzma`: not for every start

    return max(_NARROWEST, get_terminal_size().columns)


def is_watched_terminal() -> bool:
    """Whether a person reads standard output: a terminal, and not that of a machine for continuous integration."""
    return sys.stdout.isatty() and not os.environ.get("CI")


@contextmanager
def untrusted_text() -> Iterator[None]:
    """In this block text of the app is printed: in a job of GitHub Actions, none of it becomes a command.

    The runner takes no commands then until it reads a token that the app cannot know. The streams escape what
    looks like a command, too: this is for what they could overlook. Capitals mean the same to the runner
    (ActionCommandManager.cs compares without case), so that a search for commands in a log finds those of others.
    """
    if not is_github():
        yield
        return
    token = os.urandom(16).hex().upper()
    _command(f"::STOP-COMMANDS::{token}\n")
    try:
        yield
    finally:
        _command(f"::{token}::\n")


def _command(line: str) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(line.encode())
    sys.stdout.buffer.flush()


class Tell(Protocol):
    """Says how much is done of how much (0: not known yet), and what was found by then, "" for nothing."""

    def __call__(self, done: int, total: int, found: str = "", /) -> None: ...


@contextmanager
def progress_of(what: str, *, color: str = "auto") -> Iterator[Tell]:
    """Yields what to call with how much is done: it draws a bar, or without a terminal prints lines.

    Nothing is imported or shown before the first call.
    """
    if not sys.stderr.isatty():
        yield _plain(what)
        return
    with ExitStack() as held:
        bar: list[Tell] = []

        def tell(done: int, total: int, found: str = "", /) -> None:
            if not bar:
                bar.append(held.enter_context(_bar(what, color)))
            bar[0](done, total, found)

        yield tell


@contextmanager
def _bar(what: str, color: str) -> Iterator[Tell]:
    # Late, as above; without a terminal it is not needed at all.
    from rich.console import RenderableType
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Bar(Progress):
        """A bar, and below it what was found."""

        found = ""

        def get_renderables(self) -> Iterable[RenderableType]:
            yield from super().get_renderables()
            if self.found:
                yield Text(f"so far: {visible(self.found, _FOUND * self.console.width - 10)}", "red")

    console = console_for(color, stderr=True)
    forget = interrupt.on_end(lambda: os.write(2, b"\r\x1b[K\x1b[?25h"))  # the bar hides the cursor
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None, count="")

        def tell(done: int, total: int, found: str = "", /) -> None:
            progress.found = found
            count = f"{done}/{total}" if total else ""
            progress.update(task, completed=done, total=total or None, count=count)

        yield tell
    forget()


def _plain(what: str) -> Tell:
    last = time.monotonic()

    def tell(done: int, total: int, found: str = "", /) -> None:
        del found  # the report says it, which is all that a program wants to read
        nonlocal last
        if total and time.monotonic() - last >= _PLAIN_EVERY:
            last = time.monotonic()
            click.echo(f"{what}: {done} of {total}", err=True)

    return tell
