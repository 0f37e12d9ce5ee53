"""The kata that a name means, among all that can be named in a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from grader.catalog import installed
from grader.catalog.kata import BUNDLED, FOLDER_NAME, Kata, lacks_manifest, names_of, read_kata, read_manifest
from grader.catalog.packs import Catalog, near
from grader.catalog.setting import SETTING
from grader.errors import BadKata, UsageError
from grader.text import did_you_mean

#: What a learner does about a kata whose specification is not here.
GET_SPECIFICATION = "install the pack that your course hands out, or name the folder of its katas with --katas DIR"


def available(start: Path, folders: Sequence[Path] = ()) -> Catalog:
    """All katas that a command in ``start`` can name; ``folders`` are those of its --katas. Raises UsageError."""
    return near(start, folders) + installed.catalog()


def choose(names: Sequence[str], start: Path, folders: Sequence[Path] = ()) -> Catalog:
    """The katas of these names, each once, or all that can be named when there are none. Raises like :func:`find`.

    Of the names, those katas are refused that have the name of a bundled one.
    """
    if not names:
        return available(start, folders)
    around = near(start, folders)
    katas = tuple({kata.folder: kata for kata in (_find(name, start, around) for name in names)}.values())
    taken = frozenset[str]().union(*(kata.names for kata in katas if kata.pack == BUNDLED))
    return Catalog(katas, tuple(refused for refused in around.refused if refused.names & taken))


def choose_course(names: Sequence[str], start: Path, folders: Sequence[Path] = ()) -> Catalog:
    """As :func:`choose`; without names, the bundled katas are left out where there are others: a course of its own."""
    found = choose(names, start, folders)
    others = tuple(kata for kata in found.katas if kata.pack != BUNDLED)
    return found if names or not others else Catalog(others, found.refused)


def find(name: str, start: Path, folders: Sequence[Path] = ()) -> Kata:
    """The kata that ``name`` means: "kata-2", "2", the folder's whole name, a path to it (or to a learner's copy), or
    "pack:kata-2" and "pack:slug" of an installed pack.

    Raises UsageError, with what was perhaps meant, and BadKata when the kata cannot be used.
    """
    return _find(name, start, near(start, folders))


def _find(name: str, start: Path, around: Catalog) -> Kata:
    is_path = name in (".", "..") or "/" in name
    if not is_path and (found := around.get(name) or around.get(_usual(name))):
        return found
    path = Path(os.path.realpath(start / name))  # os.path takes any name, however long, and loops of links
    if os.path.isfile(path):
        return _of_module(name, path, start, around)
    is_path = is_path or os.path.isdir(path)
    if is_path and (found := _at(path, Path(os.path.normpath(start / name)).name, around)):
        return found
    wanted = path.name if is_path else name
    for each in dict.fromkeys((wanted, _usual(wanted))):
        if found := around.get(each) or installed.catalog().get(each):
            return found
    for refused in around.refused:
        if not refused.names:  # a setting that cannot be read may be the reason why the kata is not found
            raise BadKata(refused.reason)
    if is_path and FOLDER_NAME.fullmatch(wanted) is None:
        raise UsageError(f"{name} is not the folder of a kata. Name a kata: {_ids(around)}.")
    raise UsageError(_unknown(wanted, around + installed.catalog(), start))


def _usual(name: str) -> str:
    """The name as katas have it: in lower case, and its number without zeros in front."""
    return re.sub(r"^(\S*?kata-|)0+(?=\d+$)", r"\1", name.lower())


def _of_module(name: str, module: Path, start: Path, around: Catalog) -> Kata:
    """The kata in whose folder ``module`` is. Raises UsageError where that is another file than the kata's own."""
    found = _find(str(module.parent), start, around)
    if module.name != found.entry[0]:
        raise UsageError(f"{name} is not {found.entry[0]}. To grade it: grade {found.id} --app {name}")
    return found


def _at(path: Path, typed: str, around: Catalog) -> Kata | None:
    """The kata in the folder ``path``, which was ``typed`` so; None for a folder without a specification.

    Raises BadKata when it has one, and the name of a bundled kata: the folder may be a submission.
    """
    found = next((kata for kata in around.katas if kata.folder == path), None)
    if found is None and any(os.path.exists(path / part) for part in ("kata.toml", "spec")):
        found = read_kata(path)  # without a kata.toml, the error tells the author so
    names = {kata.name for kata in around.katas if kata.pack == BUNDLED}
    if found and found.pack != BUNDLED and (taken := names & {path.name, typed}):
        raise BadKata(f"{path} has a specification of its own, and the name of the bundled {taken.pop()}: rename it.")
    return found


def _unknown(wanted: str, catalog: Catalog, start: Path) -> str:
    if folder := _unnamed(wanted, start):
        return _not_used(wanted, folder)
    if home := copy_of_learner(start, wanted):
        return why_unknown(home)
    number = re.fullmatch(r"(?:\S*:)?[a-zA-Z]*[-_ ]?0*(\d+)", wanted)
    katas = [kata for kata in catalog.katas if number is None or str(kata.number) == number[1]]
    names = [name for kata in katas for name in _names(kata, with_pack=":" in wanted)]
    meant = did_you_mean(wanted, names)
    if number and not meant:  # of numbers, none is like another
        return f"There is no kata {wanted!r}. There are {_ids(catalog)}.{_of_your_own(catalog)}"
    return f"There is no kata {wanted!r}.{meant} See `grade list`.{'' if meant else _of_your_own(catalog)}"


def why_unknown(home: Path) -> str:
    """Why a kata that has a folder here is in no catalog. Raises BadKata where it only lacks its kata.toml."""
    if lacks_manifest(home):
        read_manifest(home)
    if all((home / part).exists() for part in ("kata.toml", "spec")):
        return _not_used(home.name, home.parent)
    return f"The specification of {home.name} is not here: {GET_SPECIFICATION}."


def _not_used(kata: str, folder: Path) -> str:
    advice = f'add --katas {folder}, or write katas = ["{folder.name}"] into {folder.parent / SETTING}'
    return f"{kata} of {folder} is not used unless that folder is named: {advice}."


def _names(kata: Kata, *, with_pack: bool) -> tuple[str, ...]:
    """Names by which somebody may have meant it; without its pack, unless they have named one."""
    short = kata.id.rpartition(":")[2]
    return (kata.id, f"{kata.pack}:{kata.name}") if with_pack and short != kata.id else (short, kata.name)


def _of_your_own(catalog: Catalog) -> str:
    """Where katas of one's own are found, for somebody who has none here: they may be in another folder."""
    if any(kata.pack != BUNDLED for kata in catalog.katas):
        return ""
    return f" For katas of your own add --katas DIR, or give the command where their {SETTING} is, or below."


def copy_of_learner(start: Path, wanted: str = "") -> Path | None:
    """A kata's folder in or around ``start``, as a learner has it: of this name, or else any."""
    for parent in (start, *start.parents):
        for folder in (parent, *sorted(parent.glob("kata-*")), *sorted(parent.glob("katas/kata-*"))):
            if FOLDER_NAME.fullmatch(folder.name) and (not wanted or wanted in names_of(folder.name)):
                return folder
    return None


def _unnamed(wanted: str, start: Path) -> Path | None:
    """A katas/ folder around ``start`` that has the kata, though nothing names it."""
    for parent in (start, *start.parents):
        for manifest in (parent / "katas").glob("kata-*/kata.toml"):
            if wanted in names_of(manifest.parent.name):
                return parent / "katas"
    return None


def _ids(catalog: Catalog) -> str:
    return ", ".join(kata.id for kata in catalog.katas)
