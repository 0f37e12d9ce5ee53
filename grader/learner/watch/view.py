"""The view of a watch: draws a state, as a screen or as one line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.layout import Layout
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from grader.learner.watch.state import State
from grader.model import Outcome, Report
from grader.report import advice, changes, failure, terminal
from grader.text import from_here, plural, visible

_SIGNS = {
    Outcome.PASSED: ("✓", ".", "green"),
    Outcome.FAILED: ("✗", "F", "bold red"),
    Outcome.BLOCKED: ("·", "-", "dim"),
    Outcome.INCONCLUSIVE: ("?", "?", "yellow"),
}
#: The keys that are shown at the foot: the first line that fits.
_KEYS = (
    "Enter run   h hint   d details   ↑↓ scroll   n next   c copy   o page   ? keys   q quit",
    "Enter run  h hint  d details  n next  c copy  o page  ? keys  q quit",
    "h hint  d more  n next  ? keys  q quit",
    "h hint  d more  ? keys  q quit",
)
_HELP = """Enter  grade now; every save does so, too
h      one more hint about the failed check; grade hint continues there
d      the whole finding with its picture, or less of it
n      the next failed check; after full marks the next kata
p      the one before
↑ ↓    scroll
c      copy the request as a curl line
o      open the report as a page
?      these keys, or the report again
q      quit"""
_SMALL = 16  # rows; with fewer, what is not about the first failed check is left out
_SMALL_HEADLINE = 160  # characters of why an app did not start, on a small screen: its line must be seen, too
_NEWS = 4  # titles of checks that are new, for each sign


class Window:
    """As many lines of ``content`` as fit, from line ``top``; from line ``furthest``, the last lines are shown."""

    def __init__(self, content: RenderableType, top: int) -> None:
        self._content = content
        self._top = top
        self.furthest = 0  # known after drawing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._content, options.update(height=None), pad=False)
        height = options.height or len(lines)
        self.furthest = max(0, len(lines) - height)
        top = min(self._top, self.furthest)
        below = len(lines) - top - height
        for line in lines[top : top + height - (below > 0)]:
            yield from line
            yield Segment.line()
        if below > 0:
            mark = f"↓ {plural(below + 1, 'more line')}".encode(console.encoding, "replace").decode(console.encoding)
            yield Text(mark, "dim", no_wrap=True)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands above every state: the kata's title, the app, and the address of a page that is served, if one is."""

    title: str
    app: Path
    page: str = ""


def screen(state: State, frame: Frame, console: Console) -> tuple[RenderableType, Window]:
    """The whole screen, as high as the terminal, and its window that can be scrolled."""
    whole = Layout()
    body = Window(Group(*_body(state, frame, console)), state.scroll)
    fitting = next((line for line in _KEYS if len(line) <= console.width), _KEYS[-1])
    keys = fitting.encode(console.encoding, "replace").decode(console.encoding)
    whole.split_column(Layout(body), Layout(Text(keys, "reverse", no_wrap=True), size=1))
    return whole, body


def line(state: State) -> str:
    """The last grade in one line, for output that is not a terminal."""
    report = state.report
    if report is None:
        return visible(state.message, 500)
    change = f" ({_change(state)})" if _change(state) else ""
    failure = report.boot_failure
    to_fix = state.to_fix
    says = f"The app did not start: {failure.headline}" if failure else advice.next_step(report, to_fix)
    if to_fix is not None and to_fix.finding:
        says += f" {to_fix.finding.headline}"
    return visible(f"{report.points} of {report.possible} points{change}. {says}", 500)


def _body(state: State, frame: Frame, console: Console) -> list[RenderableType]:
    small = console.height < _SMALL
    app = "" if small else f"   {visible(from_here(frame.app), 200)}"
    parts: list[RenderableType] = [Text.assemble((frame.title, "bold"), (app, "dim"))]
    parts += [Text(frame.page, "dim", overflow="fold")] if frame.page else []
    parts.append(_status(state, small=small, width=console.width))
    if state.help:
        return [*parts, Text(f"\n{_HELP}".encode(console.encoding, "replace").decode(console.encoding))]
    if state.report is None:
        parts += [Text(f"\n{visible(state.message, 500)}", "yellow")] if state.message else []
        return [*parts, *([Text(f"\n{_so_far(state)}", "red")] if _so_far(state) else [])]
    if _so_far(state) and not small:  # instead of the signs, so that nothing below it moves
        parts.append(Text(_so_far(state), "red", no_wrap=True, overflow="ellipsis"))
    elif state.report.results and state.report.boot_failure is None and not small:
        parts.append(_signs(state.report, console))
    if state.message:
        parts.append(Text(f"\n{visible(state.message, 500)}", "yellow"))
    notes = [Text(visible(note, 400), "yellow") for note in state.report.notes]
    first = _first(state, state.report, console, small=small)
    news = [] if state.details else _news(state)  # below, where they push nothing off the screen
    return [*parts, *([] if small else [Text()]), *first, *notes, *news]


