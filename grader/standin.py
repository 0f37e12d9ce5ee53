"""What takes the upstream's place where an app runs without the grader, one result a pull."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final

from grader.wire import End, Failure, Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grader.wire import Result

#: In the folder of a kata whose items have a form of their own: one item a line. Learners get it, too.
FILE: Final = "stand-in.txt"


def standin(key: str, items: Sequence[str] | None = None) -> Iterator[tuple[float, Result]]:
    """For each pull, how many seconds to wait and what to return: ``items``, or else a few words about ``key``."""
    words = ["Here", " is", " what", " the", " stand-in", " has", " to", " say", " about", f" “{key}”.\n", "Bye", "!"]
    given = words if items is None else items
    delay = 2.0 if "slow" in key else 0.15
    failing = re.search(r"fail(?:-after-(\d+))?", key)
    for item in given[: 0 if "empty" in key else int(failing[1] or 0) if failing else None]:
        yield delay, Item(item)
    if failing:
        yield delay, Failure("the stand-in was asked to fail")
    yield 0, End.END


def standin_here(key: str) -> Iterator[tuple[float, Result]]:
    """The same, with the items of the folder in which the app lies or runs. The file is read at the first pull."""
    folders = [sys.path[0] if sys.path else "", ""]  # uvicorn puts the folder of the app in front
    found = (items_of(folder) for folder in folders)
    yield from standin(key, next((items for items in found if items is not None), None))


def items_of(folder: str | os.PathLike[str]) -> list[str] | None:
    """The items in the folder's file; None where it has none."""
    try:
        with open(os.path.join(folder, FILE), encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return None
