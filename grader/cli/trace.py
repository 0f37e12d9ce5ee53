"""`grade trace`: one request, live, with both ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from grader import interrupt
from grader.cli.console import console_for, untrusted_text
from grader.cli.parameters import Choice, Seconds, Target, color_option, takes_app
from grader.errors import BootFailed, UsageError
from grader.exits import Exit
from grader.grading import causes
from grader.probe.connection import Disconnect
from grader.report import terminal
from grader.report.failure import place, without_tracebacks
from grader.report.picture.console import ASCII, LINES, Pen, Tone
from grader.report.picture.layout import PAUSE, Party, Pause, Remark, Row, arrow, stretch
from grader.report.picture.order import Order
from grader.standin import items_of
from grader.text import visible
from grader.trace import Behaviour, Burst, HeaderFields, Request, Shown, trace

_UNORDERED = (
    "{about} the app sent this, and something on its other connection, at almost the same time: which of the two came "
    "first cannot be seen from outside."
)


@click.command("trace")
@takes_app
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option("-X", "--request", "method", metavar="METHOD", help="[default: GET, or POST when there is a body]")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Send this field, too.")
@click.option("--json", "body", metavar="TEXT", help="Send this body, as application/json.")
@click.option(
    "--disconnect-after",
    type=click.IntRange(0),
    metavar="N",
    help="Disconnect after N chunks (0: after the header section).",
)
@click.option("--abort", is_flag=True, help="Disconnect by an abort (RST) instead of a close (FIN).")
@click.option("--stall", is_flag=True, help="Read nothing, and see how many items the app pulls meanwhile.")
@click.option("--hold", type=click.IntRange(0), metavar="N", help="The upstream gives N items, and no more.")
@click.option(
    "--for",
    "seconds",
    type=Seconds(0.1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="End after this time.",
)
@color_option
def command(
    choice: Choice,
    paths: tuple[str, ...],
    method: str | None,
    headers: tuple[str, ...],
    body: str | None,
    disconnect_after: int | None,
    abort: bool,
    stall: bool,
    hold: int | None,
    seconds: float,
    color: str,
) -> Exit:
    """Send one request for PATH to your app, and show what happens at both ends.

    It shows each field, chunk and pull when it comes, with its time. Several PATHs go to one app, one after the other.

    \b
    grade trace kata-1 '/generate?prompt=hello&stream=true'
    grade trace kata-2 '/tasks?stream=true' --json '{"task": "tea", "steps": 3}'

    The kit's stand-in is the upstream. Key words select failure modes: "fail", "fail-after-2", "empty", "slow".

    Exit codes: 0 the app responded; 1 the app did not start, or did not respond; 2 usage; 3 the grader failed.
    """
    if not paths:
        raise UsageError("Name a path, such as: grade trace '/generate?prompt=hello'")
    requests = [
        Request(
            method or ("GET" if body is None else "POST"),
            _path_of(path),
            _fields(headers, body),
            body.encode() if body is not None else None,
        )
        for path in paths
    ]
    disconnect = Disconnect.ABORT if abort else Disconnect.CLOSE
    target = choice.target(is_graded=False)
    behaviour = Behaviour(
        disconnect_after=disconnect_after,
        disconnect=disconnect,
        stalls=stall,
        hold=hold,
        seconds=seconds,
        items=items_of(target.kata.folder),
    )
    console = console_for(color)
    interrupt.suppress_lost_work_notice()
    with untrusted_text():
        return _trace(target, requests, behaviour, console)


def _trace(target: Target, requests: list[Request], behaviour: Behaviour, console: Console) -> Exit:
    screen = Screen(console)
    try:
        summary = trace(target.launch(), requests, behaviour, screen.show)
    except BootFailed as error:
        for part in terminal.boot_failure(error.failure, ""):
            console.print(part, highlight=False, markup=False)
        return Exit.FAILED
    if not screen.is_ordered:
        about = (ASCII if console.options.ascii_only else LINES).about
        console.print(_UNORDERED.format(about=about), style="dim", highlight=False, markup=False)
    for part in terminal.log(without_tracebacks(summary.log) if summary.raised else summary.log):
        console.print(part, highlight=False, markup=False)
    if summary.raised is not None:
        cause = causes.sentence(summary.raised)
        console.print(visible(cause[:1].upper() + cause[1:], 600), style="bold red", highlight=False, markup=False)
        for frame in summary.raised.frames[-4:]:
            console.print(Padding(place(frame), (0, 0, 0, 4)), highlight=False, markup=False)
    for words in summary.causes:
        console.print(visible(words, 600), style="bold red", highlight=False, markup=False)
    for sentence in summary.sentences:
        console.print(sentence, style="bold", highlight=False, markup=False)
    return Exit.PASSED if summary.answered else Exit.FAILED


def _path_of(path: str) -> str:
    """Path and query: of a whole address, too, as it may have been copied from a curl line."""
    path = re.sub(r"^https?://[^/?]*", "", path)
    return path if path.startswith("/") else f"/{path}"


def _fields(headers: tuple[str, ...], body: str | None) -> dict[str, str]:
    """The header fields, as `curl -H` takes them. Raises UsageError."""
    found = {} if body is None else {"content-type": "application/json"}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip() or not (name + value).isprintable():
            raise UsageError(
                f"--header: {header!r} is not a valid header field; write it like 'Accept: text/event-stream'."
            )
        found[name.strip().lower()] = value.strip()
    return found


class Screen:
    """Prints what happens, row by row, with the pauses between."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._pen = Pen(min(console.width, 140), ASCII if console.options.ascii_only else LINES)
        self._last: float | None = None
        self._order = Order()
        self.is_ordered = True

    def show(self, shown: Shown) -> None:
        """Print what is shown next, below the names of the lanes."""
        if self._last is None:
            self._console.print(Text(self._pen.heading().text, "dim"), soft_wrap=True)
            self._last = 0.0
        for line in self._pen.lines(self._rows(shown, self._last)):
            style = "dim" if line.tone is Tone.FAINT else ""
            self._console.print(Text(line.text, style, no_wrap=True), soft_wrap=True)

    def _rows(self, shown: Shown, last: float) -> Iterator[Row]:
        match shown:
            case HeaderFields(fields):
                for name, value in fields:
                    yield Remark(last, Party.CLIENT, visible(f"  {name}: {value}", 300))
            case Burst(entries):
                yield from stretch(entries)
            case entry:
                if entry.at - last >= PAUSE:
                    yield Pause(entry.at - last)
                self._last = max(last, entry.at)
                row, is_known = arrow(entry), self._order.is_known(entry)
                self.is_ordered = self.is_ordered and is_known
                yield row if is_known or isinstance(row, Remark) else replace(row, unordered=True)
