"""Finds who handed in what in a folder of submissions, by the names alone."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

from grader.classes.intake import gradescope, naming
from grader.classes.intake.archive import is_archive, stem
from grader.classes.intake.handed import Handed
from grader.classes.intake.naming import Named
from grader.errors import UsageError
from grader.text import from_system

#: What may lie beside the submissions.
_BESIDE: Final = re.compile(r"\..*|__MACOSX|class\.toml|README.*|.*\.csv|ledger\.sqlite.*", re.DOTALL)
#: A student's folder may hold several of these.
_ATTEMPT: Final = re.compile(r"attempt[-_ ]?(\d+)", re.IGNORECASE)


def find(folder: Path, *, is_for_all: bool = False, students: Collection[str] = ()) -> list[Handed]:
    """All that was handed in, by label and attempt. Raises UsageError where the folder cannot be read, or is empty.

    ``students`` are labels of a roster, which nothing gets that is not called so.
    """
    root = Path(os.path.realpath(folder))
    try:
        export = gradescope.found_in(root)
        found = list(gradescope.read_export(export)) if export else list(_by_names(root))
    except OSError as error:
        raise UsageError(f"{folder} cannot be read as a folder of submissions: {error.strerror}.") from None
    if not found:
        raise UsageError(f"There are no submissions in {folder}.")
    named = [replace(one, is_for_all=is_for_all) for one in _numbered(found, students)]
    return sorted(named, key=lambda one: (one.label, one.attempt))


def is_beside(name: str) -> bool:
    """Whether a file or folder of this name may lie beside the submissions, and is none."""
    return _BESIDE.fullmatch(name) is not None


def label_of(name: str) -> str:
    """A name as it is kept: composed, as macOS does not write it, without spaces around."""
    return unicodedata.normalize("NFC", from_system(name)).strip()


def _by_names(root: Path) -> Iterator[Handed]:
    plain: list[Path] = []
    of_platform: dict[tuple[str, str], list[tuple[Named, Path]]] = defaultdict(list)
    for path in sorted(root.iterdir()):
        if is_beside(path.name):
            continue
        if named := naming.read(path.name):
            of_platform[named.name, named.user].append((named, path))
        else:
            plain.append(path)
    for pairs in of_platform.values():
        yield _of_platform(pairs, root)
    for path in plain:
        yield from _of_student(path, root)


def _of_platform(pairs: Sequence[tuple[Named, Path]], root: Path) -> Handed:
    """Of a file that was handed in again, the last one."""
    files: dict[str, tuple[Named, Path]] = {}
    for named, path in sorted(pairs, key=lambda pair: pair[0].order):
        if named.kind == "file":
            files[named.file or path.name] = (named, path)
    first = pairs[0][0]
    name = from_system(first.name)
    has_folder = next((path for named, path in files.values() if not named.file and path.is_dir()), None)
    kept = {path.name: (first, path) for path in [has_folder]} if has_folder else files
    return Handed(
        label=label_of(first.label),
        paths=tuple(path for _, path in kept.values()),
        names=tuple(kept),
        root=root,
        known=(first.user, name),
        name=name if " " in name else "",
        is_marked_late=any(named.is_late for named, _ in pairs),
    )


def _of_student(path: Path, root: Path) -> Iterator[Handed]:
    """A folder, a module or an archive with a student's name; a folder may hold several attempts."""
    label = label_of(path.name if path.is_dir() else _stem(path))
    attempts = _attempts(path) if path.is_dir() and not path.is_symlink() else {}
    if not attempts:
        yield Handed(label=label, paths=(path,), root=root, known=(label,))
    for number, inner in enumerate((attempts[key] for key in sorted(attempts)), start=1):
        yield Handed(label=label, paths=(inner,), root=root, known=(label,), attempt=number)


def _stem(path: Path) -> str:
    return stem(path.name) if is_archive(path.name) else path.stem


def _attempts(folder: Path) -> Mapping[int, Path]:
    try:
        inner = [path for path in folder.iterdir() if path.is_dir()]
    except OSError:  # its copy will say so
        return {}
    found = ((_ATTEMPT.fullmatch(path.name), path) for path in inner)
    return {int(match[1]): path for match, path in found if match}


def _numbered(found: Sequence[Handed], students: Collection[str]) -> Iterator[Handed]:
    """With labels that are unique: what has the label of another one, such as ada.zip beside ada/, gets its own.

    That is a label of nobody else: where somebody is called "ada (2)", it is "ada (3)".
    """
    taken = {*students, *(one.label for one in found)}
    seen: dict[tuple[str, int], int] = defaultdict(int)
    labels: dict[tuple[str, int], str] = {}
    for one in found:
        seen[one.label, one.attempt] += 1
        which = (one.label, seen[one.label, one.attempt])
        if which[1] == 1:
            yield one
            continue
        if which not in labels:
            labels[which] = _free(one.label, taken)
            taken.add(labels[which])
        yield replace(one, label=labels[which], is_numbered=True)


def _free(label: str, taken: Collection[str]) -> str:
    return next(new for number in count(2) if (new := f"{label} ({number})") not in taken)
