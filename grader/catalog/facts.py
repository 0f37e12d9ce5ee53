"""What stands in a pack that `grade pack` made: its version and digest, and what a learners' pack leaves out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.catalog.files import digest_of, read_text
from grader.errors import BadKata, UsageError
from grader.text import plural

#: The name of its file, beside the folder of the katas.
FACTS = "pack.json"


@dataclass(frozen=True, slots=True)
class Rest:
    """The checks of a kata that a learners' pack leaves out, and their points: what the instructor grades."""

    checks: int
    points: int

    def __str__(self) -> str:
        return f"{plural(self.checks, 'check')}, {plural(self.points, 'point')}"


@dataclass(frozen=True, slots=True)
class Facts:
    """Of a pack, for learners and for graders alike: ``digest`` is of all whole specifications, ``digests`` of each.

    ``digests`` and ``rests`` are by a kata's name. ``is_for_graders`` is not known of older packs.
    """

    version: str
    digest: str
    rests: Mapping[str, Rest]
    digests: Mapping[str, str] = field(default_factory=dict)
    is_for_graders: bool = False


def digests_of(folders: Iterable[Path]) -> dict[str, str]:
    """The digest of each kata in these folders, by its name. Raises BadKata when a file cannot be read."""
    return {folder.name: digest_of(folder) for folder in folders}


def digest_of_all(digests: Mapping[str, str]) -> str:
    """SHA-256 over the digests of katas, each on a line with the kata's name, by name: lines as those of sha256sum."""
    import hashlib  # late: it loads OpenSSL, which takes 4 ms, and a grade has started its app by now

    lines = (f"{digests[name]}  {name}\n" for name in sorted(digests))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_facts(facts: Facts) -> str:
    """The text of the file."""
    rests = {name: {"checks": rest.checks, "points": rest.points} for name, rest in sorted(facts.rests.items())}
    document = {
        "version": facts.version,
        "digest": facts.digest,
        "digests": dict(facts.digests),
        "rests": rests,
        "is_for_graders": facts.is_for_graders,
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def read_facts(package: Path) -> Facts | None:
    """The facts of the pack in ``package``; None for one that `grade pack` did not make. Raises BadKata."""
    file = package / FACTS
    if not file.is_file():
        return None
    try:
        return _parsed(read_text(file))
    except (OSError, ValueError):
        raise BadKata(f"{file} is damaged: install the pack again.") from None


def facts_of_wheel(file: Path) -> Facts:
    """The facts of a pack that is a file. Raises UsageError."""
    import zipfile  # late: no grade of one's own needs it, and all katas import this module

    try:
        with zipfile.ZipFile(file) as wheel:
            names = [name for name in wheel.namelist() if name.count("/") == 1 and name.endswith(f"/{FACTS}")]
            return _parsed(wheel.read(names[0]).decode())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}.") from None
    except (ValueError, LookupError, zipfile.BadZipFile):
        raise UsageError(f"{file} is not a pack that `grade pack` made.") from None


def _parsed(text: str) -> Facts:
    """Raises ValueError."""
    try:
        found = json.loads(text)
        rests = {str(name): Rest(int(rest["checks"]), int(rest["points"])) for name, rest in found["rests"].items()}
        digests = {str(name): str(digest) for name, digest in found["digests"].items()}
        is_for_graders = found.get("is_for_graders") is True
        return Facts(str(found["version"]), str(found["digest"]), rests, digests, is_for_graders)
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from None
