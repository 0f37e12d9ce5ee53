"""Writes a new kata: small, sound and fair as it is, with a mark at each place that its author has to fill in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grader.catalog.kata import FOLDER_NAME, Kata, pack_of_folder
from grader.catalog.packs import is_named, near, read_pack
from grader.catalog.setting import SETTING, write_setting
from grader.errors import UsageError

#: Marks each place of a new kata that its author has to fill in; the rest of the line says with what.
MARK = "FILL IN:"
_TEMPLATE = Path(__file__).resolve().parent / "template"


def new(name: str, root: Path) -> list[Path]:
    """Write ``root``/katas/``name`` and ``root``/solutions/``name``, and a setting that names ``root``/katas.

    There is no new setting where ``root``/katas is in use already. Returns the files. Raises UsageError, and BadKata
    for a setting that cannot be read.
    """
    found = FOLDER_NAME.fullmatch(name)
    if found is None:
        raise UsageError(f"{name!r} is not a name for a kata: write one like kata-12-some-words (lower case, digits).")
    number = int(found[1])
    katas, solutions = root / "katas", root / "solutions"
    others = (near(root) + read_pack(pack_of_folder(katas))).katas
    if taken := [kata.name for kata in others if kata.number == number]:
        raise UsageError(f"There is a kata {number} already, {taken[0]}; take another number.")
    targets = {"kata": katas / name, "solutions": solutions / name}
    for target in targets.values():
        if target.exists():
            raise UsageError(f"{target} is there already; nothing was written.")
    needs_setting = _needs_setting(katas, root)
    try:
        made = [_write(file, targets[part], part, number) for part in targets for file in _files(_TEMPLATE / part)]
        return [*made, *([write_setting(root, ["katas"])] if needs_setting else [])]
    except OSError as error:
        raise UsageError(f"{error.filename or root} cannot be written: {error.strerror}.") from None


def _needs_setting(katas: Path, root: Path) -> bool:
    """Raises UsageError when there is a setting that does not name ``katas``: only its author can add to it."""
    if is_named(katas, root):
        return False
    if (root / SETTING).exists():
        raise UsageError(f'{root / SETTING} does not name these katas: add "{katas.name}" to its list katas.')
    return True


def unfilled(kata: Kata) -> Iterator[str]:
    """Each mark that is left, with its file, its line, and what to write there."""
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
