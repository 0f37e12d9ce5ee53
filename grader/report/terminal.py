"""The report for a person at a terminal: readable at 80 columns and without colour."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.model import BootFailure, CheckResult, Finding, Outcome, Place, Report, Requirement, Spot
from grader.report import advice
from grader.report.picture import layout
from grader.report.picture.console import ASCII, LINES, Pen, PictureLine, Tone
from grader.requirement import link
from grader.score import first_failure
from grader.text import from_here, plural, visible, visible_bytes, visible_lines, without_commands

_MARKS = {
    Outcome.PASSED: ("pass", "green"),
    Outcome.FAILED: ("FAIL", "bold red"),
    Outcome.BLOCKED: ("----", "dim"),
    Outcome.INCONCLUSIVE: ("????", "yellow"),
}
_TONES = {Tone.PLAIN: "", Tone.FAINT: "dim", Tone.WRONG: "bold red"}
_MOST, _MOST_OTHERS = 18, 7  # rows of the picture of the first failed check, and of the others


def show(report: Report, console: Console, *, verbose: bool = False) -> None:
    """Print ``report``. Text that comes from the learner is escaped, and is never read as Rich's markup."""
    after_gap = False
    ending = _ending(report, verbose=verbose)
    for part in (_heading(report), Text(), *_results(report, console, verbose=verbose), *ending):
        gap = isinstance(part, Text) and not part
        if not (gap and after_gap):
            unbroken = isinstance(part, Text) and part.no_wrap is True  # a line to be copied is never broken
            console.print(part, highlight=False, markup=False, soft_wrap=unbroken)
        after_gap = gap


def render(report: Report) -> str:
    """``report`` as plain text, 80 columns wide."""
    console = Console(file=StringIO(), width=80, color_system=None, force_terminal=False, _environ={})
    show(report, console)
    assert isinstance(console.file, StringIO)
    lines = (line.rstrip() for line in console.file.getvalue().splitlines())
    return without_commands("\n".join(lines) + "\n")


def _heading(report: Report) -> Text:
    app = from_here(Path(report.app))
    return Text.assemble((advice.heading(report), "bold"), f"   {visible(app, 400)}")


def _results(report: Report, console: Console, *, verbose: bool) -> list[RenderableType]:
    if report.boot_failure is not None:
        return boot_failure(report.boot_failure, report.log)
    parts: list[RenderableType] = []
    first = first_failure(report)
    for result in report.results:
        if result.finding is not None and result.outcome is not Outcome.BLOCKED:
            most = 0 if verbose else _MOST if result is first else _MOST_OTHERS
            parts += [*failed(result, result.finding, console, most=most), Text()]
        else:
            parts.append(line(result))
        if verbose and result.transcript:
            parts += [_picture_heading(""), _picture(result, console, most=None), Text()]
    return parts


def failed(result: CheckResult, finding: Finding, console: Console, *, most: int = _MOST) -> list[RenderableType]:
    """A check that did not pass: its finding, ``most`` rows of its picture (0: none), its requests."""
    parts: list[RenderableType] = [line(result), Padding(_detail(finding, console), (0, 0, 0, 4))]
    if most and result.transcript:
        parts += [_picture_heading(" (--verbose shows all of it)"), _picture(result, console, most=most)]
    return [*parts, *_requests(result)] if result.requests else parts


def line(result: CheckResult) -> RenderableType:
    """A check in one line: its outcome, title and points."""
    mark, style = _MARKS[result.outcome]
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=4)
    grid.add_column(ratio=1)
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
        grid.add_row("where", _place(finding.place))
    if finding.hint:
        grid.add_row("hint", Text(visible(finding.hint, 1000), "cyan"))
    parts: list[RenderableType] = [Text(visible(finding.headline, 800), "bold red"), grid]
    if finding.spot is not None and finding.spot.excerpt:
        parts.append(_spot(finding.spot, console.width - 4))
    return Group(*parts)


