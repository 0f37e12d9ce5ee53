"""Whether a pack may be handed on: it is one, it holds the kata, and nothing that has to stay away from students."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.facts import facts_of_wheel
from grader.errors import UsageError


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a pack, by the names of its files."""

    names: tuple[str, ...]
    is_for_graders: bool

    def has_kata(self, name: str) -> bool:
        return any(one.endswith(f"/katas/{name}/kata.toml") for one in self.names)

    def has_checks(self, kata: str) -> bool:
        return any(f"/katas/{kata}/spec/" in one for one in self.names)

    @property
    def has_solutions(self) -> bool:
        return any("/solutions/" in one for one in self.names)


def read(pack: Path) -> bytes:
    """The file. Raises UsageError."""
    try:
        return pack.read_bytes()
    except OSError as error:
        raise UsageError(f"--pack: {pack} cannot be read: {error.strerror}.") from None


def content_of(pack: bytes) -> Content:
    """Raises UsageError for what `grade pack` did not make."""
    try:
        with zipfile.ZipFile(io.BytesIO(pack)) as packed:
            names = packed.namelist()
            about = b"".join(packed.read(name) for name in names if name.endswith(".dist-info/METADATA"))
    except (ValueError, OSError, zipfile.BadZipFile):
        raise UsageError("--pack: this is not a wheel; `grade pack` makes one.") from None
    if not any(name.endswith("/kata.toml") for name in names):
        raise UsageError("--pack: no kata is in it; `grade pack` makes packs of katas.")
    says_so = re.search(rb"^Summary: Katas for graders:", about, re.MULTILINE) is not None
    return Content(tuple(names), says_so or any(n.endswith("/clauses.toml") or "/solutions/" in n for n in names))


def require_for_students(content: Content) -> None:
    """Raises UsageError for a pack with what has to stay away from students."""
    if content.is_for_graders:
        raise UsageError("--pack: students can read these files: take a pack that was made with --for learners.")


def require_whole(pack: Path, kata: str) -> None:
    """Raises UsageError for a pack that leaves out checks of the kata: points of a part would look like all points."""
    try:
        rest = facts_of_wheel(pack).rests.get(kata)
    except UsageError:
        return  # a package that somebody built without `grade pack`: it has the folder as it is
    if rest is not None:
        raise UsageError(f"--pack: it leaves out {rest} of {kata}: take a pack that was made with --for graders.")
