"""Names of files for students: readable, safe in any file system, and no two alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 60  # characters


def file_names(labels: Iterable[str]) -> dict[str, str]:
    """A name for each label, without an ending. On a system that takes "Ada" and "ada" for one, they still differ."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for label in labels:
        name = base = _plain(label)
        count = 1
        while name.casefold() in taken:
            count += 1
            name = f"{base}-{count}"
        taken.add(name.casefold())
        found[label] = name
    return found


def _plain(label: str) -> str:
    """Letters and digits of any script, and a few signs; no mark that reorders text, no dot at either end."""
    text = unicodedata.normalize("NFC", label)
    return re.sub(r"[^\w.@+-]+", "_", text)[:_LONGEST].strip("._-") or "student"
