"""`grade watch`: grade on every save."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.live import Live

from grader import interrupt
from grader.catalog.kata import Kata
from grader.catalog.lookup import available
from grader.cli.console import console_for, untrusted_text
from grader.cli.parameters import Choice, Target, color_option, takes_app
from grader.errors import UsageError
from grader.exits import Exit
from grader.grading.run import Job
from grader.learner.journal import Journal
from grader.learner.progress import after
from grader.learner.watch.board import Board
from grader.learner.watch.handout import Handout
from grader.learner.watch.keys import Keys
from grader.learner.watch.loop import RunningGrade, Show, Watch
from grader.learner.watch.saves import Saves
from grader.learner.watch.state import State
from grader.learner.watch.view import Frame, line, screen
from grader.pool.servers import fork_servers
from grader.pool.worker import Worker
from grader.text import visible

#: Leaves the alternate screen and shows the cursor again, should a signal end the view.
_RESTORE = b"\x1b[?1049l\x1b[?25h"


@click.command("watch")
@takes_app
@click.option("--seed", default="", help="Use the same inputs in each run.")
@click.option("--poll", is_flag=True, help="Look for changes by polling, as some network file systems need.")
@click.option("--serve", is_flag=True, help="Serve a page for a browser on this machine, which stays open.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="PORT", help="With --serve: the port [default: any].")
@color_option
def command(choice: Choice, seed: str, poll: bool, serve: bool, port: int | None, color: str) -> Exit:
    """Grade your app for KATA now, and again on every save.

    On a terminal there is one view, with keys; ? shows them. Elsewhere it prints one
    line for each grade, until it is interrupted. Without KATA it goes from kata to kata:
    after full marks, n goes on with the next one.
    """
    if port is not None and not serve:
        raise UsageError("--port goes with --serve.")
    target: Target | None = choice.target()
    console = console_for(color)
    interrupt.suppress_lost_work_notice()
    with ExitStack() as held:
        start = partial(Worker, servers=held.enter_context(fork_servers()))
        is_interactive = _is_interactive(console)
        board, address = Board(), ""
        if serve:
            address = held.enter_context(_served(board, port or 0))
        keys = held.enter_context(Keys(sys.stdin.fileno())) if is_interactive else None
        view = held.enter_context(_view(console, address)) if is_interactive else _lines(address)
        desk = _Desk(choice, keys, start, board, address)
        while target is not None:
            watch = desk.watch(target, view, seed=seed, poll=poll)
            target = desk.next_target(target.kata) if watch.goes_on else None
    if is_interactive and watch.state.report is not None:
        click.echo(line(watch.state))
    return Exit.PASSED


class _Desk(NamedTuple):
    """What is there for all katas that are watched, one after the other."""

    choice: Choice
    keys: Keys | None
    start: Callable[[Job], RunningGrade]
    board: Board
    address: str

    def watch(self, target: Target, view: Callable[[Job], Show], *, seed: str, poll: bool) -> Watch:
        """Watch one kata, until its learner quits or goes on to the next one."""
        kata = target.kata
        job = Job(kata=kata, launch=target.launch(), command=target.command, seed=seed)
        self.board.begin(_heading(kata))
        show = view(job)

        def show_everywhere(state: State, has_ended: bool) -> int:
            self.board.show(state)
            return show(state, has_ended)

        with Saves(target.app.module.root, polling=poll) as saves:
            watch = Watch(
                job,
                start=self.start,
                show=show_everywhere,
                saves=saves,
                keys=self.keys,
                journal=Journal.of(target.file) if target.is_own else None,
                copy=_copy,
                handout=Handout(self.address),
                following=partial(self.following, kata),
            )
            watch.run()
        return watch

    def following(self, kata: Kata) -> str:
        """The heading of the kata after this one; "" when a kata was named, or all are done."""
        found = self._next(kata)
        return _heading(found) if found else ""

    def next_target(self, kata: Kata) -> Target | None:
        """The kata after this one, and the learner's app for it. Raises UsageError and BadKata."""
        found = self._next(kata)
        return self.choice._replace(kata=found.id).target() if found else None

    def _next(self, kata: Kata) -> Kata | None:
        if self.choice.is_named or self.choice.app is not None:
            return None
        return after(kata, available(Path.cwd(), self.choice.folders).katas, Path.cwd())


def _heading(kata: Kata) -> str:
    return f"Kata {kata.number}: {kata.title}"


@contextmanager
def _served(board: Board, port: int) -> Iterator[str]:
    """The page is served; yields its address. Raises UsageError."""
    from grader.learner.watch.served import ServedPage  # with FastAPI, which no other watch needs

    try:
        page = ServedPage(board, port=port)
    except OSError as error:
        raise UsageError(f"--port: no page can be served at port {port}: {error.strerror}.") from None
    with page:
        yield page.address


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
def _view(console: Console, address: str) -> Iterator[Callable[[Job], Show]]:
    """The one live view, on a screen of its own."""
    forget = interrupt.on_end(lambda: os.write(1, _RESTORE))
    shown: list[object] = []
    furthest = 0
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:

        def show(frame: Frame, state: State, _: bool) -> int:
            """Draws only what is new: a screen that does not change does not flicker."""
            nonlocal furthest
            now = [frame, state, console.size]
            if shown != now:
                shown[:] = now
                whole, window = screen(state, frame, console)
                live.update(whole, refresh=True)
                furthest = window.furthest
            return furthest

        yield lambda job: partial(show, Frame(_heading(job.kata), job.launch.file, address))
    forget()


def _lines(address: str) -> Callable[[Job], Show]:
    """One line for each grade, after one with the page's address."""
    if address:
        click.echo(f"The page: {address}")
    return lambda _: _plain


def _plain(state: State, has_ended: bool) -> int:
    """One line for each grade. Without keys, there is a message only where a grade has ended without a report."""
    if has_ended:
        with untrusted_text():
            click.echo(visible(state.message, 500) or line(state))
    return 0
