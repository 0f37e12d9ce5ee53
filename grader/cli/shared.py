"""What several commands need: a console, the names of katas, a line that tells how far it is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from grader import interrupt
from grader.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from grader.catalog.kata import Kata
    from grader.catalog.packs import Catalog

Command = TypeVar("Command", bound=Callable[..., None])

#: Seconds between two lines about progress where there is no terminal.
_PLAIN_EVERY = 30.0


def complete_kata(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """The katas that can be named here, for a shell's completion."""
    from grader.catalog.lookup import available

    return [kata.id for kata in available(Path.cwd()).katas if kata.id.startswith(incomplete)]


def tell_refused(catalog: Catalog) -> None:
    """Say why some katas or packs cannot be used, on standard error: the others can."""
    from grader.text import visible

    for refused in catalog.refused:
        click.echo(f"grade: {visible(refused.reason, 1000)}", err=True)


def app_option(command: Command) -> Command:
    """``--app``, for what can be done to another module than the kata's own."""
    words = "Take this module instead of the kata's own app.py."
    return click.option("--app", metavar="FILE[:NAME]", help=words)(command)


def server_options(command: Command) -> Command:
    """``--loop`` and ``--http``: uvicorn's parts, pinned so that no grade depends on what is installed."""
    http = click.option(
        "--http", type=click.Choice(["h11", "httptools"]), default="h11", help="The server's HTTP parser."
    )
    loop = click.option(
        "--loop", type=click.Choice(["asyncio", "uvloop"]), default="asyncio", help="The server's event loop."
    )
    return loop(http(command))


def module_of(app: str | None, kata: Kata, name: str) -> tuple[Path, str]:
    """The file to take and the app's name in it. Raises UsageError."""
    from grader.learner.workspace import find_app

    if app is None:
        return find_app(kata, name, Path.cwd()), kata.entry[1]
    path, _, attribute = app.rpartition(":")
    if not path or not attribute.isidentifier():
        path, attribute = app, ""
    file = Path(path).resolve()
    if not file.is_file():
        raise UsageError(f"--app: there is no file {path!r}.")
    if file.suffix != ".py":
        raise UsageError(f"--app: {path!r} is no Python module; it must end in .py.")
    return file, attribute or kata.entry[1]


def must_be_installed(loop: str, http: str) -> None:
    """Raises UsageError when a part of the server that was asked for is not there."""
    from importlib.util import find_spec

    for part in {loop, http} - {"asyncio", "h11"}:
        if find_spec(part) is None:
            raise UsageError(f"{part} is not installed here; install it with: pip install 'stream-katas[fast]'")


def console_for(color: str, *, stderr: bool = False) -> Console:
    """A console that heeds ``--color`` and NO_COLOR."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            """Rich would exit with 1, which here means that some check has failed."""
            raise BrokenPipeError

    if color == "always":
        return Output(force_terminal=True, highlight=False, stderr=stderr)
    if color == "never" or os.environ.get("NO_COLOR"):
        return Output(color_system=None, highlight=False, stderr=stderr)
    return Output(highlight=False, stderr=stderr)


@contextmanager
def progress_of(what: str, *, color: str = "auto") -> Iterator[Callable[[int, int], None]]:
    """Gives a function that is told how much is done of how much: for a bar on a terminal, or a line now and then.

    A total of 0 says that it is not known yet. Nothing is loaded or shown before the first call.
    """
    if not sys.stderr.isatty():
        yield _plain(what)
        return
    with ExitStack() as held:
        bar: list[Callable[[int, int], None]] = []

        def tell(done: int, total: int) -> None:
            if not bar:
                bar.append(held.enter_context(_bar(what, color)))
            bar[0](done, total)

        yield tell


@contextmanager
def _bar(what: str, color: str) -> Iterator[Callable[[int, int], None]]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = console_for(color, stderr=True)
    forget = interrupt.on_end(lambda: os.write(2, b"\r\x1b[K\x1b[?25h"))  # the bar hides the cursor
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None, count="")

        def tell(done: int, total: int) -> None:
            count = f"{done}/{total}" if total else ""
            progress.update(task, completed=done, total=total or None, count=count)

        yield tell
    forget()


def _plain(what: str) -> Callable[[int, int], None]:
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if total and time.monotonic() - last >= _PLAIN_EVERY:
            last = time.monotonic()
            click.echo(f"{what}: {done} of {total}", err=True)

    return tell
