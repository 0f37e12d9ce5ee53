"""How far a class is: a table that changes on a terminal, lines elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from grader import interrupt
from grader.classes.progress import OnProgress, Progress
from grader.cli.console import console_for

if TYPE_CHECKING:
    from rich.table import Table

#: Seconds between two lines where there is no terminal.
_PLAIN_EVERY = 10.0


@contextmanager
def progress_shown(*, color: str) -> Iterator[OnProgress]:
    """Yields a function to call with how far it is; it writes to standard error."""
    console = console_for(color, stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    from rich.live import Live  # of no use without a terminal

    forget = interrupt.on_end(lambda: os.write(2, b"\x1b[?25h\n"))  # the table hides the cursor
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield lambda progress: live.update(table_of(progress), refresh=True)
    forget()


class _Lines:
    """A line now and then, and the last one."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        is_last = progress.done == progress.total
        if is_last or time.monotonic() - self._last >= _PLAIN_EVERY:
            self._last = time.monotonic()
            click.echo(line_of(progress), err=True)


def line_of(progress: Progress) -> str:
    """Such as "graded: 12 of 300 (4 running), median 0.9 s, about 2 min left"."""
    parts = [f"graded: {progress.done} of {progress.total}"]
    parts += [f"({progress.running} running)"] if progress.running else []
    words = [" ".join(parts)]
    words += [f"median {progress.median:.1f} s"] if progress.median is not None else []
    words += [f"about {duration(progress.left)} left"] if progress.left else []
    return ", ".join(words)


def table_of(progress: Progress) -> Table:
    """One row of numbers below their names."""
    from rich.table import Table  # as above

    cells = {
        "done": str(progress.done),
        "running": str(progress.running),
        "waiting": str(progress.waiting),
        "once more": str(progress.again) if progress.again else "",
        "not gradable": str(progress.refused) if progress.refused else "",
        "in the ledger before": str(progress.kept) if progress.kept else "",
        "median": f"{progress.median:.1f} s" if progress.median is not None else "",
        "time left": duration(progress.left) if progress.left else "",
    }
    table = Table(box=None, padding=(0, 3, 0, 0))
    shown = {name: value for name, value in cells.items() if value}
    for name in shown:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row(*shown.values())
    return table


def duration(seconds: float) -> str:
    """Such as "40 s", "12 min" or "3 h 20 min"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
