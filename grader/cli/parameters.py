"""What several commands ask for: a kata, the app to try on it, colours."""

from __future__ import annotations

import functools
import math
import os
import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

import click

from grader.catalog.kata import Kata, is_withheld, unusable
from grader.catalog.lookup import available, choose
from grader.catalog.packs import Catalog, bundled
from grader.catalog.soundness import unknown_keys
from grader.errors import BadKata, Inconclusive, UsageError
from grader.exits import Exit
from grader.learner.progress import after, present
from grader.learner.workspace import find_app
from grader.serving.environment import chosen, of_settings
from grader.serving.jail import own
from grader.serving.launch import Launch
from grader.serving.limits import LaunchLimits
from grader.serving.module import find as find_module
from grader.serving.module import locate
from grader.text import visible

Command = TypeVar("Command", bound=Callable[..., Exit])
Options = ParamSpec("Options")

#: How much of a report a student sees: the values of the report's Feedback, which costs time to import.
FEEDBACK = ("full", "headlines", "titles", "score")
_OWN_LIMITS = LaunchLimits()


class Seconds(click.FloatRange):
    """A number of seconds, at least as many as given. What is not a number is in every range, and would be no limit."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = float(super().convert(value, param, ctx))
        if math.isnan(found):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return found


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


def tell_unknown_keys(kata: Kata) -> None:
    """Say on standard error which keys of kata.toml nothing reads. Raises BadKata."""
    for sentence in unknown_keys(kata):
        click.echo(f"grade: {visible(sentence, 1000)}", err=True)


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


class Named(NamedTuple):
    """A kata, and the name by which the command line calls it: perhaps a path to a learner's copy."""

    kata: Kata
    name: str


def takes_kata(command: Callable[Concatenate[Named, Options], Exit]) -> Callable[..., Exit]:
    """A command that takes KATA and ``--katas``, and is called with a :class:`Named`."""

    @click.argument("kata", default="", shell_complete=complete_kata)
    @katas_option
    @functools.wraps(command)
    def prologue(kata: str, folders: tuple[Path, ...], *args: Options.args, **options: Options.kwargs) -> Exit:
        return command(_named(kata or present_kata(folders), folders), *args, **options)

    return prologue


def present_kata(folders: tuple[Path, ...]) -> str:
    """The name of the kata of the current folder, or else of the first one without full marks. Raises UsageError."""
    return present(available(Path.cwd(), folders).katas, Path.cwd()).id


