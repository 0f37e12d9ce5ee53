"""What the formats for other programs share: the words about a check, JSON that every parser reads, and no guesses."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping

from grader.errors import Inconclusive
from grader.model import CheckResult, Outcome, Report
from grader.report.reasons import reason, sentence
from grader.score import first_broken, is_decided
from grader.text import visible

#: Characters of a title, and of one line about a check.
TITLE, LINE = 300, 800


def title(result: CheckResult) -> str:
    """The title of a check, on one line."""
    return visible(result.check.title, TITLE)


def headline(result: CheckResult, report: Report) -> str:
    """Why a check ended as it did, on one line; "" for one that passed, or where that is not shown."""
    return visible(sentence(result, report), LINE)


def account(result: CheckResult, report: Report) -> str:
    """All that is said about a check in a few lines: what is wrong, what was expected and seen, the requirement."""
    return "\n".join(_lines(result, report))


def _lines(result: CheckResult, report: Report) -> Iterator[str]:
    finding = reason(result, report)
    if finding is None:
        return
    yield headline(result, report)
    if not finding.headline_is_complete and result.outcome is not Outcome.BLOCKED:
        yield f"expected: {visible(finding.expected, LINE)}"
        yield f"seen: {visible(finding.seen, LINE)}"
    if finding.requirement is not None:
        source = visible(finding.requirement.source or "this kata's README", TITLE)
        yield f"requirement: “{visible(finding.requirement.text, LINE)}” ({source})"
    if finding.place is not None:
        yield f"where: {visible(f'{finding.place.file}:{finding.place.line}: {finding.place.text}', LINE)}"
    if finding.hint:
        yield f"hint: {visible(finding.hint, LINE)}"


def place(result: CheckResult, report: Report) -> tuple[str, int] | None:
    """The learner's file below the working directory that a check is about, and the line, or 0 where it is not known.

    None where the app is not below it.
    """
    if not report.app.endswith(".py") or os.path.isabs(report.app) or ".." in report.app.split("/"):
        return None
    finding = reason(result, report)
    found = finding.place if finding else None
    name = found.file if found and re.fullmatch(r"[\w./ -]+", found.file) else os.path.basename(report.app)
    file = os.path.normpath(os.path.join(os.path.dirname(report.app), name))
    if file.startswith(("/", "..")):
        return None
    return visible(file, TITLE), max(found.line, 0) if found else 0


def undecided(report: Report) -> str:
    """Why the points are not final, in one sentence; "" where they are."""
    if is_decided(report):
        return ""
    broken = first_broken(report)
    first = broken or next(result for result in report.results if result.outcome is Outcome.INCONCLUSIVE)
    why = headline(first, report) or "the specification, the grader or the machine failed"
    advice = "the author of the kata has to correct this check first" if broken else "grade it again"
    return f"“{title(first)}” could not be decided: {why}. This is not a fault of the app; {advice}."


def require_decided(report: Report, consumer: str) -> None:
    """Raises Inconclusive where some check is: for a consumer that has no word for it, and would book fewer points."""
    if why := undecided(report):
        raise Inconclusive(f"nothing is written for {consumer}, which cannot be given a grade without points: {why}")


def origin_of(report: Report) -> dict[str, str]:
    """What was graded by what: the kata, its specification and pack, with their digests, and the seed."""
    found = {
        "kata": report.kata,
        "kata_version": report.kata_version,
        "digest": report.origin.digest if report.origin else "",
        "pack_version": report.origin.pack_version if report.origin else "",
        "pack_digest": report.origin.pack_digest if report.origin else "",
        "grader_version": report.versions.get("stream-katas", ""),
        "seed": report.seed,
    }
    return {name: visible(text, TITLE) for name, text in found.items() if text}


def dumped(document: Mapping[str, object]) -> str:
    """JSON in ASCII (RFC 8259), with nothing in it that GitHub's runner takes for a command."""
    text = json.dumps(document, ensure_ascii=True, allow_nan=False, indent=2) + "\n"
    return text.replace("##[", "##\\u005b")
