"""The report for a person at a terminal: readable at 80 columns and without colour."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from pathlib import Path

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from grader.learner.recall import Compared, focus
from grader.model import BootFailure, CheckResult, Outcome, Report
from grader.report import advice, changes, failure
from grader.report.failure import place
from grader.score import first_failure
from grader.text import from_here, plural, visible, visible_lines, without_commands

#: Nothing has been seen before: every report but that of a learner at a terminal.
NOTHING = Compared()

#: Rows of the first failure's headline beside the score.
_HEADLINE = 4
_REASON = 500  # characters of why the app did not start


def show(report: Report, console: Console, *, verbose: bool = False, compared: Compared = NOTHING) -> None:
    """Print ``report``, of which ``compared`` says what its reader has seen before.

    Text that comes from the learner is escaped, and is never read as Rich's markup.
    """
    results = _all(report, console) if verbose else _short(report, console, compared)
    _show(report, results, console, _ending(report, console, verbose=verbose, first=_first(report, compared)))


def _show(
    report: Report, results: Iterable[RenderableType], console: Console, ending: Iterable[RenderableType]
) -> None:
    if report.boot_failure is not None:
        results = boot_failure(report.boot_failure, report.log)
    parts = (_heading(report), Text(), *results, *ending)
    if console.is_terminal:
        _print(parts, console)
        return
    with console.capture() as captured:
        _print(parts, console)
    text = "\n".join(line.rstrip(" ") for line in captured.get().split("\n"))  # Rich fills lines up to their width
    console.out(text, highlight=False, end="")


def _print(parts: Iterable[RenderableType], console: Console) -> None:
    after_gap = False
    for part in parts:
        gap = isinstance(part, Text) and not part
        if not (gap and after_gap):
            unbroken = isinstance(part, Text) and part.no_wrap is True  # a line to be copied is never broken
            console.print(part, highlight=False, markup=False, soft_wrap=unbroken)
        after_gap = gap


def render(report: Report) -> str:
    """``report`` as plain text, 80 columns wide, with each check: who reads it has no option that shows more."""
    console = Console(file=StringIO(), width=80, color_system=None, force_terminal=False, _environ={})
    ending = _ending(report, console, verbose=False, first=first_failure(report))
    _show(report, _listed(report, console), console, ending)
    assert isinstance(console.file, StringIO)
    lines = (line.rstrip() for line in console.file.getvalue().splitlines())
    return without_commands("\n".join(lines) + "\n")


def _heading(report: Report) -> Text:
    app = from_here(Path(report.app))
    return Text.assemble((advice.heading(report), "bold"), f"   {visible(app, 400)}")


def _first(report: Report, compared: Compared) -> CheckResult | None:
    """The failed check that is shown whole; None when none failed."""
    return focus(report, compared) or first_failure(report)


def _worst(report: Report, compared: Compared) -> CheckResult | None:
    """The same, or else the first check that is inconclusive."""
    undecided = (result for result in report.results if result.outcome is Outcome.INCONCLUSIVE)
    return _first(report, compared) or next(undecided, None)


def _all(report: Report, console: Console) -> list[RenderableType]:
    """Every check, with its whole picture."""
    parts: list[RenderableType] = []
    for result in report.results:
        if result.finding is not None and result.outcome is not Outcome.BLOCKED:
            parts += [*failure.failed(result, result.finding, console, most=0), Text()]
        else:
            parts.append(failure.line(result))
        if result.transcript:
            parts += [*failure.picture(result, console), Text()]
    return parts


def _short(report: Report, console: Console, compared: Compared) -> list[RenderableType]:
    """One failure whole, the others in one row each; what passed and what is blocked is counted."""
    first = _worst(report, compared)
    parts: list[RenderableType] = []
    if passed := [result for result in report.results if result.outcome is Outcome.PASSED]:
        points = sum(result.earned for result in passed)
        more = "" if first is None else " (--verbose lists them)"
        words = f" {plural(len(passed), 'check')}, {plural(points, 'point')}{more}"
        parts.append(Text.assemble(("pass", "green"), words))
    if first is not None and first.finding is not None:
        news = changes.sentence(first.check.id, compared)
        parts += [Text(), *failure.failed(first, first.finding, console, news=news), Text()]
    others = [one for one in report.results if one is not first]
    parts += [
        failure.in_short(one, console.width, news=changes.word(one.check.id, compared))
        for one in others
        if one.outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE)
    ]
    return [*parts, *(Text.assemble(("----", "dim"), f" {words}") for words in advice.blocked(report))]


def _listed(report: Report, console: Console) -> list[RenderableType]:
    """Every check: the first failure whole, and a headline of the others."""
    first = _worst(report, NOTHING)
    parts: list[RenderableType] = []
    for result in report.results:
        if result is first and result.finding is not None:
            parts += [*failure.failed(result, result.finding, console, more=""), Text()]
            continue
        parts.append(failure.line(result))
        if result.finding is not None and result.finding.headline and result.outcome is not Outcome.BLOCKED:
            parts.append(Padding(Text(visible(result.finding.headline, 800), "red"), (0, 0, 0, 5)))
    return parts


def boot_failure(found: BootFailure, printed: str, *, room: int | None = None) -> list[RenderableType]:
    """The reason why the app did not start, in at most ``room`` characters, its lines, and its output."""
    head = Text.assemble((f"{found.title}: ", "bold red"), visible(found.headline, room or _REASON))
    parts: list[RenderableType] = [head]
    parts += [Padding(place(frame), (0, 0, 0, 5)) for frame in found.frames[-8:]]
    if found.advice:
        parts.append(Padding(Text(visible(found.advice, 400), "cyan"), (0, 0, 0, 5)))
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


def _ending(report: Report, console: Console, *, verbose: bool, first: CheckResult | None) -> list[RenderableType]:
    """All that must be in sight without scrolling: on a terminal of 24 rows, it is the last that is printed."""
    parts: list[RenderableType] = []
    failed = report.count(Outcome.FAILED) + report.count(Outcome.INCONCLUSIVE)
    if failed and report.boot_failure is None and not (first and (first.raised or first.printed)):
        raised = any(result.raised for result in report.results)
        parts += log(failure.without_tracebacks(report.log) if raised else report.log)
    parts += [Text(visible(note, 400), "yellow") for note in report.notes]
    if (verbose or report.is_submission) and (jail := advice.jail(report)):
        parts.append(Text(jail, "dim"))
    if specification := advice.specification(report):
        parts.append(Text(visible(specification, 1000), "dim"))
    style = "bold green" if report.points == report.possible else "bold"
    score = (f"Score: {advice.score(report)}", style)
    seed = f"seed {visible(report.seed, 80)}" if report.seed else ""
    parts.append(Text())
    more = filter(None, (advice.counts(report), seed, f"{report.seconds:.1f} s"))
    parts.append(Text.assemble(score, *(f"   {words}" for words in more)))
    if step := advice.next_step(report, first):
        parts.append(Text(visible(step, 1000)))
    if first is not None and first.finding is not None and report.boot_failure is None:
        headline = visible(first.finding.headline, _HEADLINE * (console.width - 6))
        parts.append(Padding(Text(headline, "red"), (0, 0, 0, 4)))
    if command := advice.single_check(report, first):
        parts.append(Text(f"Run just this check: {visible(command, 1000)}", no_wrap=True))
    return parts
