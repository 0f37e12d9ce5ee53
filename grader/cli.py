"""The command line: parse, call, exit code."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from grader import __version__, interrupt
from grader.errors import BadKata, Inconclusive, UsageError
from grader.score import Exit, exit_code

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from grader.boot import Launch
    from grader.kata import Kata


class KataOrCommand(click.Group):
    """``grade kata-2`` is short for ``grade run kata-2``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h", "--version"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=KataOrCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="grade")
def cli() -> None:
    """Grade katas about streaming HTTP APIs.

    \b
    grade kata-2        boot your app for kata 2, probe it, and report
    grade init DIR      make a workspace with the READMEs and stubs
    grade list          which katas there are

    `grade KATA` is short for `grade run KATA`.

    Exit codes: 0 all passed; 1 some check failed; 2 usage; 3 could not be graded.
    """


def _complete_kata(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    from grader.kata import available

    return [kata.id for kata in available(Path.cwd()) if kata.id.startswith(incomplete)]


@cli.command("run")
@click.argument("kata", shell_complete=_complete_kata)
@click.option("--app", metavar="FILE[:NAME]", help="Grade this module instead of the kata's own app.py.")
@click.option("--seed", default="", help="Repeat a run: its report prints the seed.")
@click.option("--only", default="", metavar="CHECK", help="Run this check, and what it comes after.")
@click.option("--json", "json_file", metavar="FILE", help="Write the report as JSON (“-”: to standard output).")
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
    report = grade(Job(kata=found, launch=launch, command=_command(kata, app), seed=seed, only=only))
    if json_file != file.STDOUT:
        from grader.report import terminal

        terminal.show(report, _console(color), verbose=verbose)
    if json_file == file.STDOUT:
        click.echo(json.render(report), nl=False)
    elif json_file is not None:
        file.write(json.render(report), json_file)
    sys.exit(exit_code(report))


@cli.command("list")
def list_command() -> None:
    """Show the katas: titles, concepts, points."""
    from rich.table import Table

    from grader.kata import available
    from grader.plugin import checks_of

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("kata", "title", "points", "concepts"):
        table.add_column(heading, justify="right" if heading == "points" else "left", no_wrap=heading != "concepts")
    for kata in available(Path.cwd()):
        points = sum(check.points for check in checks_of(kata))
        table.add_row(kata.id, kata.title, str(points), ", ".join(kata.concepts))
    _console("auto").print(table, markup=False, highlight=False)


@cli.command("explain")
@click.argument("kata", shell_complete=_complete_kata)
def explain_command(kata: str) -> None:
    """Show what KATA grades: its checks, their points and rules."""
    from rich.padding import Padding
    from rich.text import Text

    from grader.kata import find
    from grader.plugin import checks_of
    from grader.rule import link

    found = find(kata, Path.cwd())
    checks = checks_of(found)
    console = _console("auto")
    total = sum(check.points for check in checks)
    console.print(Text(f"{found.id}: {found.title} — {len(checks)} checks, {total} points", "bold"))
    console.print("Your server must show that …", style="dim", highlight=False)
    for check in checks:
        console.print(Text.assemble(f"{check.points:3}  {check.title}", (f"  [{check.id}]", "dim")))
        notes = [f"rule: {check.rule} {link(check.rule)}".rstrip()] if check.rule else []
        notes += [f"after: {', '.join(check.after)}"] if check.after else []
        for note in notes:
            console.print(Padding(Text(note, "dim"), (0, 0, 0, 5)))


@cli.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("katas", nargs=-1, shell_complete=_complete_kata)
def init_command(folder: Path, katas: tuple[str, ...]) -> None:
    """Make a workspace in FOLDER: the READMEs and stubs of KATAS (all of them, if none is named)."""
    from grader.kata import available, find
    from grader.text import plural
    from grader.workspace import init

    here = Path.cwd()
    wanted = [find(name, here) for name in katas] if katas else available(here)
    made = init(folder, wanted)
    for path in made.kept:
        click.echo(f"kept   {path} (it has your edits)")
    click.echo(f"{plural(len(made.written), 'file')} written to {folder}.")
    first = wanted[0]
    click.echo(
        f"Next: cd {folder}, read {first.id}-*/README.md, edit its {first.entry[0]}, and run `grade {first.id}`."
    )


@cli.command("verify")
@click.argument("katas", nargs=-1, shell_complete=_complete_kata)
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="Grades at a time [cores].")
@click.option("--seed", default="", help="One seed for every grade.")
def verify_command(katas: tuple[str, ...], jobs: int, seed: str) -> None:
    """Prove that KATAS (all, if none is named) are sound and fair."""
    from grader.kata import available, find
    from grader.report import matrix
    from grader.verify import verify

    here = Path.cwd()
    console = _console("auto")
    sound = True
    for kata in [find(name, here) for name in katas] if katas else available(here):
        with _status(console, f"{kata.name} …") as status:
            told = partial(_tell_progress, status, kata.name)
            proof = verify(kata, jobs=jobs, seed=seed, progress=told)
        matrix.show(proof, console)
        sound = sound and not proof.problems
    sys.exit(Exit.PASSED if sound else Exit.FAILED)


def main() -> NoReturn:
    """Run the command; every error is one clear line and an exit code."""
    try:
        cli.main(prog_name="grade", standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except UsageError as error:
        _end(str(error), Exit.USAGE)
    except (BadKata, Inconclusive) as error:
        _end(str(error), Exit.UNDECIDED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads: no complaint at exit either
        sys.exit(Exit.UNDECIDED)
    except Exception as error:
        if os.environ.get("STREAM_KATAS_DEBUG"):
            raise
        _end(
            f"the grader itself broke ({type(error).__name__}: {error}); this is no fault of your app. "
            "STREAM_KATAS_DEBUG=1 shows where.",
            Exit.UNDECIDED,
        )
    sys.exit(Exit.PASSED)


def _end(message: str, code: int) -> NoReturn:
    from grader.text import visible

    click.echo(f"grade: {visible(message, 1000)}", err=True)
    sys.exit(code)


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


@contextmanager
def _status(console: Console, text: str) -> Iterator[Status]:
    """A line that tells how far it is, on a terminal. It hides the cursor, which must come back whatever happens."""
    forget = interrupt.on_end(lambda: os.write(1, b"\r\x1b[K\x1b[?25h") if console.is_terminal else None)
    with console.status(text) as status:
        yield status
    forget()


def _tell_progress(status: Status, name: str, done: int, total: int) -> None:
    status.update(f"{name}: {done} of {total} apps judged")


def _must_be_installed(*parts: str) -> None:
    from importlib.util import find_spec

    for part in parts:
        if find_spec(part) is None:
            raise UsageError(f"{part} is not installed here; install it with: pip install 'stream-katas[fast]'")


def _console(color: str) -> Console:
    from rich.console import Console

    if color == "always":
        return Console(force_terminal=True, highlight=False)
    if color == "never" or os.environ.get("NO_COLOR"):
        return Console(color_system=None, highlight=False)
    return Console(highlight=False)
