"""The report as a page: one HTML file without scripts or other files, with all text of the app escaped."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from rich.cells import cell_len

from grader.model import CheckResult, Outcome, Report, Spot
from grader.report import advice, listing, reproduce
from grader.report.changes import Changes
from grader.report.failure import printed_before
from grader.report.picture import layout, svg
from grader.requirement import link
from grader.score import first_failure
from grader.text import ENDING, LEGEND, visible, visible_body, visible_lines

_PAGE = Path(__file__).parent / "page"
_LOG, _PRINTED = 60, 20  # lines of what the app printed: in all, and during one check
_MOST = {Outcome.FAILED: 60, Outcome.INCONCLUSIVE: 60}  # rows of a picture; of the others,
_MOST_OTHERS = 24
_BEFORE, _AFTER = 28, 68  # characters around an offending byte: a phone shows what comes before it, and its number


@dataclass(frozen=True, slots=True)
class Caret:
    """The response body around an offending byte, and a line with a caret under that byte."""

    line: str
    caret: str

    @property
    def legend(self) -> str:
        return LEGEND if ENDING in self.line else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One check as the page shows it; ``lines`` is its transcript as text."""

    result: CheckResult
    is_first_failed: bool
    requirement_url: str
    spot: Caret | None
    drawings: tuple[svg.Drawing, ...]
    lines: list[str]
    printed: list[str]

    @property
    def has_inside(self) -> bool:
        """Whether the check has details. A blocked check was not run."""
        return self.result.outcome is not Outcome.BLOCKED and bool(self.result.finding or self.lines)

    @property
    def reproduce(self) -> str:
        """The steps before the requests can be sent again."""
        return reproduce.heading(self.result)

    @property
    def requests(self) -> tuple[str, ...]:
        """The curl lines that are shown."""
        return reproduce.shown(self.result)


@dataclass(frozen=True, slots=True)
class Live:
    """What a page has more that stays open: the address of its script, beside its own, and which ``run`` it shows.

    ``now`` says what the watch does, ``changes`` what is different since the run before.
    """

    script: str
    run: int
    now: str = ""
    changes: Changes | None = None


def render(report: Report, live: Live | None = None) -> str:
    """``report`` as an HTML document with a Content-Security-Policy that allows its own style and nothing else.

    Where it is ``live``, that script, too, which may ask the page's own server only.
    """
    first = first_failure(report)
    page: str = (
        _environment()
        .get_template("report.html.jinja")
        .render(
            report=report,
            heading=advice.heading(report),
            score=advice.score(report),
            live=live,
            **_frame(live),
            counts=advice.counts(report),
            outcome=advice.outcome,
            some_blocked=report.count(Outcome.BLOCKED) > 0,
            advice=advice.next_step(report),
            specification=advice.specification(report),
            jail=advice.jail(report),
            first=first,
            sheets=[_sheet(result, is_first=result is first) for result in report.results],
            log=visible_lines(report.log, lines=_LOG, width=400),
        )
    )
    return guarded(page)


def waiting(heading: str, words: str, live: Live) -> str:
    """The page before there is a report: ``words`` say why."""
    page: str = (
        _environment()
        .get_template("waiting.html.jinja")
        .render(heading=heading, words=words, live=live, **_frame(live))
    )
    return guarded(page)


def _frame(live: Live | None) -> dict[str, str]:
    """The style, which is our own, so that it is not escaped, and the policy that allows it."""
    style = (_PAGE / "report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    scripts = "; script-src 'self'; connect-src 'self'" if live else ""
    policy = f"default-src 'none'; style-src 'sha256-{digest}'{scripts}; base-uri 'none'; form-action 'none'"
    return {"style": Markup(style), "policy": policy}


def guarded(page: str) -> str:
    """The same page, without any text in its source that other programs read as a command.

    GitHub's runner takes `::` at the start of a line and `##[` anywhere for commands (see text.without_commands).
    `\\u` is what a wrong encoding leaves of a character: the app's own, as in its JSON, must not look the same.
    """
    page = re.sub(r"((?:^|[\r\n])[^\S\r\n]*)::", r"\1&#58;:", page)
    return page.replace("##[", "##&#91;").replace("\\u", "&#92;u")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["visible"] = visible
    environment.filters["prose"] = prose
    return environment


def _sheet(result: CheckResult, *, is_first: bool) -> Sheet:
    finding = result.finding
    rows = layout.rows(result, most=_MOST.get(result.outcome, _MOST_OTHERS))
    return Sheet(
        result,
        is_first_failed=is_first,
        requirement_url=link(finding.requirement.source) if finding and finding.requirement else "",
        spot=_caret(finding.spot) if finding and finding.spot and finding.spot.excerpt else None,
        drawings=tuple(svg.draw(rows, form) for form in (svg.WIDE, svg.NARROW)) if rows else (),
        lines=listing.lines(result.transcript, width=160),
        printed=visible_lines(printed_before(result), lines=_PRINTED, width=400),
    )


def prose(text: str, limit: int = 600) -> Markup:
    """Text in which an author or the grader has put `code` between backticks."""
    parts = visible(text, limit).split("`")
    if len(parts) % 2 == 0:  # one backtick is not a delimiter
        return escape("`".join(parts))
    return Markup().join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))


def _caret(spot: Spot) -> Caret:
    before = visible_body(spot.excerpt[: spot.caret], 1000)[-_BEFORE:]
    after = visible_body(spot.excerpt[spot.caret :], _AFTER) or "(end of what arrived)"
    return Caret(before + after, f"{' ' * cell_len(before)}^ byte {spot.offset}")
