"""What several commands need: a console, the names of katas, a line that tells how far it is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader import interrupt

if TYPE_CHECKING:
    from rich.console import Console

#: Seconds between two lines about progress where there is no terminal.
_PLAIN_EVERY = 30.0


def complete_kata(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """The katas that can be named here, for a shell's completion."""
    from grader.kata import available

    return [kata.id for kata in available(Path.cwd()) if kata.id.startswith(incomplete)]


def console_for(color: str) -> Console:
    """A console that heeds ``--color`` and NO_COLOR."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            """Rich would exit with 1, which here means that some check has failed."""
            raise BrokenPipeError

    if color == "always":
        return Output(force_terminal=True, highlight=False)
    if color == "never" or os.environ.get("NO_COLOR"):
        return Output(color_system=None, highlight=False)
    return Output(highlight=False)


@contextmanager
def progress_of(what: str, console: Console) -> Iterator[Callable[[int, int], None]]:
    """Gives a function that is told how much is done of how much: for a bar on a terminal, or a line now and then."""
    if not console.is_terminal:
        yield _plain(what)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    forget = interrupt.on_end(lambda: os.write(1, b"\r\x1b[K\x1b[?25h"))  # the bar hides the cursor
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
    forget()


def _plain(what: str) -> Callable[[int, int], None]:
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _PLAIN_EVERY:
            last = time.monotonic()
            click.echo(f"{what}: {done} of {total}", err=True)

    return tell
