"""`grade watch`: grade on every save."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import click
from rich.console import Console
from rich.live import Live

from grader import interrupt
from grader.cli.console import console_for, untrusted_text
from grader.cli.parameters import Choice, color_option, takes_app
from grader.exits import Exit
from grader.grading.run import Job
from grader.learner.journal import Journal
from grader.learner.watch.keys import Keys
from grader.learner.watch.loop import Show, Watch
from grader.learner.watch.saves import Saves
from grader.learner.watch.state import State
from grader.learner.watch.view import line, screen
from grader.pool.servers import fork_servers
from grader.pool.worker import Worker
from grader.text import visible

#: Leaves the alternate screen and shows the cursor again, should a signal end the view.
_RESTORE = b"\x1b[?1049l\x1b[?25h"


@click.command("watch")
@takes_app
@click.option("--seed", default="", help="Use the same inputs in each run.")
@click.option("--poll", is_flag=True, help="Look for changes by polling, as some network file systems need.")
@color_option
def command(choice: Choice, seed: str, poll: bool, color: str) -> Exit:
    """Grade your app for KATA now, and again on every save.

    On a terminal there is one view, with keys; ? shows them. Elsewhere it prints one
    line for each grade, until it is interrupted.
    """
    target = choice.target()
    job = Job(kata=target.kata, launch=target.launch(), command=target.command, seed=seed)
    journal = Journal.of(target.file) if target.is_own else None
    console = console_for(color)
    interrupt.suppress_lost_work_notice()
    with ExitStack() as held:
        saves = held.enter_context(Saves(target.app.module.root, polling=poll))
        is_interactive = _is_interactive(console)
        keys = held.enter_context(Keys(sys.stdin.fileno())) if is_interactive else None
        show = held.enter_context(_view(job, console)) if is_interactive else _plain
        start = partial(Worker, servers=held.enter_context(fork_servers()))
        watch = Watch(job, start=start, show=show, saves=saves, keys=keys, journal=journal, copy=_copy)
        watch.run()
    if is_interactive and watch.state.report is not None:
        click.echo(line(watch.state))
    return Exit.PASSED


def _is_interactive(console: Console) -> bool:
    """Whether this is a terminal on both sides: with --color=always Rich takes a pipe for a terminal, too."""
    can_move = console.is_interactive and not console.is_dumb_terminal
    return can_move and all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _copy(text: str) -> None:
    """Put ``text`` into the terminal's clipboard, by OSC 52 (xterm's control sequences); a terminal may ignore that."""
    data = base64.b64encode(text.encode("utf-8", "backslashreplace"))
    with suppress(OSError):
        os.write(1, b"\x1b]52;c;" + data + b"\x07")


@contextmanager
def _view(job: Job, console: Console) -> Iterator[Show]:
    """The one live view, on a screen of its own."""
    title = f"Kata {job.kata.number}: {job.kata.title}"
    forget = interrupt.on_end(lambda: os.write(1, _RESTORE))
    shown: list[object] = []
    furthest = 0
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:

        def show(state: State, _: bool) -> int:
            """Draws only what is new: a screen that does not change does not flicker."""
            nonlocal furthest
            now = [state, console.size]
            if shown != now:
                shown[:] = now
                whole, window = screen(state, title=title, app=job.launch.file, console=console)
                live.update(whole, refresh=True)
                furthest = window.furthest
            return furthest

        yield show
    forget()


def _plain(state: State, has_ended: bool) -> int:
    """One line for each grade. Without keys, there is a message only where a grade has ended without a report."""
    if has_ended:
        with untrusted_text():
            click.echo(visible(state.message, 500) or line(state))
    return 0
