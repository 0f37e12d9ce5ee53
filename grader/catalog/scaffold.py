"""A new kata, laid out: small, sound and fair as it stands, with a mark wherever its author has to write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grader.catalog.kata import FOLDER, Kata, available
from grader.errors import UsageError

#: What stands in a new kata where its author has to write; the rest of the line says what.
MARK = "FILL IN:"
_TEMPLATE = Path(__file__).resolve().parent / "template"


def new(name: str, root: Path) -> list[Path]:
    """Write ``root``/katas/``name`` and ``root``/solutions/``name``; returns the files. Raises UsageError."""
    found = FOLDER.fullmatch(name)
    if found is None:
        raise UsageError(
            f"{name!r} is no name for a kata: it is like kata-12-some-words (lower case, digits, hyphens)."
        )
    number = int(found[1])
    if taken := [kata.name for kata in available(root) if kata.number == number]:
        raise UsageError(f"There is a kata {number} already, {taken[0]}; take another number.")
    targets = {"kata": root / "katas" / name, "solutions": root / "solutions" / name}
    for target in targets.values():
        if target.exists():
            raise UsageError(f"{target} is there already; nothing was written.")
    try:
        return [_write(file, targets[part], part, number) for part in targets for file in _files(_TEMPLATE / part)]
    except OSError as error:
        raise UsageError(f"{error.filename or root} cannot be written: {error.strerror}.") from None


def unfilled(kata: Kata) -> Iterator[str]:
    """Each mark that is left, with its file and line and what is wanted there."""
    for folder, label in ((kata.folder, ""), (kata.solutions, "solutions: ")):
        for file in _files(folder):
            for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1):
                if MARK in line:
                    wanted = line.partition(MARK)[2].partition('"')[0].strip()
                    yield f"{label}{file.relative_to(folder)}:{number}: fill in {wanted}"


def _files(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(file for file in files if file.suffix in (".md", ".toml", ".py", ".json"))


def _write(source: Path, target: Path, part: str, number: int) -> Path:
    file = target / source.relative_to(_TEMPLATE / part)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source.read_text("utf-8").replace("@NUMBER@", str(number)), "utf-8")
    return file
