"""Copies what a student handed in: plain files, bounded in size and number."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from fnmatch import translate
from itertools import islice
from pathlib import Path
from typing import IO, Final

from grader.classes.intake.rejection import Budget, refused, unreadable
from grader.classes.model import Bounds
from grader.serving.jail.links import NOT_CODE, leads_out
from grader.text import from_system

#: Files and folders beside an app that are none of its code.
_LEFT_OUT: Final = (
    *sorted(NOT_CODE),
    *(".hg", ".svn", "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".idea", ".vscode", "*.pyc", "*.sock", "._*"),
)
#: In one expression: a tar can ask for a million names.
_IS_LEFT_OUT: Final = re.compile("|".join(map(translate, _LEFT_OUT)))
_CHUNK: Final = 1 << 16
#: Folders within folders that are looked at.
DEEPEST: Final = 40
#: Files of one folder that are listed.
_MOST: Final = 20_000


def is_left_out(name: str) -> bool:
    """Whether a file or folder of this name is none of an app's code."""
    return _IS_LEFT_OUT.match(name) is not None


def copy_file(source: Path, target: Path, bounds: Bounds) -> None:
    """Copy one file. Raises Rejected."""
    budget = Budget(bounds)
    _copy(source, target, budget, name=source.name)


def copy_folder(source: Path, target: Path, bounds: Bounds) -> None:
    """Copy a folder with all that is of an app's code. A link may lead to a file in it. Raises Rejected."""
    budget = Budget(bounds)
    home = Path(os.path.realpath(source))
    target.mkdir(parents=True, exist_ok=True)
    for path in walk(source):
        name = from_system(str(path.relative_to(source)))
        if path.is_symlink():
            _must_lead_to_a_file(path, home, name=name)
        goal = target / path.relative_to(source)
        if path.is_dir():
            budget.add_file()
            goal.mkdir(exist_ok=True)
        else:
            _copy(Path(os.path.realpath(path)), goal, budget, name=name)


def walk(folder: Path, *, depth: int = 0) -> Iterator[Path]:
    """All files and folders of an app's code below ``folder``, by name, a folder before what is in it.

    No link is followed. Raises Rejected where a folder cannot be read, has too much in it or lies too deep.
    """
    if depth > DEEPEST:
        raise refused(f"it has folders within folders, more than {DEEPEST} of them")
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _MOST)]
    except OSError as error:
        raise unreadable(f"{from_system(folder.name)} cannot be read: {error.strerror}") from None
    if len(names) == _MOST:
        raise refused(f"{from_system(folder.name)} has more than {_MOST} files")
    for name in sorted(name for name in names if not is_left_out(name)):
        path = folder / name
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from walk(path, depth=depth + 1)


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Files, and those in folders; a link is one of its own. Raises like :func:`walk`."""
    for path in paths:
        if path.is_symlink() or not path.is_dir():
            yield path
        else:
            yield from (inner for inner in walk(path) if inner.is_symlink() or not inner.is_dir())


def _must_lead_to_a_file(link: Path, home: Path, *, name: str) -> None:
    if leads_out(link, home):
        raise refused(f"{name} is a link that leads out of the submission's folder")
    if not link.exists():
        raise refused(f"{name} is a link to nothing")
    if link.is_dir():
        raise refused(f"{name} is a link to a folder")


def _copy(source: Path, target: Path, budget: Budget, *, name: str) -> None:
    budget.add_file()
    try:
        if not stat.S_ISREG(os.lstat(source).st_mode):  # to open a device can do something
            raise refused(f"{name} is not a plain file")
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(f"{name} cannot be read: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as content:
        write_new(content, target, budget)


def write_new(content: IO[bytes], target: Path, budget: Budget) -> None:
    """Write a file that is not there yet. Raises Rejected, and OSError."""
    with target.open("xb") as written:
        while chunk := content.read(_CHUNK):
            budget.add(len(chunk))
            written.write(chunk)
