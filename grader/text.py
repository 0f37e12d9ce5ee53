"""Makes text of unknown origin safe to show: no control character, no terminal escape, bounded length."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

#: Unicode categories that can move the cursor, reorder what stands around them, or show nothing at all.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_COMMAND = re.compile(r"(^|[\r\n])((?:[^\S\r\n]|\x1b\[[0-9;]*m)*)::")
#: Stands for a line feed in a body.
ENDING = "↵"
LEGEND = f" ({ENDING} is a line ending)"
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str, limit: int = 200) -> str:
    """``text`` on one line, with everything that is not plainly printable spelled out, at most about ``limit`` long."""
    shown = "".join(_show(char) for char in text[: limit + 1])
    return shown if len(text) <= limit and len(shown) <= limit else shown[:limit] + "…"


def visible_ends(text: str, limit: int = 200) -> str:
    """Like :func:`visible`, but what is too long loses its middle: how a text ends is often what is wrong with it."""
    if len(text) <= limit and len(shown := visible(text, limit)) <= limit:
        return shown
    return _units(text, limit - limit // 3) + "…" + _units(text[::-1], limit // 3, backwards=True)


def _units(text: str, room: int, *, backwards: bool = False) -> str:
    """As many whole characters from the start of ``text`` as fit into ``room`` once they are spelled out."""
    units: list[str] = []
    size = 0
    for char in text[:room]:
        units.append(_show(char))
        size += len(units[-1])
        if size > room:
            units.pop()
            break
    return "".join(reversed(units) if backwards else units)


def visible_bytes(data: bytes, limit: int = 200) -> str:
    """Like :func:`visible`, for bytes that should be UTF-8; what is not shows as ``\\xNN``."""
    return visible(data[: 4 * limit + 4].decode("utf-8", "backslashreplace"), limit)


def visible_body(data: bytes, limit: int = 200) -> str:
    """Like :func:`visible_bytes`, with a mark for each line feed: a backslash and an ``n`` may stand there as well."""
    return visible_bytes(data.replace(b"\n", ENDING.encode()), limit)


def visible_lines(text: str, *, lines: int = 40, width: int = 200) -> list[str]:
    """The last ``lines`` lines of ``text``, each made visible."""
    found = text.replace("\r\n", "\n").split("\n")
    while found and not found[-1].strip():
        found.pop()
    shown = [visible(line.expandtabs(4), width) for line in found[-lines:]]
    return shown if len(found) <= lines else [f"… {len(found) - lines} lines before", *shown]


def without_commands(text: str) -> str:
    """``text`` with nothing in it that GitHub's runner takes for a command when it stands in a job's log.

    The runner obeys a line that begins with `::` after any white space, and `##[` anywhere in a line (actions/runner,
    ActionCommand.cs). Such a line gets a bar at its start, also where it begins with a colour, which a reader of the
    log may remove first; `##[` becomes `## [`.
    """
    return _COMMAND.sub(r"\1|\2::", text).replace("##[", "## [")


def plural(count: int, word: str) -> str:
    """``1 event``, ``2 events``, ``2 responses``, ``2 processes``, ``2 queries``, ``2 days``."""
    if count == 1:
        return f"1 {word}"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{count} {word[:-1]}ies"
    return f"{count} {word}es" if word.endswith("s") else f"{count} {word}s"


def ago(moment: datetime, *, now: datetime | None = None) -> str:
    """The time since ``moment``, roughly, such as "3 hours ago". Both are aware of their time zone."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def from_here(path: Path) -> str:
    """``path`` relative to the working directory when it is below it, and as it is otherwise."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def short_path(path: Path) -> str:
    """``path`` as a reader elsewhere may see it: below the working directory, or else its last two parts."""
    if path.is_relative_to(Path.cwd()):
        return from_here(path)
    end = Path(*path.parts[-2:])
    return str(end.relative_to(end.anchor))


def from_system(name: str) -> str:
    """A name of the file system as text that can be encoded: bytes that are not UTF-8 become ``\\xNN``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def closest(wrong: str, right: Iterable[str], *, cutoff: float = 0.5) -> str:
    """The one of ``right`` that is most like ``wrong``, or "" when none has a likeness (0 to 1) of ``cutoff``."""
    from difflib import get_close_matches  # takes 3 ms, and is needed after a mistake only

    return next(iter(get_close_matches(wrong, list(right), n=1, cutoff=cutoff)), "")


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """ " Did you mean …?" when one of ``right`` contains ``wrong`` or is like it, otherwise ""."""
    names = list(right)
    containing = next((name for name in names if wrong and wrong in name), "")
    name = containing or closest(wrong, names)
    return f" Did you mean {name!r}?" if name else ""


def _show(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char == " " or char.isprintable() or unicodedata.category(char) not in _UNSAFE:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
