"""The `grade` command: the names of its commands, and what each error ends with."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

from grader import __version__
from grader.catalog.kata import FOLDER_NAME
from grader.cli.streams import NotWritten
from grader.errors import BadKata, Inconclusive, UsageError
from grader.exits import Exit
from grader.text import closest, did_you_mean, visible

#: The commands, and the first line of each one's help; a command is `command` in the module of its name. The lines are
#: here, too, so that `grade --help` and a shell's completion import none of these modules, which import the grader.
COMMANDS = {
    "all": "Grade every kata here, and show a line for each.",
    "ci": "Write what PLATFORM needs to grade a kata into DIR.",
    "class": "Grade all submissions of a class, and keep each grade in a ledger.",
    "doctor": "Show which jails this machine offers, which one is chosen and why, and what is missing.",
    "explain": "Show what KATA grades: its checks, their points and requirements.",
    "hint": "Give the next hint about a failed check of KATA.",
    "init": "Make a workspace in DIR, with the READMEs and stubs of KATAS.",
    "list": "Show the katas: titles, points, concepts, and your best score in each.",
    "new": "Make the folders of a new kata NAME, such as kata-12-some-words.",
    "next": "Show the next kata to do: the first one here without full marks.",
    "pack": "Put KATAS into a wheel that pip installs, for learners or for graders.",
    "reset": "Put the stub of KATA back; your file is kept beside it.",
    "run": "Grade your app for KATA.",
    "solution": "Show the solution of KATA, and how your file differs from it.",
    "trace": "Send one request for PATH to your app, and show what happens at both ends.",
    "verify": "Prove that KATAS are sound and fair.",
    "watch": "Grade your app for KATA now, and again on every save.",
}


#: The modules of commands that do not have their names: a word of Python's is none of a module.
_MODULES = {"class": "classes.group"}
#: Other words for commands.
_ALIASES = {"check": "run", "grade": "run", "test": "run"}
#: Commands that write files: no misspelt word is taken for one of them.
_CHANGING = ("ci", "class", "init", "new", "pack", "reset")


class LazyGroup(click.Group):
    """A group that imports a command when it is asked for. ``grade kata-2`` is short for ``grade run kata-2``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"grader.cli.{_MODULES.get(cmd_name, cmd_name)}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # of no use but for completion

        from grader.cli.parameters import complete_kata  # as above

        names = [name for name in COMMANDS if name.startswith(incomplete)]
        katas = complete_kata(ctx, click.Argument(["kata"]), incomplete)
        return [
            *(CompletionItem(name, help=COMMANDS[name]) for name in names),
            *map(CompletionItem, katas),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _meant(args))


def _meant(args: list[str]) -> list[str]:
    """The arguments with the command that they mean in front. Raises UsageError for a misspelt one that changes files.

    Without arguments that is `run`, in a workspace; elsewhere click shows its help.
    """
    match args:
        case []:
            is_completed = "_GRADE_COMPLETE" in os.environ  # what is typed so far is not all
            return ["run"] if _is_workspace() and not is_completed else []
        case ["--help" | "-h" | "--version", *_]:
            return args
        case ["help"]:
            return ["--help"]
        case ["help", name, *_]:
            return [_ALIASES.get(name, name), "--help"]
        case [name, *rest] if name in COMMANDS or name in _ALIASES:
            return [_ALIASES.get(name, name), *rest]
        case ["." | "./", *rest] if _is_workspace() and FOLDER_NAME.fullmatch(Path.cwd().name) is None:
            return ["all", *rest]
        case [name, *rest] if meant := _nearest(name):
            if meant in _CHANGING:
                raise UsageError(f"There is no kata or command {name!r}.{did_you_mean(name, [meant])}")
            click.echo(f"grade: {visible(name, 60)!r} is taken for {meant!r}.", err=True)
            return [meant, *rest]
    return ["run", *args]


def _nearest(word: str) -> str:
    """The command that ``word`` was to be: one of the same letters, or else one that is like it; "" for none."""
    same = next((name for name in COMMANDS if sorted(name) == sorted(word)), "")
    return same or closest(word, COMMANDS, cutoff=0.75)


def _is_workspace() -> bool:
    """Whether this folder has katas of a learner in it, or is one of them or in one."""
    here = Path.cwd()
    folders = (*here.iterdir(), *here.glob("katas/*"), here, *here.parents)
    return any(FOLDER_NAME.fullmatch(folder.name) for folder in folders)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="grade")
def cli() -> None:
    """Grade katas about streaming HTTP APIs.

    \b
    grade kata-2        start your app for kata 2, test it, and report
    grade               the same for the kata of this folder, or the next one
    grade init DIR      make a workspace with the READMEs and stubs
    grade list          show the katas

    `grade KATA` is short for `grade run KATA`; `grade check` and `grade test` mean the same.

    Exit codes: 0 all passed; 1 some check failed; 2 usage; 3 could not be graded.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` (or else those of the process) name; returns its exit code.

    Every error is one clear line on standard error. A complaint that cannot be written changes no exit code.
    """
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return error.exit_code
    except UsageError as error:
        return _complain(str(error), Exit.USAGE)
    except (BadKata, Inconclusive) as error:
        return _complain(str(error), Exit.UNDECIDED)
    except BrokenPipeError:  # the reader has gone, as in `grade kata-1 | head`: there is nobody to tell
        return Exit.UNDECIDED
    except NotWritten as error:
        return _complain(f"standard output: {error.strerror}", Exit.UNDECIDED)
    except Exception as error:
        if os.environ.get("STREAM_KATAS_DEBUG"):
            sys.__excepthook__(type(error), error, error.__traceback__)
        words = f"the grader failed ({type(error).__name__}: {error}); this is not a fault of your app."
        return _complain(f"{words} STREAM_KATAS_DEBUG=1 shows where.", Exit.UNDECIDED)


def _run(arguments: list[str]) -> int:
    """Click's own `main` is not used: where the reader of standard output has gone, it ends the process with 1."""
    if instruction := os.environ.get("_GRADE_COMPLETE"):
        from click.shell_completion import shell_complete  # of no use but for completion

        unknown = shell_complete(cli, {}, "grade", "_GRADE_COMPLETE", instruction)
        return Exit.USAGE if unknown else Exit.PASSED
    try:
        with cli.make_context("grade", arguments) as context:
            code: Exit | None = cli.invoke(context)
            return code or Exit.PASSED
    except click.exceptions.Exit as end:  # of --help and --version
        return end.exit_code


def _complain(message: str, code: Exit) -> Exit:
    with suppress(OSError):
        click.echo(f"grade: {visible(message, 1000)}", err=True)
    return code
