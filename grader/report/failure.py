"""A check that did not pass, for a person at a terminal: its finding, its picture, and how to see it again."""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.model import CheckResult, Finding, Outcome, Place, Requirement, Spot
from grader.report import reproduce
from grader.report.picture import layout
from grader.report.picture.console import ASCII, LINES, Pen, PictureLine, Tone
from grader.requirement import link
from grader.text import ENDING, LEGEND, plural, visible, visible_body, visible_bytes, visible_lines

_MARKS = {
    Outcome.PASSED: ("pass", "green"),
    Outcome.FAILED: ("FAIL", "bold red"),
    Outcome.BLOCKED: ("----", "dim"),
    Outcome.INCONCLUSIVE: ("????", "yellow"),
}
_TONES = {Tone.PLAIN: "", Tone.FAINT: "dim", Tone.WRONG: "bold red"}
_PICTURE = 18  # rows
_LONGEST = 20_000  # characters of a curl line, which is of use only whole
_SHOWN = 0.05  # seconds of a blocked event loop; fewer would read 0.0
_PRINTED = 8  # lines of what the app printed during the check
#: The traceback of an error that nothing caught, as the server writes it, with the errors that it came from, whose
#: words may be many lines.
_FOLLOWS = r"(?:The above exception was|During handling of)"
_CAME_FROM = rf"Traceback(?:(?!^ERROR: |^{_FOLLOWS}).)*^{_FOLLOWS}[^\n]*\n\n"
_ERROR = r"Traceback[^\n]*\n(?:[ \t][^\n]*\n)*(?:\S[^\n]*(?:\n|\Z))?"
_NOT_AWAITED = re.compile(
    r"^\S+:-?\d+: RuntimeWarning: (coroutine '[^'\n]+' was never awaited)\n(?:  \S[^\n]*\n)?"
    r"RuntimeWarning: Enable tracemalloc[^\n]*(?:\n|\Z)",
    re.MULTILINE,
)
_TRACEBACK = re.compile(rf"^ERROR: +Exception in ASGI application\n(?:{_CAME_FROM})*{_ERROR}", re.MULTILINE | re.DOTALL)


def failed(
    result: CheckResult,
    finding: Finding,
    console: Console,
    *,
    most: int = _PICTURE,
    news: str = "",
    more: str = " (--verbose shows all of it)",
) -> list[RenderableType]:
    """A check that did not pass: its finding, ``most`` rows of its picture (0: none), its requests.

    ``news`` is a sentence on what it was before. ``more`` says how to see the whole picture.
    """
    parts: list[RenderableType] = [line(result)]
    parts += [Padding(Text(news, "dim"), (0, 0, 0, 4))] if news else []
    parts += [Padding(_detail(finding, console), (0, 0, 0, 4)), *own(result)]
    if most and result.transcript:
        parts += picture(result, console, most=most, more=more)
    return [*parts, *_requests(result)] if result.requests else parts


def line(result: CheckResult, *, is_one_row: bool = False) -> RenderableType:
    """A check in one line: its outcome, title and points. In one row, its title may be cut."""
    mark, style = _MARKS[result.outcome]
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=4)
    grid.add_column(ratio=1, no_wrap=is_one_row, overflow="ellipsis")
    grid.add_column(justify="right", no_wrap=True)
    points = f"{result.earned}/{result.check.points}"
    title = Text(result.check.title, "" if result.outcome is not Outcome.BLOCKED else "dim")
    grid.add_row(Text(mark, style), title, Text(points, style))
    return grid


def _detail(finding: Finding, console: Console) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=11, no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    if not finding.headline_is_complete:
        grid.add_row("expected", Text(visible(finding.expected, 600)))
        grid.add_row("seen", Text(visible(finding.seen, 600), "red"))
    if finding.requirement is not None:
        grid.add_row("requirement", _requirement(finding.requirement))
    if finding.place is not None:
        grid.add_row("where", place(finding.place))
    if finding.hint:
        grid.add_row("hint", Text(visible(finding.hint, 1000), "cyan"))
    parts: list[RenderableType] = [Text(visible(finding.headline, 800), "bold red"), grid]
    if finding.spot is not None and finding.spot.excerpt:
        parts.append(_spot(finding.spot, console))
    return Group(*parts)


