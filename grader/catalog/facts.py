"""What stands in a pack that `grade pack` made: its version and digest, and what a learners' pack leaves out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.files import digest_of, read_text
from grader.errors import BadKata
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
    """``digest`` is that of the whole specifications, for learners and for graders; ``rests`` are by a kata's name."""

    version: str
    digest: str
    rests: Mapping[str, Rest]


def digest_of_katas(folders: Iterable[Path]) -> str:
    """SHA-256 over the digests of the katas in these folders, each on a line with the kata's name, by name.

    They are lines as those of sha256sum. Raises BadKata when a file cannot be read.
    """
    import hashlib  # late: it loads OpenSSL, which takes 4 ms, and a grade has started its app by now

    lines = (f"{digest_of(folder)}  {folder.name}\n" for folder in sorted(folders, key=lambda folder: folder.name))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_facts(facts: Facts) -> str:
    """The text of the file."""
    rests = {name: {"checks": rest.checks, "points": rest.points} for name, rest in sorted(facts.rests.items())}
    return json.dumps({"version": facts.version, "digest": facts.digest, "rests": rests}, indent=2) + "\n"


def read_facts(package: Path) -> Facts | None:
    """The facts of the pack in ``package``; None for one that `grade pack` did not make. Raises BadKata."""
    file = package / FACTS
    if not file.is_file():
        return None
    try:
        found = json.loads(read_text(file))
        rests = {str(name): Rest(int(rest["checks"]), int(rest["points"])) for name, rest in found["rests"].items()}
        return Facts(str(found["version"]), str(found["digest"]), rests)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise BadKata(f"{file} is damaged: install the pack again.") from None
