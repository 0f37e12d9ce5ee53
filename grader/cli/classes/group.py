"""`grade class`: the names of its commands. Without one it grades."""

from __future__ import annotations

import os
from importlib import import_module

import click

from grader.errors import UsageError
from grader.text import closest

#: The commands, and the first line of each one's help; a command is `command` in the module of its name, beside this.
COMMANDS = {
    "diff": "Show what another specification, or another run, changes in a class's grades.",
    "export": "Write gradebooks, and what platforms read; or all pages again.",
    "merge": "Put the ledgers of several machines together.",
    "regrade": "Grade again: a student, all who did not pass a check, or the whole class.",
    "run": "Grade all submissions of a class, and keep each grade in a ledger.",
    "show": "Show the reports of a student.",
    "status": "Show how far a class is graded, and whose grade failed by the machine's fault.",
}


class ClassGroup(click.Group):
    """``grade class SUBMISSIONS`` is short for ``grade class run SUBMISSIONS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"grader.cli.classes.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Raises UsageError for a misspelt command that is not a folder of submissions, either."""
        is_named = not args or args[0] in (*COMMANDS, "--help", "-h")
        if not is_named and not os.path.lexists(args[0]) and (meant := closest(args[0], COMMANDS, cutoff=0.7)):
            raise UsageError(
                f"There is no command of `grade class` and no folder {args[0]!r}. Did you mean `grade class {meant}`?"
            )
        return super().parse_args(ctx, args if is_named else ["run", *args])


@click.group("class", cls=ClassGroup)
def command() -> None:
    """Grade all submissions of a class, and keep each grade in a ledger.

    \b
    grade class SUBMISSIONS --kata kata-1 --out DIR

    SUBMISSIONS is a folder with a folder, a module or an archive for each student, or what Canvas, Moodle or Gradescope
    give out. `grade class run --help` lists the options. Write ./status for a folder with the name of a command.
    """
