"""Where a learner is: in the folder of a kata, or before the first kata without full marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.catalog.kata import Kata, is_withheld
from grader.catalog.lookup import copy_of_learner, why_unknown
from grader.errors import UsageError
from grader.learner.journal import Journal, Standing
from grader.learner.workspace import find_home


def here(katas: Sequence[Kata], start: Path) -> Kata | None:
    """The kata whose folder ``start`` is, or lies in."""
    by_name = {kata.name: kata for kata in katas}
    return next((by_name[folder.name] for folder in (start, *start.parents) if folder.name in by_name), None)


def begun(katas: Sequence[Kata], start: Path) -> list[Kata]:
    """The katas that have a folder in the workspace around ``start``, in order."""
    return [kata for kata in katas if _has_home(kata, start)]


def unfinished(katas: Sequence[Kata], start: Path) -> Kata | None:
    """The first kata of the workspace around ``start`` without full marks; None when there is none.

    One that only an instructor can grade is left out: it would be the next one for ever.
    """
    journal = Journal.near(start)
    mine = (kata for kata in begun(katas, start) if not is_withheld(kata))
    standings = ((kata, journal.standing(kata) if journal else Standing()) for kata in mine)
    return next((kata for kata, standing in standings if not (standing.best and standing.best.is_full)), None)


def after(kata: Kata, katas: Sequence[Kata], start: Path) -> Kata | None:
    """The kata to do when ``kata`` is done: the next without full marks, else one before it; None when all are done."""
    at = katas.index(kata) if kata in katas else -1
    return unfinished([*katas[at + 1 :], *katas[: max(at, 0)]], start)


def present(katas: Sequence[Kata], start: Path) -> Kata:
    """The kata that a command without a name is about. Raises UsageError when there is none here."""
    found = here(katas, start) or unfinished(katas, start) or next(iter(begun(katas, start)), None)
    if found is None and (home := copy_of_learner(start)):
        raise UsageError(why_unknown(home))
    if found is None:
        names = ", ".join(kata.id for kata in katas)
        raise UsageError(
            f"There is no kata of yours here. Make a workspace with `grade init DIR`, or name one: {names}."
        )
    return found


def _has_home(kata: Kata, start: Path) -> bool:
    try:
        find_home(kata, kata.name, start)
    except UsageError:
        return False
    return True
