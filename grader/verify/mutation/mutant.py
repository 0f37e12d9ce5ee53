"""One wrong app that was made from a right one; and all mutants of an app."""

from __future__ import annotations

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.verify.mutation.conditions import CONDITIONS, Condition
from grader.verify.mutation.operators import OPERATORS
from grader.verify.mutation.source import Edit, Source


@dataclass(frozen=True, slots=True)
class Mutant:
    """``app`` names what it was made from; ``id`` stays the same as long as the changed lines do.

    ``base`` is the id of the mutant that makes the same mistake always, where this one makes it only sometimes.
    """

    id: str
    app: str
    operator: str
    mistake: str
    text: str
    diff: str
    base: str = ""


def mutants(app: str, text: str, *, beside: Iterable[str] = ()) -> Iterator[Mutant]:
    """The mutants of ``text``: each change once, and only valid Python.

    A change is left out if one of the texts ``beside`` has the same lines: it was made there.
    """
    workshop = _Workshop(app, text, tuple(beside))
    made: list[tuple[Mutant, tuple[Edit, ...]]] = []
    for operator in OPERATORS:
        if operator.once and workshop.has_others:
            continue
        for edits in operator.changes(workshop.source):
            for mutant in workshop.made(operator.name, operator.mistake, edits):
                made.append((mutant, edits))
                yield mutant
    for condition in CONDITIONS:
        if not condition.once or not workshop.has_others:
            yield from _sometimes(condition, made, workshop)


def _sometimes(
    condition: Condition, made: list[tuple[Mutant, tuple[Edit, ...]]], workshop: _Workshop
) -> Iterator[Mutant]:
    """The same mistakes under a condition: one at each place is enough."""
    places: set[tuple[int, int]] = set()
    for base, always in made:
        found = [] if base.operator in condition.never else list(condition.applied(workshop.source, always))
        place = [(edits[0].start, edits[0].end) for edits in found][:1]
        if places.isdisjoint(place):
            places.update(place)
            for edits in found:
                mistake = f"{base.mistake}, {condition.words}"
                yield from workshop.made(condition.name, mistake, edits, base=base.id)


class _Workshop:
    """Makes the mutants of one text, and remembers which there are."""

    def __init__(self, app: str, text: str, beside: tuple[str, ...]) -> None:
        self.source = Source(text)
        self.has_others = bool(beside)
        self._app = app
        self._known = {line for other in beside for line in other.splitlines()}
        self._made = {text}
        self._seen: Counter[str] = Counter()

    def made(self, operator: str, mistake: str, edits: tuple[Edit, ...], *, base: str = "") -> Iterator[Mutant]:
        """The mutant with these edits; none where it is not new, or not Python."""
        changed = self.source.edited(*edits)
        diff = _diff(self.source.text, changed)
        if changed in self._made or self._known.issuperset(_places(diff)) or not _is_python(changed):
            return
        self._made.add(changed)
        trait = f"{self._app}\n{operator}\n" + "\n".join(line for line in diff.splitlines() if line[:1] in "+-")
        self._seen[trait] += 1
        name = hashlib.sha256(f"{trait}\n{self._seen[trait]}".encode()).hexdigest()[:8]
        yield Mutant(name, self._app, operator, mistake, changed, self._shown(edits, diff), base)

    def _shown(self, edits: tuple[Edit, ...], diff: str) -> str:
        """The part of ``diff`` that an author reads: without what the grader itself adds to the module."""
        own = [edit for edit in edits if not edit.is_helper]
        return diff if len(own) == len(edits) else _diff(self.source.text, self.source.edited(*own))


def _places(diff: str) -> list[str]:
    """The lines that are changed; where there are only new ones, those around them."""
    lines = diff.splitlines()
    removed = [line[1:] for line in lines if line.startswith("-")]
    return removed or [line[1:] for line in lines if line.startswith(" ")]


def _diff(before: str, after: str) -> str:
    """The changed lines with one line around them, without a heading."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return "\n".join(list(lines)[2:])


def _is_python(text: str) -> bool:
    try:
        compile(text, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True