def _requirement(requirement: Requirement) -> Text:
    source = f"{requirement.source} {link(requirement.source)}".strip() or "this kata's README"
    return Text(f"“{visible(requirement.text, 600)}”\n{visible(source, 200)}")


def place(found: Place) -> Text:
    """A line of the learner's own code."""
    function = f", in {found.function}" if found.function not in ("", "<module>") else ""
    doing = f" (inside {found.doing})" if found.doing else ""
    blocked = f"; the event loop had been blocked for {found.seconds:.1f} s" if found.seconds >= _SHOWN else ""
    return Text(visible(f"{found.file}:{found.line}{function}: {found.text}{doing}{blocked}", 300))


def in_short(result: CheckResult, width: int, *, news: str = "") -> Text:
    """A check that did not pass in one row: its outcome, id, points, a word on what is new, and its headline."""
    mark, style = _MARKS[result.outcome]
    headline = result.finding.headline if result.finding else ""
    start = f" {result.check.id} {result.earned}/{result.check.points}  "
    since = f"{news}: " if news else ""
    room = max(20, width - len(mark) - cell_len(start) - cell_len(since) - 2)
    return Text.assemble((mark, style), start, (since, "dim"), (visible(headline, room), "red"), no_wrap=True)


def printed_before(result: CheckResult) -> str:
    """What the app printed during the check, without the tracebacks that the frames stand for."""
    return without_tracebacks(result.printed) if result.raised else result.printed


def without_tracebacks(printed: str) -> str:
    """What an app printed itself: the errors that nothing caught are shown with the checks in which they came.

    Of what Python prints about a coroutine that was not awaited, its name is left.
    """
    return _NOT_AWAITED.sub(r"\1\n", _TRACEBACK.sub("", printed))


def own(result: CheckResult) -> list[RenderableType]:
    """The learner's frames of what the app raised, and what it printed."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=11, no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    frames = result.raised.frames if result.raised else ()
    if frames:
        grid.add_row("where", Text("\n").join(place(frame) for frame in frames[-4:]))
    if printed := visible_lines(printed_before(result), lines=_PRINTED, width=200):
        grid.add_row("printed", Text("\n".join(printed)))
    return [Padding(grid, (0, 0, 0, 4))] if grid.row_count else []


def _spot(spot: Spot, console: Console) -> Text:
    """The bytes around the offending one, with a caret under it."""
    room = max(20, (console.width - 8) // 2)
    shown = visible_bytes if console.options.ascii_only else visible_body
    before = shown(spot.excerpt[: spot.caret], 1000)
    while cell_len(before) > room:
        before = before[1:]
    after = shown(spot.excerpt[spot.caret :], room) or "(end of what arrived)"
    while cell_len(after) > room + 1:
        after = after[:-1]
    caret = " " * cell_len(before) + f"^ byte {spot.offset} of the body"
    legend = LEGEND if ENDING in before + after else ""
    title = f"response body at this point{legend}:\n"
    return Text.assemble((title, "dim"), f"  {before}{after}\n", ("  " + caret, "red"))


def picture(result: CheckResult, console: Console, *, most: int | None = None, more: str = "") -> list[RenderableType]:
    """What happened at both ends, in at most ``most`` rows (None: all)."""
    return [Text(f"    what happened at both ends{more}:", "dim"), _drawn(result, console, most=most)]


def _drawn(result: CheckResult, console: Console, *, most: int | None) -> Text:
    pen = Pen(console.width - 4, ASCII if console.options.ascii_only else LINES)
    lines = [pen.heading(), *pen.lines(layout.rows(result, most=most))]
    if result.left_out:
        lines.append(
            PictureLine(f"({plural(result.left_out, 'entry')} of a long exchange left out in the middle)", Tone.FAINT)
        )
    text = Text("\n", no_wrap=True).join(Text(f"    {line.text}", _TONES[line.tone]) for line in lines)
    text.no_wrap = True
    return text


def _requests(result: CheckResult) -> list[RenderableType]:
    heading = Padding(Text(reproduce.heading(result), "dim"), (0, 0, 0, 4))
    lines = [f"      {visible(line, _LONGEST)}" for line in reproduce.shown(result)]
    return [heading, Text("\n".join(lines), "dim", no_wrap=True)]
