"""The first line of a failed check: whoever reads only that one knows what to change."""

from __future__ import annotations

from grader.model import Finding
from grader.text import visible

_LONG = 120


def headline(found: Finding) -> str:
    """What was looked at, what was seen and what was expected, where, and what else may be the cause of it."""
    line = found.headline or _compared(found)
    if found.place is not None:
        line += f" (in {found.place.file}:{found.place.line}, “{visible(found.place.text, 60)}”)"
    return f"{line}. Also: {found.note}" if found.note else line


def _compared(found: Finding) -> str:
    subject = f"{found.subject}: " if found.subject else ""
    return f"{subject}{visible(found.seen, _LONG)}; expected: {visible(found.expected, _LONG)}"