def _requirement(requirement: Requirement) -> Text:
    source = f"{requirement.source} {link(requirement.source)}".strip() or "this kata's README"
    return Text(f"“{visible(requirement.text, 600)}”\n{visible(source, 200)}")


def _place(place: Place) -> Text:
    function = f", in {place.function}" if place.function not in ("", "<module>") else ""
    doing = f" (inside {place.doing})" if place.doing else ""
    blocked = f"; the event loop had been blocked for {place.seconds:.1f} s" if place.seconds else ""
    return Text(visible(f"{place.file}:{place.line}{function}: {place.text}{doing}{blocked}", 300))


def _spot(spot: Spot, width: int) -> Text:
    """The bytes around the offending one, with a caret under it."""
    room = max(20, (width - 4) // 2)
    before = visible_bytes(spot.excerpt[: spot.caret], 1000)
    while cell_len(before) > room:
        before = before[1:]
    after = visible_bytes(spot.excerpt[spot.caret :], room) or "(end of what arrived)"
    while cell_len(after) > room + 1:
        after = after[:-1]
    caret = " " * cell_len(before) + f"^ byte {spot.offset} of the body"
    return Text.assemble(("response body at this point:\n", "dim"), f"  {before}{after}\n", ("  " + caret, "red"))


def _picture_heading(more: str) -> Text:
    return Text(f"    what happened at both ends{more}:", "dim")


def _picture(result: CheckResult, console: Console, *, most: int | None) -> Text:
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
    heading = Padding(Text(advice.reproduce(result), "dim"), (0, 0, 0, 4))
    lines = [f"      {visible(line, 2000)}" for line in result.requests[:3]]
    return [heading, Text("\n".join(lines), "dim", no_wrap=True)]


def boot_failure(failure: BootFailure, printed: str) -> list[RenderableType]:
    """The reason why the app did not start, its lines, and its output."""
    head = Text.assemble(("The app did not start: ", "bold red"), visible(failure.headline, 500))
    parts: list[RenderableType] = [head]
    parts += [Padding(_place(place), (0, 0, 0, 5)) for place in failure.frames[-8:]]
    if failure.advice:
        parts.append(Padding(Text(visible(failure.advice, 400), "cyan"), (0, 0, 0, 5)))
    return [*parts, *log(printed)]


def log(text: str) -> list[RenderableType]:
    """The last lines that the app printed."""
    found = visible_lines(text, lines=12, width=400)
    if not found:
        return []
    return [
        Text(),
        Text("What the app printed:", "dim"),
        Padding(Text("\n".join(found), overflow="fold"), (0, 0, 0, 2)),
    ]


def _ending(report: Report, *, verbose: bool) -> list[RenderableType]:
    parts: list[RenderableType] = []
    failed = report.count(Outcome.FAILED) + report.count(Outcome.INCONCLUSIVE)
    if failed and report.boot_failure is None:
        parts += log(report.log)
    if report.count(Outcome.BLOCKED):
        parts.append(Text("---- blocked by a check that did not pass", "dim"))
    parts += [Text(visible(note, 400), "yellow") for note in report.notes]
    if (verbose or report.is_submission) and (jail := advice.jail(report)):
        parts.append(Text(jail, "dim"))
    if specification := advice.specification(report):
        parts.append(Text(visible(specification, 1000), "dim"))
    style = "bold green" if report.points == report.possible else "bold"
    score = (f"Score: {report.points} of {report.possible} points", style)
    seed = f"seed {visible(report.seed, 80)}"
    parts.append(Text())
    parts.append(Text.assemble(score, f"   {advice.counts(report)}   {seed}   {report.seconds:.1f} s"))
    parts.append(Text(visible(advice.next_step(report), 1000)))
    if command := advice.single_check(report):
        parts.append(Text(f"Run just this check: {visible(command, 1000)}", no_wrap=True))
    return parts