def _so_far(state: State) -> str:
    """What is known to be wrong while a grade runs; "" when nothing is."""
    found = state.progress.found if state.progress else ""
    return f"so far: {visible(found, 400)}" if found else ""


def _status(state: State, *, small: bool, width: int) -> Text:
    found: list[tuple[str, str]] = []
    if state.report is not None:
        full = state.report.points == state.report.possible
        found.append((f"{state.report.points} of {state.report.possible} points", "bold green" if full else "bold"))
        if change := _change(state):
            found.append((f"  {change}", "bold cyan"))
    match state.progress:
        case None if state.report is not None and not small:
            found.append((f"   run {state.runs}, {state.report.seconds:.1f} s; waiting for a save", "dim"))
        case None:
            waiting = "   waiting for a save"
            found += [(waiting, "dim")] if sum(len(text) for text, _ in found) + len(waiting) <= width else []
        case progress if progress.total == 0:
            found.append((f"   run {state.runs}: the app is starting", "yellow"))
        case progress:
            found.append((f"   run {state.runs}: {progress.done} of {plural(progress.total, 'check')}", "yellow"))
    return Text.assemble(*found)


def _change(state: State) -> str:
    """The number of checks that pass now and did not before, and the reverse, such as "+2 checks, -1 check"."""
    counts = [(sign, len(titles)) for sign, titles in (("+", state.gained), ("-", state.lost)) if titles]
    return ", ".join(f"{sign}{plural(count, 'check')}" for sign, count in counts)


def _signs(report: Report, console: Console) -> Text:
    which = 1 if console.options.ascii_only else 0
    return Text.assemble(*((_SIGNS[result.outcome][which], _SIGNS[result.outcome][2]) for result in report.results))


def _news(state: State) -> list[RenderableType]:
    rows = Table.grid(padding=(0, 1))  # a title that is longer than a row goes on under itself
    for sign, titles, style in (("+", state.gained, "green"), ("-", state.lost, "red")):
        more = [f"… and {len(titles) - _NEWS} more"] if len(titles) > _NEWS else []
        for title in (*titles[:_NEWS], *more):
            rows.add_row(Text(sign, style), Text(title, style))
    return [Text(), rows] if rows.row_count else []


def _first(state: State, report: Report, console: Console, *, small: bool) -> list[RenderableType]:
    """The boot failure or the first failed check, or else what to do next."""
    if report.boot_failure is not None:
        return terminal.boot_failure(report.boot_failure, report.log, room=_SMALL_HEADLINE if small else None)
    to_fix = state.to_fix
    if to_fix is None or to_fix.finding is None:
        ends: list[RenderableType] = [Text(advice.next_step(report), "bold green" if state.is_done else "yellow")]
        return [*ends, Text(f"\nn goes on with {state.following}.", "bold")] if state.following else ends
    count = len(state.all_hints)
    shown = enumerate(state.all_hints[: state.hints], 1)
    hints = [f"\nhint {at} of {count}: {visible(hint, 1000)}" for at, hint in shown]
    shown_hints = [Padding(Text(hint, "cyan"), (0, 0, 0, 5)) for hint in hints]
    since = "" if small else changes.sentence(to_fix.check.id, state.compared)
    if state.details:
        return [*failure.failed(to_fix, to_fix.finding, console, news=since), *shown_hints[1:]]
    return [
        failure.line(to_fix, is_one_row=small),
        *([Padding(Text(since, "dim"), (0, 0, 0, 5))] if since else []),
        Padding(Text(visible(to_fix.finding.headline, 600), "red"), (0, 0, 0, 5)),
        *failure.own(to_fix),
        *shown_hints,
        *_others(state, console),
    ]


def _others(state: State, console: Console) -> list[RenderableType]:
    """The other failed checks, in a row each."""
    others = [one for one in state.failures if one is not state.to_fix]
    words = {one.check.id: changes.word(one.check.id, state.compared) for one in others}
    rows: list[RenderableType] = [failure.in_short(one, console.width, news=words[one.check.id]) for one in others]
    heading = Text(f"\n{state.at + 1} of {len(state.failures)} that failed; n shows the next", "dim")
    return [heading, *rows] if rows else []
