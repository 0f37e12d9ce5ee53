"""The report in short, in Markdown: for a comment on a pull request, or the summary of a CI job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from grader.model import CheckResult, Finding, Outcome, Place, Report, Requirement
from grader.report import advice, reproduce
from grader.requirement import link
from grader.score import first_failure
from grader.text import visible, without_commands

#: Prose without a character that means something in Markdown or on GitHub, and with whole `code` spans.
_PLAIN = re.compile(r"(?:[\w .,:;()'’“”…–/=-]|`[\w .,:;()'“”…–/=-]+`)*")
#: So many lines of the app's own are named of an app that did not start.
_FRAMES: Final = 8


def render(report: Report) -> str:
    """``report`` as GitHub Flavored Markdown: the score, a table of the checks, the first failed check, and a headline
    of each other one that failed or could not be decided.

    Whatever may come from the app is in code spans, where Markdown, HTML and @mentions have no effect.
    """
    return without_commands("\n".join(_lines(report)) + "\n")


def _lines(report: Report) -> Iterator[str]:
    first = first_failure(report)
    yield f"## {_plain(report.title)}: {advice.score(report)}"
    if not report.command:  # it is for the student, and goes from hand to hand
        yield from ("", _code(report.app, 300))
    seed = f"seed {_code(report.seed)}" if report.seed else ""
    if summary := "; ".join(filter(None, (advice.counts(report), seed))):
        yield from ("", summary)
    if report.boot_failure is not None:
        yield from ("", f"**{report.boot_failure.title}:** {_code(report.boot_failure.headline)}")
        yield from ("", *map(_where, report.boot_failure.frames[-_FRAMES:])) if report.boot_failure.frames else ()
    else:
        head = "what" if report.is_summed else "your server must show that …"
        yield from ("", f"| outcome | {head} | points |", "| --- | --- | ---: |")
        yield from (_row(result) for result in report.results)
    for result in _found(report):
        yield from ("", f"### {_plain(result.check.title)}", "", *_section(result, is_first=result is first))
    yield from (f"\n{_code(note, 400)}" for note in report.notes)
    if jail := advice.jail(report):
        yield from ("", _words(jail, 200))
    if specification := advice.specification(report):
        yield from ("", _code(specification, 1000))
    if step := advice.next_step(report):
        yield from ("", _words(step, 1000))
    if command := advice.single_check(report):
        yield from ("", f"Run just this check: {_code(command, 1000)}")


def _found(report: Report) -> Iterator[CheckResult]:
    """The checks that failed, then those that could not be decided, as far as their findings are shown."""
    for outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE):
        yield from (result for result in report.results if result.outcome is outcome and result.finding)


def _section(result: CheckResult, *, is_first: bool) -> Iterator[str]:
    """The first one whole; of the others the headline, so that many do not make the report too long for a comment."""
    assert result.finding is not None
    if is_first:
        yield from (*_finding(result.finding), *_raised(result))
    else:
        yield _code(result.finding.headline, 800)


def _row(result: CheckResult) -> str:
    return f"| {result.outcome.value} | {_plain(result.check.title)} | {result.earned}/{result.check.points} |"


def _finding(finding: Finding) -> Iterator[str]:
    yield _code(finding.headline, 800)
    yield ""
    if not finding.headline_is_complete:
        yield f"- expected: {_code(finding.expected)}"
        yield f"- seen: {_code(finding.seen)}"
    if finding.requirement is not None:
        yield f"- requirement: {_requirement(finding.requirement)}"
    if finding.hint:
        yield f"- hint: {_words(finding.hint)}"


def _raised(result: CheckResult) -> Iterator[str]:
    yield from map(_where, result.raised.frames if result.raised else ())
    for line in reproduce.shown(result)[:1]:
        yield from ("", reproduce.heading(result), "", _code(line, 20_000))


def _where(place: Place) -> str:
    return f"- where: {_code(f'{place.file}:{place.line}: {place.text}'.rstrip(': '))}"


def _requirement(requirement: Requirement) -> str:
    source = requirement.source or "this kata's README"
    address = link(requirement.source)
    return f"“{_plain(requirement.text)}” ({f'[{source}]({address})' if address else source})"


def _plain(words: str) -> str:
    """Words of an author or of the grader, with `code` in them. They must not begin HTML, or the cell of a table."""
    return re.sub(r"([<|\[\]])", r"\\\1", visible(words, 600))


def _words(text: str, limit: int = 600) -> str:
    """Words that may have a part from the app in them: as they are when they are plain, else in a code span."""
    shown = visible(text, limit)
    return shown if _PLAIN.fullmatch(shown) else _code(text, limit)


def _code(text: str, limit: int = 600) -> str:
    """A code span whose delimiter is longer than any run of backticks in it (CommonMark 6.1)."""
    shown = visible(text, limit)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    space = " " if len(fence) > 1 or shown[:1] in ("", " ") else ""
    return f"{fence}{space}{shown}{space}{fence}"
