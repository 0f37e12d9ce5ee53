"""Failed checks grouped by their headline: what many students understand in the same wrong way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from grader.classes.results.mark import Mark

#: What differs from grade to grade, as the seed draws it: quoted text, and numbers.
_DRAWN = re.compile(r"“[^”]*”|\"[^\"]*\"|'[^']*'|\b\d+(?:\.\d+)?\b")

#: A status is never drawn: 200 and 501 instead of 422 are two mistakes.
_STATUS = re.compile(r"^status\b[^:]*: (\d{3})\b")


@dataclass(frozen=True, slots=True)
class Misconception:
    """``headline`` is the most frequent one of those that differ only in what was drawn; ``variants`` counts them.

    ``checks`` are the ids of the checks that failed by it, ``marks`` those of the students, each once.
    """

    headline: str
    variants: int
    checks: tuple[str, ...]
    marks: tuple[Mark, ...]


def misconceptions(marks: Iterable[Mark]) -> list[Misconception]:
    """The groups of one kata's marks, the largest first."""
    headlines: dict[str, Counter[str]] = {}
    checks: dict[str, dict[str, None]] = {}
    students: dict[str, dict[str, Mark]] = {}
    for mark in marks:
        for check, headline in (mark.headlines or {}).items():
            key = _undrawn(headline)
            headlines.setdefault(key, Counter())[headline] += 1
            checks.setdefault(key, {})[check] = None
            students.setdefault(key, {})[mark.student.label] = mark
    found = [
        Misconception(counts.most_common(1)[0][0], len(counts), tuple(checks[key]), tuple(students[key].values()))
        for key, counts in headlines.items()
    ]
    return sorted(found, key=lambda one: (-len(one.marks), one.headline))


def _undrawn(headline: str) -> str:
    """What headlines that differ only in what was drawn have in common."""
    status = _STATUS.match(headline)
    return f"{status[1] if status else ''} {_DRAWN.sub('…', headline)}"
