"""The clauses of a kata's contract: which checks grade each sentence, and which wrong apps break it.

They are listed in ``clauses.toml``, beside the kata's README::

    [[clause]]
    id = "closing-event"
    sentences = ["After the last chunk comes a closing event of type `done`."]
    graded_by = ["done_closes_the_stream"]
    broken_by = ["wrong/no_closing_event.py"]

    [[clause]]
    id = "choices"
    sentences = ["You choose the line endings."]
    ungraded = "It leaves something to the app."
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.catalog.files import read_text
from grader.catalog.kata import Kata
from grader.errors import BadKata
from grader.verify.contract import plain

FILE = "clauses.toml"
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Clause:
    """One or more sentences of a contract that say one thing.

    Either ``graded_by`` names checks and ``broken_by`` what breaks the clause ("wrong/NAME.py", "mutant OPERATOR"), or
    ``ungraded`` says why no check grades it.
    """

    id: str
    sentences: tuple[str, ...]
    graded_by: tuple[str, ...] = ()
    broken_by: tuple[str, ...] = ()
    ungraded: str = ""


def read_clauses(kata: Kata) -> tuple[Clause, ...]:
    """The clauses of a kata, in their order; none where it has no such file. Raises BadKata."""
    file = kata.folder / FILE
    if not file.exists():
        return ()
    try:
        found = tomllib.loads(read_text(file))
    except (OSError, ValueError, RecursionError) as error:
        raise BadKata(f"{FILE} cannot be read: {error}") from None
    entries = found.pop("clause", [])
    if found or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadKata(f"{FILE} may contain [[clause]] tables only")
    clauses = tuple(_clause(entry, number) for number, entry in enumerate(entries, 1))
    if twice := _first_repeated(clause.id for clause in clauses):
        raise BadKata(f"{FILE}: two clauses have the id {twice!r}; each needs an id of its own")
    return clauses


def _clause(entry: dict[str, object], number: int) -> Clause:
    match entry:
        case {"id": str(name)} if _ID.fullmatch(name):
            label = f"{FILE}: clause {name!r}"
        case _:
            raise BadKata(f'{FILE}: clause {number} needs an id in lower case, such as id = "closing-event"')
    if unknown := sorted(entry.keys() - {"id", "sentences", "graded_by", "broken_by", "ungraded"}):
        raise BadKata(f"{label} has a key {unknown[0]!r}, which no clause has")
    sentences = tuple(map(plain, _names(entry, "sentences", label)))
    if not sentences:
        raise BadKata(f"{label} needs sentences: a list of the README's own, word for word")
    return Clause(name, sentences, *_grading(entry, label))


def _grading(entry: dict[str, object], label: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """What grades the clause and what breaks it, or why it is not graded."""
    graded_by, broken_by = _names(entry, "graded_by", label), _names(entry, "broken_by", label)
    match entry.get("ungraded", ""):
        case "" if graded_by and broken_by:
            return tuple(name.removeprefix("test_") for name in graded_by), broken_by, ""
        case str(reason) if reason.strip() and not graded_by and not broken_by:
            return (), (), reason
        case _:
            raise BadKata(f"{label} needs either graded_by and broken_by, or ungraded with the reason")


def _names(entry: dict[str, object], key: str, label: str) -> tuple[str, ...]:
    match entry.get(key, []):
        case list(names) if all(isinstance(name, str) and name.strip() for name in names):
            return tuple(names)
        case _:
            raise BadKata(f"{label}: {key} must be a list of strings")


def _first_repeated(names: Iterable[str]) -> str:
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), "")  # type: ignore[func-returns-value]


def unclaimed(sentences: Iterable[str], clauses: Iterable[Clause]) -> Iterator[str]:
    """The sentences that no clause has."""
    claimed = {sentence for clause in clauses for sentence in clause.sentences}
    return (sentence for sentence in sentences if sentence not in claimed)
