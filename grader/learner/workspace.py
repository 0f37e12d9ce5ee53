"""A learner's workspace: a folder with the READMEs, schemas and stubs of katas, and never a specification."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.files import read_bytes
from grader.catalog.kata import FOLDER, Kata
from grader.catalog.packs import is_named
from grader.catalog.setting import SETTING, write_setting
from grader.errors import UsageError


@dataclass(frozen=True, slots=True)
class Made:
    """The result of ``init``: files written, and files kept because they exist and differ."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]


def find_app(kata: Kata, name: str, start: Path) -> Path:
    """The learner's module for ``kata``: in the folder ``name``, the workspace around ``start``, or the checkout.

    Raises UsageError when there is none.
    """
    home = find_home(kata, name, start)
    if (home / kata.entry[0]).is_file():
        return home / kata.entry[0]
    if home == kata.folder:
        raise UsageError(f"{kata.name} has no {kata.entry[0]}; restore it, or name another module with --app FILE.")
    raise UsageError(f"{home.name} has no {kata.entry[0]} any more: `grade reset {kata.id}` brings the stub back.")


def find_home(kata: Kata, name: str, start: Path) -> Path:
    """The nearest folder of a learner for ``kata``, whether their module is in it or not. Raises UsageError."""
    given = (start / name).resolve()
    given = given.parent if given.is_file() else given
    found = [given] if given.name == kata.name else []
    for parent in (start, *start.parents):
        found += [parent] if parent.name == kata.name else []
        found += [parent / kata.name, parent / "katas" / kata.name]
    for place in found:
        if place.is_dir():
            return place
    raise UsageError(
        f"There is no {kata.name}/{kata.entry[0]} here. Make a workspace with `grade init DIR` and run "
        f"`grade {kata.id}` inside it, or name your module with --app FILE."
    )


def init(folder: Path, katas: Sequence[Kata], *, with_setting: bool = True) -> Made:
    """Copy what learners need of ``katas`` into ``folder``. What is there already stays as it is.

    A setting names the folders of the katas, where commands in ``folder`` would not find them otherwise; it is left out
    where the katas will come from a pack. Raises UsageError when the files cannot be written, or when two katas have
    one name, and BadKata for a setting that cannot be read.
    """
    _require_different_names(katas)
    inside = (place.name for place in (folder.resolve(), *folder.resolve().parents))
    if taken := {kata.name for kata in katas} & set(inside):
        raise UsageError(f"{folder} is in the folder of a kata, {taken.pop()}. Go to the folder above it first.")
    written: list[Path] = []
    kept: list[Path] = []
    try:
        for kata in katas:
            for source in kata.for_learners:
                target = folder / kata.name / source.relative_to(kata.folder)
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(source.read_bytes())
                    written.append(target)
                elif not _holds(target, source.read_bytes()):
                    kept.append(target)
        if with_setting and (folders := _unnamed(katas, folder)) and not (folder / SETTING).exists():
            written.append(write_setting(folder, folders))
    except OSError as error:
        raise UsageError(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    return Made(tuple(written), tuple(kept))


def _require_different_names(katas: Sequence[Kata]) -> None:
    """Raises UsageError when two katas would be copied into one folder."""
    by_name: dict[str, Kata] = {}
    for kata in katas:
        other = by_name.setdefault(kata.name, kata)
        if other != kata:
            both = f"{other.location} and {kata.location}"
            raise UsageError(f"There are two katas {kata.name}, of {both}: put them into two workspaces.")


def _unnamed(katas: Iterable[Kata], workspace: Path) -> list[str]:
    """The folders of katas that commands in ``workspace`` would not find."""
    folders = {kata.folder.parent for kata in katas if kata.pack == FOLDER}
    return sorted(str(folder) for folder in folders if not is_named(folder, workspace.resolve()))


def reset(app: Path, kata: Kata) -> Path | None:
    """Replace ``app`` by ``kata``'s stub. Returns where the learner's file is kept, None if there is none.

    Raises UsageError when it cannot, or when ``app`` is the only copy of the stub that there is.
    """
    if kata.stub.exists() and app.exists() and app.samefile(kata.stub):
        raise UsageError(f"{app} is the stub itself, in a checkout: bring it back with `git checkout`.")
    try:
        stub = kata.stub.read_bytes()
        if not app.exists():
            app.write_bytes(stub)
            return None
        if _holds(app, stub):
            return None
        kept = next(path for path in _names_beside(app) if not path.exists())
        part = app.with_name(f"{app.name}.part")
        part.write_bytes(stub)
        os.link(app, kept)  # before the stub takes its name: at no moment is the learner's file without one
        part.replace(app)
    except OSError as error:
        raise UsageError(f"{app} cannot be reset: {error.strerror}.") from None
    return kept


def _holds(file: Path, content: bytes) -> bool:
    """Whether the file has just this content; a longer one is not read. Raises OSError."""
    is_other = file.is_file() and file.stat().st_size != len(content)
    return not is_other and read_bytes(file, len(content)) == content


def _names_beside(app: Path) -> Iterator[Path]:
    return (app.with_name(f"{app.stem}.mine-{number}{app.suffix}") for number in itertools.count(1))
