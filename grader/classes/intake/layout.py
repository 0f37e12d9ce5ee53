"""Finds who handed in what in a folder of submissions, by the names alone."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

from grader.classes.intake import gradescope, naming
from grader.classes.intake.archive import is_archive, stem
from grader.classes.intake.handed import UNNAMED, Handed
from grader.classes.intake.naming import Named
from grader.classes.ledger import FILE
from grader.errors import UsageError
from grader.text import from_system

#: What may lie beside the submissions.
_BESIDE: Final = re.compile(
    r"\..*|__MACOSX|(?i:(eh)?thumbs\.db|desktop\.ini)|class\.toml|README.*|.*\.csv|ledger\.sqlite.*", re.DOTALL
)
#: A student's folder may hold several of these.
_ATTEMPT: Final = re.compile(r"attempt[-_ ]?(\d+)", re.IGNORECASE)
#: What was handed in where it is not a file, by the kinds of naming.
_INSTEAD: Final = {
    "text": "a text",
    "onlinetext": "a text",
    "link": "a link",
    "receipt": "no more than a text",
}


def find(
    folder: Path, *, is_for_all: bool = False, students: Collection[str] = (), results: Path | None = None
) -> list[Handed]:
    """All that was handed in, by label and attempt. Raises UsageError where the folder cannot be read, or is empty.

    ``students`` are labels of a roster, which nothing gets that is not called so. ``results`` is where those of the
    class go: a folder that nobody handed in, as is each other one with a ledger.
    """
    root = Path(os.path.realpath(folder))
    try:
        export = gradescope.found_in(root)
        found = list(gradescope.read_export(export)) if export else list(_by_names(root, results))
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
    """A name as it is kept: composed, as macOS does not write it, without spaces around; "" where nothing is seen."""
    label = unicodedata.normalize("NFC", from_system(name)).strip()
    return label if any(letter.isprintable() and not letter.isspace() for letter in label) else ""


def has_results(path: Path) -> bool:
    """Whether this is a folder of a class's results."""
    return (path / FILE).is_file()


def _by_names(root: Path, results: Path | None) -> Iterator[Handed]:
    inner = (path for path in sorted(root.iterdir()) if not is_beside(path.name) and path != results)
    paths = [path for path in inner if not has_results(path)]
    found = naming.read_all([path.name for path in paths])
    of_platform: dict[tuple[str, str], list[tuple[Named, Path]]] = defaultdict(list)
    for path in paths:
        if named := found.get(path.name):
            of_platform[named.name, named.user].append((named, path))
    for pairs in of_platform.values():
        yield from _by_attempts(pairs, root)
    for path in paths:
        if path.name not in found:
            yield from _of_student(path, root)


def _by_attempts(pairs: Sequence[tuple[Named, Path]], root: Path) -> Iterator[Handed]:
    """Those of one student, in their order; only Blackboard has several. One without a file does not count as one."""
    attempts: dict[str, list[tuple[Named, Path]]] = defaultdict(list)
    for named, path in pairs:
        attempts[named.attempt].append((named, path))
    inner = [attempts[when] for when in sorted(attempts)]
    whole = [attempt for attempt in inner if any(named.kind == "file" for named, _ in attempt)]
    for number, attempt in enumerate(whole or inner[-1:], start=1):
        yield replace(_of_platform(attempt, root), attempt=number)


def _of_platform(pairs: Sequence[tuple[Named, Path]], root: Path) -> Handed:
    """Of a file that was handed in again, the last one. Where there is none, ``instead`` says what there is."""
    files: dict[str, Path] = {}
    for named, path in sorted(pairs, key=lambda pair: pair[0].order):
        if named.kind == "file":
            files[named.file or path.name] = path
    first = pairs[0][0]
    name = label_of(first.name)
    folder = next((path for named, path in pairs if named.kind == "file" and not named.file and path.is_dir()), None)
    kept = ({folder.name: folder} if folder else files) or {path.name: path for _, path in pairs}
    label = label_of(first.label) or UNNAMED
    return Handed(
        label=label,
        paths=tuple(kept.values()),
        names=tuple(kept),
        root=root,
        known=(label,) if first.is_anonymous else tuple(filter(None, (first.user, name))),
        name=name if " " in name else "",
        handed_in=first.handed_in,
        is_marked_late=any(named.is_late for named, _ in pairs),
        instead="" if files else _INSTEAD.get(first.kind, "something else"),
    )


def _of_student(path: Path, root: Path) -> Iterator[Handed]:
    """A folder, a module or an archive with a student's name; a folder may hold several attempts."""
    label = label_of(path.name if path.is_dir() else _stem(path)) or label_of(path.name) or UNNAMED
    attempts = _attempts(path) if path.is_dir() and not path.is_symlink() else []
    if not attempts:
        yield Handed(label=label, paths=(path,), root=root, known=(label,))
    for number, inner in enumerate(attempts, start=1):
        yield Handed(label=label, paths=(inner,), root=root, known=(label,), attempt=number)


def _stem(path: Path) -> str:
    return stem(path.name) if is_archive(path.name) else path.stem


def _attempts(folder: Path) -> list[Path]:
    """In their order; two of the same number, such as 1 and 01, by their names."""
    try:
        inner = [path for path in folder.iterdir() if path.is_dir()]
    except OSError:  # its copy will say so
        return []
    found = ((_ATTEMPT.fullmatch(path.name), path) for path in inner)
    return [path for _, path in sorted((int(match[1]), path) for match, path in found if match)]


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
