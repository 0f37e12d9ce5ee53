"""Packs of other people: katas in an installed package, found by its entry points.

    [project.entry-points."grade.katas"]
    course = "my_course:katas"          # the folder katas/ in the package my_course
    [project.entry-points."grade.solutions"]
    course = "my_course:solutions"      # may be left out, or come with another package

No module of a pack is imported to find its katas.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from grader.catalog.facts import read_facts
from grader.catalog.kata import BUNDLED, FOLDER, Pack
from grader.catalog.packs import Catalog, Refused, folders_of_katas, read_pack
from grader.errors import BadKata

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

KATAS, SOLUTIONS = "grade.katas", "grade.solutions"
#: A pack's name is typed in commands, before a colon.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def catalog() -> Catalog:
    """The katas of all installed packs. A pack that cannot be used is refused; the others can be."""
    from importlib.metadata import entry_points  # slow to import, and a bundled kata is found without it

    entries = entry_points(group=KATAS)
    solutions = {entry.name: entry for entry in entry_points(group=SOLUTIONS)}
    counts = Counter(entry.name for entry in entries)
    found = Catalog()
    for name in sorted(counts):
        given = [entry for entry in entries if entry.name == name]
        try:
            found += read_pack(_pack(given, solutions))
        except BadKata as error:
            found += Catalog(refused=(Refused(frozenset({name}), str(error)),))
    return found


def _pack(given: list[EntryPoint], solutions: Mapping[str, EntryPoint]) -> Pack:
    """The pack of the entry points of one name. Raises BadKata."""
    entry = given[0]
    if not _NAME.fullmatch(entry.name) or entry.name in (BUNDLED, FOLDER):
        raise BadKata(f"The pack {entry.name!r} ({_distribution(entry)}) needs another name.")
    if len(given) > 1:
        owners = " and ".join(_distribution(one) for one in given)
        raise BadKata(f"There are two packs {entry.name!r}, of {owners}: uninstall one of them.")
    katas = _folder(entry)
    if not folders_of_katas(katas):
        raise BadKata(f"The pack {entry.name!r} ({_distribution(entry)}) does not hold katas in {katas}.")
    beside = solutions.get(entry.name)
    solutions_folder = _folder(beside) if beside else katas.parent / "solutions"
    return Pack(entry.name, katas, solutions_folder, _distribution(entry), read_facts(katas.parent))


def _folder(entry: EntryPoint) -> Path:
    """The folder that "package.module:folder" means. Raises BadKata when the package is not there."""
    top, *rest = entry.module.split(".")
    try:
        spec = find_spec(top)  # of a top-level name, which imports nothing
    except (ImportError, ValueError):
        spec = None
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise BadKata(f"The pack {entry.name!r} ({_distribution(entry)}) names {entry.value}, which is not a package.")
    return Path(places[0], *rest, *entry.attr.split(".") if entry.attr else ()).resolve()


def _distribution(entry: EntryPoint) -> str:
    """The package that an entry point comes from, such as "my-course 1.2.0"."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"
