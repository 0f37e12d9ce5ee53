"""`grade watch`: grade on every save."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader import interrupt
from grader.cli.shared import app_option, complete_kata, console_for, module_of, must_be_installed, server_options
from grader.errors import BadKata

if TYPE_CHECKING:
    from rich.console import Console

    from grader.grading.run import Job
    from grader.learner.watch.loop import Show

#: Leaves the alternate screen and shows the cursor again, should a signal end the view.
_RESTORE = b"\x1b[?1049l\x1b[?25h"


@click.command("watch")
@click.argument("kata", shell_complete=complete_kata)
@app_option
@click.option("--seed", default="", help="Draw the same in each run.")
@click.option("--poll", is_flag=True, help="Look for changes by polling, as some network file systems need.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="NO_COLOR is heeded.")
@server_options
def watch_command(kata: str, app: str | None, seed: str, poll: bool, color: str, loop: str, http: str) -> None:
    """Grade your app for KATA now, and again on every save.

    On a terminal there is one view, with keys: Enter run, h hint, d details, o page, q quit. Elsewhere it prints one
    line for each grade, until it is interrupted.
    """
    from grader.catalog.kata import missing_parts
    from grader.catalog.lookup import find
    from grader.grading.run import Job
    from grader.learner.journal import Journal
    from grader.learner.watch.keys import Keys
    from grader.learner.watch.loop import Watch
    from grader.learner.watch.saves import Saves
    from grader.serving.app import Launch

    found = find(kata, Path.cwd())
    module, name = module_of(app, found, kata)
    must_be_installed(loop, http)
    if problems := missing_parts(found):
        raise BadKata(f"{found.name}: {problems[0]}")
    command = shlex.join(["grade", kata, *(["--app", app] if app is not None else [])])
    job = Job(kata=found, launch=Launch(module, name, loop, http), command=command, seed=seed)
    console = console_for(color)
    interrupt.suppress_lost_work_notice()
    with ExitStack() as held:
        saves = held.enter_context(Saves(module.parent, polling=poll))
        is_interactive = _is_interactive(console)
        keys = held.enter_context(Keys(sys.stdin.fileno())) if is_interactive else None
        show = held.enter_context(_view(job, console)) if is_interactive else _plain
        watch = Watch(job, show=show, saves=saves, keys=keys, journal=Journal.of(module) if app is None else None)
        watch.run()
    if is_interactive and watch.state.report is not None:
        from grader.learner.watch.view import line

        click.echo(line(watch.state))


def _is_interactive(console: Console) -> bool:
    """Whether somebody sees the view and can press keys: --color=always alone makes no terminal of a pipe."""
    can_move = console.is_interactive and not console.is_dumb_terminal
    return can_move and all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


@contextmanager
def _view(job: Job, console: Console) -> Iterator[Show]:
    """The one live view, on a screen of its own."""
    import os

    from rich.live import Live

    from grader.learner.watch.state import State
    from grader.learner.watch.view import screen

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


def _plain(state: object, has_ended: bool) -> int:
    """One line for each grade. Without keys, there is a message only where a grade has ended without a report."""
    from grader.learner.watch.state import State
    from grader.learner.watch.view import line
    from grader.text import visible

    assert isinstance(state, State)
    if has_ended:
        click.echo(visible(state.message, 500) or line(state))
        sys.stdout.flush()
    return 0