def complete_check(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """The ids of a kata's checks, for a shell's completion."""
    from grader.grading.collect import checks_of  # with pytest, which nothing else here needs

    with suppress(UsageError, BadKata, Inconclusive):
        folders = ctx.params.get("folders") or ()
        kata = _named(ctx.params.get("kata") or present_kata(folders), folders).kata
        return [check.id for check in checks_of(kata) if check.id.startswith(incomplete)]
    return []


def _named(name: str, folders: tuple[Path, ...]) -> Named:
    """Raises UsageError and BadKata. Reports katas that are refused because they have this name."""
    found = choose([name], Path.cwd(), folders)
    tell_refused(found)
    return Named(found.katas[0], name)


def tell_next(kata: Kata, folders: tuple[Path, ...]) -> None:
    """After full marks in ``kata``: say which one is next."""
    here = Path.cwd()
    found = after(kata, available(here, folders).katas, here)
    if found is None:
        click.echo("You have full marks in every kata here.")
    else:
        click.echo(f"Next kata: {found.id}, {found.title}. Read {found.name}/README.md, then run `grade {found.id}`.")


class Target(NamedTuple):
    """A kata and an app to try on it, as a command line names them.

    ``app`` is how to start it, without limits. ``command`` grades the same app, for a shell. ``is_own`` says that it is
    the kata's own file in the learner's workspace, not one that ``--app`` names.
    """

    kata: Kata
    app: Launch
    command: str
    is_own: bool

    @property
    def file(self) -> Path:
        """The app's module."""
        return self.app.file

    def launch(self, limits: LaunchLimits = _OWN_LIMITS) -> Launch:
        """How to start the app."""
        return replace(self.app, limits=limits)


class Choice(NamedTuple):
    """What the command line says about the kata, the app and how to start it, as it was typed."""

    kata: str
    folders: tuple[Path, ...]
    app: str | None
    factory: bool
    variables: tuple[str, ...]
    files: tuple[Path, ...]
    loop: str
    http: str
    is_named: bool = True  # the command line names the kata

    @property
    def words(self) -> list[str]:
        """The options that choose the same kata and app again. A variable's value is left out: it may be a secret."""
        katas = [word for folder in self.folders for word in ("--katas", str(folder))]
        named = ["--app", self.app] if self.app is not None else []
        made = ["--factory"] if self.factory else []
        variables = [word for name in self.variables for word in ("--env", name.partition("=")[0])]
        return [*katas, *named, *made, *variables, *(word for file in self.files for word in ("--env-file", str(file)))]

    def named(self) -> Named:
        """Find the kata. Raises UsageError and BadKata. Reports katas that are refused because they have this name."""
        return _named(self.kata, self.folders)

    def seen_from_here(self) -> Choice:
        """The same without absolute paths, which a report of a submission has none of."""
        folders, files = (tuple(Path(_relative(str(path))) for path in paths) for paths in (self.folders, self.files))
        app = None if self.app is None else _relative(self.app)
        return self._replace(kata=_relative(self.kata), folders=folders, files=files, app=app)

    def target(self, *, is_graded: bool = True) -> Target:
        """Find the kata and the app. Raises UsageError, and BadKata when the kata cannot be used or lacks a part.

        Without a grade it may lack its specification.
        """
        kata = self.named().kata
        app = _launch(self, kata)
        if self.app is None and not self.folders:  # a submission's own setting must not ask for its grader's secrets
            app = replace(app, environment=of_settings(Path.cwd()) | dict(app.environment))
        app = replace(app, jail=own.jail_for(app.module, [kata, *bundled()]))
        _require_installed(self.loop, self.http)
        if (is_graded or not is_withheld(kata)) and (problem := unusable(kata)):
            raise BadKata(problem)
        return Target(kata, app, shlex.join(["grade", self.kata, *self.words]), is_own=self.app is None)


def _relative(path: str) -> str:
    return os.path.relpath(path) if os.path.isabs(path) else path


def takes_app(command: Callable[Concatenate[Choice, Options], Exit]) -> Callable[..., Exit]:
    """A command that takes KATA, ``--katas``, ``--app`` and the server's parts, and is called with a :class:`Choice`.

    The server's parts are named, and not chosen by what is installed, so that a grade is the same everywhere.
    """

    @click.argument("kata", default="", shell_complete=complete_kata)
    @katas_option
    @click.option("--app", metavar="FILE[:NAME]", help="Take this module instead of the kata's own app.py.")
    @click.option("--factory", is_flag=True, help="NAME is a function without arguments that makes the app.")
    @click.option(
        "--env", "variables", multiple=True, metavar="NAME[=VALUE]", help="Pass a variable to the app (repeatable)."
    )
    @click.option(
        "--env-file",
        "files",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FILE",
        help="Pass the variables in FILE to the app, one NAME=VALUE a line (repeatable).",
    )
    @click.option(
        "--loop", type=click.Choice(["asyncio", "uvloop"]), default="asyncio", help="The server's event loop."
    )
    @click.option("--http", type=click.Choice(["h11", "httptools"]), default="h11", help="The server's HTTP parser.")
    @functools.wraps(command)
    def prologue(
        kata: str,
        folders: tuple[Path, ...],
        app: str | None,
        factory: bool,
        variables: tuple[str, ...],
        files: tuple[Path, ...],
        loop: str,
        http: str,
        *args: Options.args,
        **options: Options.kwargs,
    ) -> Exit:
        paths = options.get("paths")
        if isinstance(paths, tuple) and (kata.startswith("/") or "://" in kata) and not Path(kata).exists():
            options["paths"], kata = (kata, *paths), ""  # `grade trace PATH`, without KATA
        choice = Choice(
            kata or present_kata(folders), folders, app, factory, variables, files, loop, http, is_named=bool(kata)
        )
        return command(choice, *args, **options)

    return prologue


def _launch(given: Choice, kata: Kata) -> Launch:
    """How to start the app: the one that is named, or the learner's own. Raises UsageError."""
    if given.app is None:
        module, attribute = locate(find_app(kata, given.kata, Path.cwd())), ""
    else:
        module, attribute = find_module(given.app, Path.cwd())
    return Launch(
        file=module.file,
        root=module.root,
        name=attribute or kata.entry[1],
        factory=given.factory,
        loop=given.loop,
        http=given.http,
        environment=chosen(given.variables, given.files),
    )


def _require_installed(loop: str, http: str) -> None:
    """Raises UsageError when a part of the server is not installed."""
    for part in {loop, http} - {"asyncio", "h11"}:
        if find_spec(part) is None:
            raise UsageError(f"{part} is not installed here; install it with: python -m pip install {part}")
