"""What a learner has been shown: which failures are new since the last change of the app, and which are as before."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from zlib import crc32

from grader.catalog.files import read_bytes
from grader.model import CheckResult, Outcome, Report

_SAID = 300  # characters of a headline that are kept
#: Files of a source, and bytes of each, by which it is known.
_MOST, _LONGEST = 200, 1 << 20
#: What else was noticed, and what stands in parentheses, differ from grade to grade.
_ASIDE = re.compile(r"\. (?:Also: |Seen in the check “).*|\([^()]*\)", re.DOTALL)
_QUOTED = re.compile(r"“[^”]*”|\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")
#: Words, and numbers that may be a status. What the seed draws has digits in it, or is quoted.
_WORD = re.compile(r"(?<![\w.])(?:[A-Za-z][A-Za-z/.+-]*|[1-5]\d\d)(?!\w)")


class News(Enum):
    """How a failure compares with what was seen of its check before the last change."""

    BROKEN = "the check passed then"
    OTHER = "it failed then, with another finding"
    SAME = "it failed then with this finding"


@dataclass(frozen=True, slots=True)
class Seen:
    """How a check ended: "" is the shape of one that passed. ``said`` is the headline of its finding."""

    shape: str = ""
    said: str = ""


Outcomes = Mapping[str, Seen]


@dataclass(frozen=True, slots=True)
class Compared:
    """A report beside what its reader has seen before.

    ``news`` is about its failed checks, by their ids; one that was never run is not there. ``before`` has the
    headlines of then. ``focus`` is the check that is shown whole, "" when none failed.
    """

    news: Mapping[str, News] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    focus: str = ""


@dataclass(frozen=True, slots=True)
class Recall:
    """What one learner has seen of one kata. ``source`` is the digest of the app that was graded last.

    ``last`` is how its checks ended, and ``earlier`` how those of the source before it did: a report is compared with
    that of another source, so that the same app, graded again, gets the same report.
    """

    source: str = ""
    last: Outcomes = field(default_factory=dict)
    earlier: Outcomes = field(default_factory=dict)
    focus: str = ""

    def compared(self, report: Report, source: str) -> Compared:
        """``report``, of the app whose digest is ``source``, beside what was seen before."""
        then = self.earlier if source == self.source else self.last
        failed = [result for result in report.results if result.outcome is Outcome.FAILED]
        if report.boot_failure is not None:
            return Compared()
        known = [(result, then[result.check.id]) for result in failed if result.check.id in then]
        news = {result.check.id: _news(result, seen) for result, seen in known}
        before = {result.check.id: seen.said for result, seen in known if seen.said}
        return Compared(news, before, _focus([result.check.id for result in failed], news, self.focus))

    def after(self, report: Report, source: str) -> Recall:
        """What is known once ``report`` was shown. One of an app that did not start leaves it as it is.

        Of a check that was not run, or not decided, stays what was known before.
        """
        if report.boot_failure is not None:
            return self
        ids = [result.check.id for result in report.results]
        kept = {name: seen for name, seen in self.last.items() if name in ids}
        run = [one for one in report.results if one.outcome in (Outcome.PASSED, Outcome.FAILED)]
        now = kept | {one.check.id: _seen(one) for one in run}
        earlier = self.earlier if source == self.source else self.last
        return Recall(source, now, earlier, self.compared(report, source).focus)


def source_of(module: Path) -> str:
    """The digest of the Python files in the folder of ``module``; "" where they cannot be read, or are too large.

    No more is read than a grade can wait for. A source has no named pipes in it, and no links to devices.
    """
    digest = 0
    with suppress(OSError):
        files = [file for file in module.parent.glob("*.py") if file.is_file()]
        if not 0 < len(files) <= _MOST:
            return ""
        for file in sorted(files):
            digest = crc32(os.fsencode(file.name) + b"\0" + read_bytes(file, _LONGEST), digest)
        return f"{digest:08x}"
    return ""


def focus(report: Report, compared: Compared) -> CheckResult | None:
    """The failed check that is shown whole; None when there is none."""
    return next((result for result in report.results if result.check.id == compared.focus), None)


def shape(result: CheckResult) -> str:
    """What two findings of one kind have in common, whatever was drawn, counted and measured for each of them."""
    finding, raised = result.finding, result.raised
    if finding is None:
        return "-"
    words = finding.headline
    if raised is not None:  # its words may hold what was drawn, and its line moves with each edit above it
        place = raised.place
        code = f"{place.function} {place.text}" if place else ""
        words = f"{raised.headline.partition(':')[0]} {code} {words.partition('. So: ')[2]}"
    elif finding.subject:  # what was seen and expected is drawn, but for statuses and media types
        told = (word for word in _undrawn(words).split() if word.isdecimal() or "/" in word)
        words = " ".join([finding.subject, *told])
    return _short(f"{_undrawn(words)} {'' if raised else _undrawn(finding.hint)}")


def _undrawn(words: str) -> str:
    """The words of a finding without what is different in each grade."""
    found = _WORD.findall(_QUOTED.sub(_of_quotation, _ASIDE.sub(" ", words)))
    has_status = "status" in found
    return " ".join(word for word in found if has_status or not word.isdecimal())


def _of_quotation(found: re.Match[str]) -> str:
    """Media types are never drawn."""
    text = found[1] or found[2] or ""
    return text if _MEDIA_TYPE.fullmatch(text) else " "


def _short(text: str) -> str:
    return f"{crc32(text.encode('utf-8', 'backslashreplace')):08x}"


def _seen(result: CheckResult) -> Seen:
    if result.outcome is Outcome.PASSED:
        return Seen()
    return Seen(shape(result), result.finding.headline[:_SAID] if result.finding else "")


def _news(result: CheckResult, then: Seen) -> News:
    match then.shape:
        case "":
            return News.BROKEN
        case known if known == shape(result):
            return News.SAME
        case _:
            return News.OTHER


def _focus(failed: Sequence[str], news: Mapping[str, News], before: str) -> str:
    """The check to look at: one that the last change broke, or that is looked at already; else the first."""
    broken = [name for name in failed if news.get(name) is News.BROKEN]
    looked_at = [name for name in failed if name == before]
    other = [name for name in failed if news.get(name) is News.OTHER]
    return next(iter([*broken, *looked_at, *other, *failed]), "")


# -- in a file --------------------------------------------------------------------------------------------------------


def document_of(recall: Recall) -> dict[str, object]:
    """``recall`` for a JSON file."""
    return {
        "source": recall.source,
        "focus": recall.focus,
        "last": {name: [seen.shape, seen.said] for name, seen in recall.last.items()},
        "earlier": {name: [seen.shape, seen.said] for name, seen in recall.earlier.items()},
    }


def recall_in(found: object) -> Recall:
    """What a file holds that a learner may have edited: a value of the wrong type counts as missing."""
    match found:
        case {"source": str(source), "focus": str(focused), "last": dict(last), "earlier": dict(earlier)}:
            return Recall(source, _outcomes(last), _outcomes(earlier), focused)
        case _:
            return Recall()


def _outcomes(found: Mapping[object, object]) -> Outcomes:
    outcomes: dict[str, Seen] = {}
    for name, parts in found.items():
        match parts:
            case [str(kept), str(said)] if isinstance(name, str):
                outcomes[name] = Seen(kept, said)
    return outcomes
