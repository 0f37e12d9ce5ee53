"""The command line: parse, call, exit code."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from grader import __version__
from grader.cli import grade, katas, learn, trace, verify, watch
from grader.errors import BadKata, Inconclusive, UsageError
from grader.score import Exit


class KataOrCommand(click.Group):
    """``grade kata-2`` is short for ``grade run kata-2``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h", "--version"):
            self._mind_slips(args[0])
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def _mind_slips(self, word: str) -> None:
        """Raises UsageError when ``word`` is a command's name, but for a slip of the finger."""
        from difflib import get_close_matches

        if close := get_close_matches(word, self.commands, n=1, cutoff=0.75):
            raise UsageError(f"There is no kata or command {word!r}. Did you mean `grade {close[0]}`?")


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


for _command in (
    grade.grade_command,
    katas.list_command,
    katas.explain_command,
    katas.init_command,
    katas.new_command,
    watch.watch_command,
    trace.trace_command,
    learn.hint_command,
    learn.reset_command,
    learn.solution_command,
    verify.verify_command,
):
    cli.add_command(_command)


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
