"""`grade run`: grade one app."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.shared import complete_kata, console_for
from grader.errors import BadKata, UsageError
from grader.score import exit_code

if TYPE_CHECKING:
    from grader.boot import Launch
    from grader.kata import Kata


@click.command("run")
@click.argument("kata", shell_complete=complete_kata)
@click.option("--app", metavar="FILE[:NAME]", help="Grade this module instead of the kata's own app.py.")
@click.option("--seed", default="", help="Repeat a run: its report prints the seed.")
@click.option("--only", default="", metavar="CHECK", help="Run this check, and what it comes after.")
@click.option("--json", "json_file", metavar="FILE", help="Write the report as JSON (“-”: to standard output).")
@click.option("--stop-early", is_flag=True, help="Stop at the first check that fails.")
@click.option("--verbose", is_flag=True, help="Show whole transcripts.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="NO_COLOR is heeded.")
@click.option("--loop", type=click.Choice(["asyncio", "uvloop"]), default="asyncio", help="The server's event loop.")
@click.option("--http", type=click.Choice(["h11", "httptools"]), default="h11", help="The server's HTTP parser.")
@click.option("--startup-limit", type=click.FloatRange(0.1), default=10.0, show_default=True, metavar="SECONDS")
@click.option("--total-limit", type=click.FloatRange(1), default=120.0, show_default=True, metavar="SECONDS")
@click.option("--memory-limit", type=click.IntRange(64), default=1024, show_default=True, metavar="MIB")
def run_command(
    kata: str,
    app: str | None,
    seed: str,
    only: str,
    json_file: str | None,
    stop_early: bool,
    verbose: bool,
    color: str,
    loop: str,
    http: str,
    startup_limit: float,
    total_limit: float,
    memory_limit: int,
) -> None:
    """Grade your app for KATA: "kata-2", "2", a folder's name, or a path to it."""
    from grader.boot import Launch, Limits
    from grader.kata import find, missing_parts
    from grader.report import file, json
    from grader.run import Job, grade

    found = find(kata, Path.cwd())
    limits = Limits(startup=startup_limit, total=total_limit, memory=memory_limit << 20)
    module, name = _module(app, found, kata)
    if (loop, http) != ("asyncio", "h11"):
        _must_be_installed(loop, http)
    if json_file is not None:
        file.must_be_writable(json_file, option="--json")
    if problems := missing_parts(found):
        raise BadKata(f"{found.name}: {problems[0]}")
    launch: Launch = Launch(file=module, name=name, loop=loop, http=http, limits=limits)
    command = _command(kata, app)
    report = grade(Job(kata=found, launch=launch, command=command, seed=seed, only=only, stop_early=stop_early))
    if json_file != file.STDOUT:
        from grader.report import terminal

        terminal.show(report, console_for(color), verbose=verbose)
    if json_file == file.STDOUT:
        click.echo(json.render(report), nl=False)
    elif json_file is not None:
        file.write(json.render(report), json_file)
    sys.exit(exit_code(report))


def _module(app: str | None, kata: Kata, name: str) -> tuple[Path, str]:
    """The file to grade and the app's name in it. Raises UsageError."""
    from grader.kata import find_app

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


def _command(kata: str, app: str | None) -> str:
    """What a learner types to grade the same again."""
    return shlex.join(["grade", kata, *(["--app", app] if app is not None else [])])


def _must_be_installed(*parts: str) -> None:
    from importlib.util import find_spec

    for part in parts:
        if find_spec(part) is None:
            raise UsageError(f"{part} is not installed here; install it with: pip install 'stream-katas[fast]'")
