"""The headline of a finding: it must be enough for a learner who reads only this line."""

from __future__ import annotations

from dataclasses import replace

from grader.model import Finding, Place
from grader.text import visible, visible_ends

#: Characters of what was seen, and of what was expected; what is longer gets lines of its own in a report.
_LONG = 120
_LONGEST_CAUSE = 300
#: How a note begins that names another check. It is not a second fault, so the headline does not say "Also" before it.
_SEEN_IN = "seen in the check "


def worded(found: Finding, *, sentence: str = "", note: str = "", request: str = "", cause: str = "") -> Finding:
    """``found`` with its headline: what was looked at, seen and expected, in which line of the app, and ``note``.

    ``sentence`` takes the place of what was seen and expected, and tells both. ``note`` is what else was noticed, which
    may be the cause, ``request`` which one of several requests it was. ``cause`` is what the app did itself: it comes
    first.
    """
    found = replace(found, seen=found.seen or "(nothing)", expected=found.expected or "(nothing)")
    seen, expected = visible_ends(found.seen, _LONG), visible_ends(found.expected, _LONG)
    subject = f"{found.subject}: " if found.subject else ""
    line = sentence[:1].upper() + sentence[1:] or f"{subject}{seen}; expected: {expected}"
    if found.place is not None and f"{found.place.file}:{found.place.line}" not in line:
        line += f" (in {found.place.file}:{found.place.line}, “{visible(found.place.text, 60)}”)"
    if request:
        line += f" ({request})"
    if cause:
        rest = line[:1].lower() + line[1:] if sentence else line
        line = f"{cause[:1].upper()}{visible(cause[1:], _LONGEST_CAUSE)}. So: {rest}"
    if note:
        line += f". {note[:1].upper()}{note[1:]}" if note.startswith(_SEEN_IN) else f". Also: {note}"
    is_complete = bool(sentence) or (seen, expected) == (found.seen, found.expected)
    return replace(found, headline=line, headline_is_complete=is_complete, note=note)


def seen_in(title: str) -> str:
    """The note of a law about the check whose response it looked at."""
    return f"{_SEEN_IN}“{title}”"


def blocked_loop(stuck: Place) -> str:
    """The sentence about the line in which the event loop was blocked for the longest time."""
    line = visible(f"{stuck.file}:{stuck.line}: {stuck.text}", 120)
    return f"The event loop was blocked for {stuck.seconds:.1f} s at {line}; no other request was served meanwhile."


def sentence(words: str) -> str:
    """``words`` with a capital at their beginning, and a full stop."""
    return f"{words[:1].upper()}{words[1:].removesuffix('.')}."
