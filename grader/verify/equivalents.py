"""The mutants that an author declares equivalent: right apps after all, each with a reason.

They are listed in ``solutions/<kata>/equivalent.toml``::

    [[mutant]]
    ids = ["3f9a1c2e"]
    reason = "No client can see the difference: …"

    [[mutant]]
    operators = ["text-folded"]
    reason = "All items are numbers: …"
"""

from __future__ import annotations

import tomllib

from grader.catalog.kata import Kata
from grader.errors import BadKata

FILE = "equivalent.toml"


def equivalents(kata: Kata) -> dict[str, str]:
    """The reason for each mutant that is listed, by its id or its operator. Raises BadKata."""
    file = kata.solutions / FILE
    try:
        found = tomllib.loads(file.read_text("utf-8-sig")) if file.is_file() else {}
    except (OSError, ValueError) as error:
        raise BadKata(f"{FILE} cannot be read: {error}") from None
    entries = found.pop("mutant", [])
    if found or not isinstance(entries, list):
        raise BadKata(f"{FILE} may contain [[mutant]] tables only")
    reasons: dict[str, str] = {}
    for entry in entries:
        match entry:
            case {"ids": list(names), "reason": str(reason)} if names and reason.strip():
                reasons |= dict.fromkeys(map(str, names), reason)
            case {"operators": list(names), "reason": str(reason)} if names and reason.strip():
                reasons |= dict.fromkeys(map(str, names), reason)
            case _:
                raise BadKata(
                    f'{FILE}: a [[mutant]] needs ids = ["…"] or operators = ["…"], and a reason; this one has: {entry}'
                )
    return reasons
