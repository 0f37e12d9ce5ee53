"""What several commands ask for: a kata, the app to try on it, colours."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from grader.catalog.kata import Kata, missing_parts
from grader.catalog.lookup import available, find
from grader.catalog.packs import Catalog
from grader.errors import BadKata, UsageError
from grader.learner.workspace import find_app
from grader.score import Exit
from grader.serving.launch import Launch
from grader.serving.limits import LaunchLimits
from grader.text import visible

Command = TypeVar("Command", bound=Callable[..., Exit])
Options = ParamSpec("Options")

_OWN_LIMITS = LaunchLimits()


def complete_kata(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """The katas that can be named here, for a shell's completion."""
    with suppress(UsageError):
        katas = available(Path.cwd(), ctx.params.get("folders") or ()).katas
        return [kata.id for kata in katas if kata.id.startswith(incomplete)]
    return []


def tell_refused(catalog: Catalog) -> None:
    """Say on standard error why some katas or packs cannot be used: the others can."""
    for refused in catalog.refused:
        click.echo(f"grade: {visible(refused.reason, 1000)}", err=True)


def katas_option(command: Command) -> Command:
    """``--katas``, for what finds katas by their names; passed on as ``folders``."""
    return click.option(
        "--katas",
        "folders",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="DIR",
        is_eager=True,
        help="Use the katas in DIR, too (repeatable), and none that stream-katas.toml names.",
    )(command)


def color_option(command: Command) -> Command:
    """``--color``, for what prints in colours."""
    choice = click.Choice(["auto", "always", "never"])
    return click.option("--color", type=choice, default="auto", help="“auto” respects NO_COLOR.")(command)


@dataclass(frozen=True, slots=True)
class Target:
    """A kata and an app to try on it, as a command line names them.

    ``file`` and ``name`` are the app's module and its name in there. ``command`` grades the same app, for a shell.
    ``is_own`` says that it is the kata's own file in the learner's workspace, not one that ``--app`` names.
    """

    kata: Kata
    file: Path
    name: str
    loop: str
    http: str
    command: str
    is_own: bool

    def launch(self, limits: LaunchLimits = _OWN_LIMITS) -> Launch:
        """How to start the app."""
        return Launch(file=self.file, name=self.name, loop=self.loop, http=self.http, limits=limits)


def takes_app(command: Callable[Concatenate[Target, Options], Exit]) -> Callable[..., Exit]:
    """A command that takes KATA, ``--katas``, ``--app`` and the server's parts, and is called with a :class:`Target`.

    The server's parts are named, and not chosen by what is installed, so that a grade is the same everywhere.
    """

    @click.argument("kata", shell_complete=complete_kata)
    @katas_option
    @click.option("--app", metavar="FILE[:NAME]", help="Take this module instead of the kata's own app.py.")
    @click.option(
        "--loop", type=click.Choice(["asyncio", "uvloop"]), default="asyncio", help="The server's event loop."
    )
    @click.option("--http", type=click.Choice(["h11", "httptools"]), default="h11", help="The server's HTTP parser.")
    @functools.wraps(command)
    def prologue(
        kata: str,
        folders: tuple[Path, ...],
        app: str | None,
        loop: str,
        http: str,
        *args: Options.args,
        **options: Options.kwargs,
    ) -> Exit:
        return command(_target(kata, folders, app, loop, http), *args, **options)

    return prologue


def _target(name: str, folders: tuple[Path, ...], app: str | None, loop: str, http: str) -> Target:
    """Raises UsageError, and BadKata when the kata lacks a part."""
    kata = find(name, Path.cwd(), folders)
    file, attribute = _module_of(app, kata, name)
    _require_installed(loop, http)
    if problems := missing_parts(kata):
        raise BadKata(f"{kata.name}: {problems[0]}")
    options = [word for folder in folders for word in ("--katas", str(folder))]
    options += ["--app", app] if app is not None else []
    command = shlex.join(["grade", name, *options])
    return Target(kata, file, attribute, loop, http, command, is_own=app is None)


def _module_of(app: str | None, kata: Kata, name: str) -> tuple[Path, str]:
    """The file to take and the app's name in it. Raises UsageError."""
    if app is None:
        return find_app(kata, name, Path.cwd()), kata.entry[1]
    path, _, attribute = app.rpartition(":")
    if not path or not attribute.isidentifier():
        path, attribute = app, ""
    file = Path(path).resolve()
    if not file.is_file():
        raise UsageError(f"--app: there is no file {path!r}.")
    if file.suffix != ".py":
        raise UsageError(f"--app: {path!r} is not a Python module; its name must end in .py.")
    return file, attribute or kata.entry[1]


def _require_installed(loop: str, http: str) -> None:
    """Raises UsageError when a part of the server is not installed."""
    for part in {loop, http} - {"asyncio", "h11"}:
        if find_spec(part) is None:
            raise UsageError(f"{part} is not installed here; install it with: pip install 'stream-katas[fast]'")
