"""Which column of a gradebook is a kata's: the one that the platform has for it already, or a new one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from grader.classes.intake.roster import in_plain_letters
from grader.classes.model import GradedKata
from grader.errors import UsageError
from grader.text import did_you_mean


def column_of(kata: GradedKata, columns: Iterable[str]) -> str:
    """The column that means the kata: "Log tail (98765)", "Kata 14 (98765)", "kata-14: Log tail"; "" for none."""
    wanted = {in_plain_letters(name) for name in (kata.title, *_names(kata), f"{_short(kata)}{kata.title}")}
    return next((name for name in columns if _plain(name) in wanted), "")


def wished(katas: Sequence[GradedKata], wishes: Iterable[str], columns: Sequence[str]) -> Mapping[str, str]:
    """The columns that somebody asks for, by the names of katas. ``wishes`` are such as "kata-14=Homework 3".

    Of ``columns``, which the platform has already, one may be named without its number. Raises UsageError.
    """
    found: dict[str, str] = {}
    for wish in wishes:
        name, sign, column = (part.strip() for part in wish.partition("="))
        if not sign or not column:
            raise UsageError(f"--column must be like kata-14='Homework 3', not {wish!r}.")
        kata = next((kata for kata in katas if name in _names(kata)), None)
        if kata is None:
            known = [_short(kata) for kata in katas]
            raise UsageError(f"--column: there is no kata {name!r} in this class.{did_you_mean(name, known)}")
        found[kata.name] = next((one for one in columns if _plain(one) == _plain(column)), column)
    return found


def _names(kata: GradedKata) -> tuple[str, ...]:
    return kata.name, kata.id, _short(kata)


def _short(kata: GradedKata) -> str:
    """The short name, without that of a pack."""
    return kata.id.rpartition(":")[2]


def _plain(column: str) -> str:
    """Without the number that Canvas writes behind an assignment's name."""
    return in_plain_letters(re.sub(r" \(\d+\)$", "", column))
