"""Packs of katas: the bundled one, and folders that a command or a setting names.

A specification runs inside the grader. So no folder is searched for katas unless the command (`--katas DIR`) or a
setting (stream-katas.toml) names it, and a bundled kata's name always means the bundled kata: a submission must not be
able to bring a specification of its own under that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from grader import __version__
from grader.catalog.kata import BUNDLED, FOLDER, Kata, Pack, lacks_manifest, names_of, pack_of_folder, read_kata
from grader.catalog.setting import read_setting, settings_around
from grader.errors import BadKata, UsageError

_PACKAGE = Path(__file__).resolve().parents[1]
#: In a checkout the katas lie beside the package; a wheel has them inside it.
_HOME = _PACKAGE.parent if (_PACKAGE.parent / "katas").is_dir() else _PACKAGE / "_bundle"
#: The package that a second distribution, which no learner and no grading machine needs, puts the solutions in.
_SOLUTIONS_PACKAGE = "stream_katas_solutions"
#: How to get that distribution.
GET_SOLUTIONS = (
    "the solutions of the bundled katas are a distribution of their own, stream-katas-solutions: run "
    "`pip install ./solutions` in a copy of the repository of Stream Katas"
)


def _solutions() -> Path:
    """Where the solutions of the bundled katas lie, if they do: beside the katas, or in a package of their own."""
    beside = _HOME / "solutions"
    spec = None if beside.is_dir() else find_spec(_SOLUTIONS_PACKAGE)  # of a top-level name, which imports nothing
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else beside


_BUNDLED = Pack(BUNDLED, _HOME / "katas", _solutions(), __version__)


@dataclass(frozen=True, slots=True)
class Refused:
    """Katas that cannot be used: the names that would mean them (none for a whole folder), and one sentence why."""

    names: frozenset[str]
    reason: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """Katas, by number, and whatever was refused."""

    katas: tuple[Kata, ...] = ()
    refused: tuple[Refused, ...] = ()

    def __add__(self, other: Catalog) -> Catalog:
        return Catalog((*self.katas, *other.katas), (*self.refused, *other.refused))

    def get(self, name: str) -> Kata | None:
        """The kata of this name: of a bundled one's names, always that one, whatever else was refused.

        Raises BadKata when it was refused, UsageError when the name means several.
        """
        for kata in self.katas:
            if kata.pack == BUNDLED and name in kata.names:
                return kata
        for refused in self.refused:
            if name in refused.names or (":" in name and name.partition(":")[0] in refused.names):
                raise BadKata(refused.reason)
        found = list({kata.folder: kata for kata in self.katas if name in kata.names}.values())  # links may lead twice
        if len(found) > 1:
            raise UsageError(f"{name!r} means more than one kata: name {_choices(found)}.")
        return found[0] if found else None


def _choices(katas: Iterable[Kata]) -> str:
    return " or ".join(str(kata.folder) if kata.pack == FOLDER else kata.id for kata in katas)


def is_bundled(kata: Kata) -> bool:
    """Whether it came with this grader."""
    return kata.pack == BUNDLED


def bundled() -> list[Kata]:
    """The katas that came with this grader, by number."""
    return list(read_pack(_BUNDLED).katas)


def read_pack(pack: Pack) -> Catalog:
    """The katas of one pack. A kata that cannot be read is refused; the others can be used."""
    katas: list[Kata] = []
    refused: list[Refused] = []
    prefix = "" if pack.name in (BUNDLED, FOLDER) else f"{pack.name}:"
    for folder in folders_of_katas(pack.katas):
        try:
            katas.append(read_kata(folder, pack))
        except BadKata as error:
            refused.append(Refused(frozenset(names_of(folder.name, prefix)), str(error)))
    return Catalog(tuple(sorted(katas, key=lambda kata: (kata.number, kata.name))), tuple(refused))


def folders_of_katas(folder: Path) -> list[Path]:
    """The folders in ``folder`` that are katas; or are to be, as they have a specification, and lack the kata.toml."""
    found = [manifest.parent for manifest in folder.glob("kata-*/kata.toml")]
    return [*found, *(one for one in folder.glob("kata-*") if one not in found and lacks_manifest(one))]


def near(start: Path, folders: Sequence[Path] = ()) -> Catalog:
    """The bundled katas, and those of ``folders`` or, if there are none, of the settings around ``start``."""
    ours = read_pack(_BUNDLED)
    theirs = [_one_of(start / folder) for folder in folders] if folders else list(_of_settings(start))
    packs = {part.katas: part for part in theirs if isinstance(part, Pack) and part.katas != _BUNDLED.katas}
    refused = tuple(part for part in theirs if isinstance(part, Refused))
    others = [_without_namesakes(read_pack(pack), ours.katas) for pack in packs.values()]
    return sum(others, ours + Catalog(refused=refused))


def _without_namesakes(catalog: Catalog, ours: Iterable[Kata]) -> Catalog:
    """Refuse each kata whose number or name a bundled one has."""
    taken = {name: kata.id for kata in ours for name in kata.names}
    refused = tuple(
        Refused(kata.names, f"{kata.folder} has the number of the bundled {taken[kata.id]}: give it another number.")
        for kata in catalog.katas
        if kata.id in taken
    )
    return Catalog(tuple(kata for kata in catalog.katas if kata.id not in taken), (*catalog.refused, *refused))


def _one_of(folder: Path) -> Pack:
    """The folder that a --katas names. Raises UsageError when it does not hold katas."""
    if (folder / "kata.toml").is_file() or lacks_manifest(folder):
        raise UsageError(f"--katas: {folder} is a kata; name the folder that it is in.")
    if not folders_of_katas(folder):
        raise UsageError(f"--katas: {folder} does not hold katas (folders such as kata-12-some-words).")
    return pack_of_folder(folder.resolve())


def _of_settings(start: Path) -> Iterator[Pack | Refused]:
    """The folders that the settings around ``start`` name.

    All settings count, not only the nearest: a submission below a course must not be able to replace the course's katas
    by a setting of its own. Where two katas have one name, neither is taken.
    """
    for file in settings_around(start):
        try:
            folders = read_setting(file).katas
        except BadKata as error:
            yield Refused(frozenset(), str(error))
            continue
        for folder in folders:
            fault = Refused(frozenset(), f"{file} names {folder}, which is not a folder.")
            yield pack_of_folder(folder) if folder.is_dir() else fault


def is_named(katas: Path, start: Path) -> bool:
    """Whether commands in ``start`` use the katas in this folder, though no --katas names it. Raises BadKata."""
    named = (folder for file in settings_around(start) for folder in read_setting(file).katas)
    return katas.resolve() in (_BUNDLED.katas, *named)
