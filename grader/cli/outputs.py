"""What becomes of a report: shown at the terminal, and written in the formats that the command line asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from grader.cli.console import console_for, untrusted_text
from grader.errors import Inconclusive, UsageError
from grader.report import destination, formats
from grader.report.destination import STDOUT, Destination
from grader.text import visible

if TYPE_CHECKING:
    from grader.learner.recall import Compared
    from grader.model import Report

# Named tuples, here and in the modules beside this one: they are defined before the app is started. To define one takes
# 0.08 ms, a frozen dataclass 0.66 ms.


class Output(NamedTuple):
    """One format, and its destination; ``option`` is what asked for it."""

    option: str
    format: str
    render: Callable[[Report], bytes]
    destination: Destination


class Audience(NamedTuple):
    """The student whom the written reports are for: "" for a label stands for the app's path."""

    label: str
    feedback: str


class Outputs(NamedTuple):
    """All that one grade writes. ``opens`` shows the page in a browser; without an audience all is shown."""

    written: tuple[Output, ...]
    opens: bool
    verbose: bool
    color: str
    audience: Audience | None = None

    def clear(self) -> None:
        """Remove old reports, before the app is started."""
        for output in self.written:
            output.destination.clear()

    @property
    def is_to_stdout(self) -> bool:
        """Whether a format takes the place of the report for people."""
        return any(output.destination.is_stdout for output in self.written)

    def put_out(self, report: Report, compared: Compared | None = None) -> None:
        """Show and write the report; on standard output there is one format only.

        ``compared`` says what a learner at this terminal has seen before; no other output depends on it. Raises
        Inconclusive, after all others are written, where one could not be.
        """
        if not self.is_to_stdout:
            from grader.report import terminal  # imports Rich: not before the app is started

            with untrusted_text():
                seen = compared or terminal.NOTHING
                terminal.show(report, console_for(self.color), verbose=self.verbose, compared=seen)
        shown = _shown(report, self.audience) if self.audience else report
        refusal: Inconclusive | None = None
        for output in self.written:
            try:
                output.destination.write(output.render(shown))
            except Inconclusive as error:  # of this format or destination: the others are written all the same
                refusal = refusal or error
                continue
            if output.format == "html" and not self.is_to_stdout:
                click.echo(f"Page: {visible(click.format_filename(output.destination.name), 4096)}")
        if self.opens:
            _open(next(output.destination for output in self.written if output.format == "html"))
        if refusal is not None:
            raise refusal


def outputs_of(
    to: Sequence[str], json_file: str | None, html_file: str | None, *, opens: bool, verbose: bool, color: str
) -> Outputs:
    """What the options ask for. Raises UsageError when it cannot be written: before anything is graded."""
    asked = [(f"--to {value.partition(':')[0]}", *_parts(value)) for value in to]
    asked += [("--json", "json", json_file)] if json_file is not None else []
    asked += [("--html", "html", html_file)] if html_file is not None else []
    if opens and not any(format_ == "html" for _, format_, _ in asked):
        asked.append(("--open", "html", _page()))
    refuse_doubles([(option, file) for option, _, file in asked])
    if opens and any((format_, file) == ("html", STDOUT) for _, format_, file in asked):
        raise UsageError("--open needs a file: name one with --html FILE, or leave --html out.")
    found = [
        Output(option, format_, formats.find(format_), destination.find(file, option=option))
        for option, format_, file in asked
    ]
    return Outputs(tuple(found), opens, verbose, color)


def _shown(report: Report, audience: Audience) -> Report:
    from grader.report.feedback import Feedback, for_student  # imports the model: not before the app is started

    return for_student(report, audience.label or report.app, Feedback(audience.feedback))


def _parts(value: str) -> tuple[str, str]:
    """The name and the file of NAME[:FILE]."""
    name, _, file = value.partition(":")
    return name, file or STDOUT


def refuse_doubles(asked: Sequence[tuple[str, str]]) -> None:
    """Raises UsageError when two options have the same destination: a file, a folder or standard output."""
    taken: dict[str, str] = {}
    for option, file in asked:
        place = file if file == STDOUT else os.path.abspath(file)
        if place in taken and place == STDOUT:
            raise UsageError(
                f"{taken[place]} and {option} cannot both go to standard output; name a file for one of them."
            )
        if place in taken:
            raise UsageError(f"{taken[place]} and {option} both write to {file!r}; name another place for one of them.")
        taken[place] = option


def _page() -> str:
    """A file for a page that is only to be opened."""
    from tempfile import mkdtemp  # with `random` and others, 10 ms for one rare option

    return str(Path(mkdtemp(prefix="stream-katas-"), "report.html"))


def _open(page: Destination) -> None:
    from grader.report import browser  # with `webbrowser`, 10 ms for one rare option

    if not browser.show(Path(page.name)):
        click.echo("No browser can be started here.", err=True)
