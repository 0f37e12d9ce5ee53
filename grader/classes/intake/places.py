"""Where the members of an archive go, by names that nobody has read."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath
from typing import Final

from grader.classes.intake.files import DEEPEST, is_left_out
from grader.classes.intake.rejection import refused
from grader.text import visible

#: Characters of a name.
_LONGEST: Final = 4096
#: So many folders at the beginning of a name say whose a file is: a cover, a platform's or a student's, an attempt.
_OWNERS: Final = 3


def place_of(name: str) -> Path | None:
    """Where a member goes, below the folder; None for what nobody needs. Raises Rejected where that is elsewhere.

    Of a name that :func:`must_fit` refuses, it is a place below the folder that says whose the file is.
    """
    parts = _parts(name)
    if name.startswith(("/", "\\")) or ".." in parts or "\0" in name or (parts and parts[0].endswith(":")):
        raise refused(f"{shown(name)} in it would lie outside of its folder")
    if not parts or any(map(is_left_out, parts)):
        return None
    return Path(*([*parts[:-1][:_OWNERS], parts[-1]] if _misfit(name) else parts))


def must_fit(name: str) -> None:
    """Raises Rejected for a name that is too long, or lies too deep."""
    if fault := _misfit(name):
        raise refused(fault)


def _misfit(name: str) -> str:
    if len(name) > _LONGEST:
        return f"{shown(name)} in it is a name that is too long"
    is_deep = len(_parts(name)) > DEEPEST + 1  # with the file itself
    return f"it has folders within folders, more than {DEEPEST} of them" if is_deep else ""


def _parts(name: str) -> list[str]:
    """Composed: macOS takes letters apart, and an import does not find those."""
    whole = unicodedata.normalize("NFC", name[:_LONGEST]).replace("\\", "/")
    return [part for part in PurePosixPath(whole).parts if part != "."]


def shown(name: str) -> str:
    """The name, for a sentence."""
    return visible(name, 100)
