"""The hints for each check, from hints.toml beside the specification."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from typing import NamedTuple

from grader.catalog.kata import Kata
from grader.errors import BadKata
from grader.model import WhenSeen
from grader.text import did_you_mean

#: How many steps of help a check may have.
MOST = 3
#: The text for a learner when a check has no hint.
NO_HINT = "This check has no hint. The kata's README says what is graded."
_SHAPE = f'write hints = ["…"], with 1 to {MOST} texts from the concept to nearly the solution'
_WHEN = 'write when = [{ seen = "…", hint = "…" }], where seen is a regular expression for a headline'


class Help(NamedTuple):
    """What helps with one check: its hints, and those for what was seen."""

    hints: tuple[str, ...] = ()
    when: tuple[WhenSeen, ...] = ()


def read_hints(kata: Kata, checks: Collection[str]) -> dict[str, Help]:
    """What helps with each check, by its id; a check may have none. Raises BadKata, with what to write."""
    file = kata.specification / "hints.toml"
    place = f"{kata.name}/spec/hints.toml"
    try:
        tables = tomllib.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadKata(f"{place} cannot be read: {error}") from None
    for name, table in tables.items():
        if name not in checks:
            raise BadKata(f"{place}: [{name}] is not the id of a check.{did_you_mean(name, checks)}")
        if not _is_sound(table):
            raise BadKata(f"{place}: [{name}]: {_SHAPE}.")
        if not _are_conditions(table.get("when", [])):
            raise BadKata(f"{place}: [{name}]: {_WHEN}.")
    return {
        name: Help(tuple(table["hints"]), tuple(WhenSeen(**when) for when in table.get("when", [])))
        for name, table in tables.items()
    }


def _is_sound(table: object) -> bool:
    if not isinstance(table, dict) or table.keys() - {"when"} != {"hints"}:
        return False
    hints = table["hints"]
    if not isinstance(hints, list) or not 1 <= len(hints) <= MOST:
        return False
    return all(isinstance(hint, str) and hint.strip() for hint in hints)


def _are_conditions(found: object) -> bool:
    """Whether this is a list of hints for what was seen."""
    if not isinstance(found, list):
        return False
    for when in found:
        match when:
            case {"seen": str(seen), "hint": str(hint), **more} if seen and hint.strip() and not more:
                try:
                    re.compile(seen)
                except re.error:
                    return False
            case _:
                return False
    return True
