"""The hints for each check, from hints.toml beside the specification."""

from __future__ import annotations

import tomllib
from collections.abc import Collection

from grader.catalog.kata import Kata
from grader.errors import BadKata
from grader.text import did_you_mean

#: How many steps of help a check may have.
MOST = 3
#: The text for a learner when a check has no hint.
NO_HINT = "This check has no hint. The kata's README says what is graded."
_SHAPE = f'write hints = ["…"], with 1 to {MOST} texts from the concept to nearly the solution'


def read_hints(kata: Kata, checks: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The hints of each check, by its id; a check may have none. Raises BadKata, with what to write."""
    file = kata.specification / "hints.toml"
    place = f"{kata.name}/spec/hints.toml"
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadKata(f"{place} cannot be read: {error}") from None
    for name, table in tables.items():
        if name not in checks:
            raise BadKata(f"{place}: [{name}] is not the id of a check.{did_you_mean(name, checks)}")
        if not _is_sound(table):
            raise BadKata(f"{place}: [{name}]: {_SHAPE}.")
    return {name: tuple(table["hints"]) for name, table in tables.items()}


def _is_sound(table: object) -> bool:
    if not isinstance(table, dict) or table.keys() != {"hints"}:
        return False
    hints = table["hints"]
    if not isinstance(hints, list) or not 1 <= len(hints) <= MOST:
        return False
    return all(isinstance(hint, str) and hint.strip() for hint in hints)
