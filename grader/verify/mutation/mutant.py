"""One wrong app that was made from a right one; and all mutants of an app."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.verify.mutation.operators import OPERATORS
from grader.verify.mutation.source import Source


@dataclass(frozen=True, slots=True)
class Mutant:
    """``app`` names what it was made from; ``id`` stays the same as long as the changed lines do."""

    id: str
    app: str
    operator: str
    mistake: str
    text: str
    diff: str


def mutants(app: str, text: str, *, beside: Iterable[str] = ()) -> Iterator[Mutant]:
    """The mutants of ``text``: each change once, and only valid Python.

    A change is left out if one of the texts ``beside`` has the same lines: it was made there.
    """
    source = Source(text)
    known = {line for other in beside for line in other.splitlines()}
    made = {text}
    seen: Counter[str] = Counter()
    for operator in OPERATORS:
        for edits in operator.changes(source):
            changed = source.edited(*edits)
            diff = _diff(text, changed)
            removed = [line[1:] for line in diff.splitlines() if line.startswith("-")]
            if changed in made or known.issuperset(removed) or not _is_python(changed):
                continue
            made.add(changed)
            trait = f"{app}\n{operator.name}\n" + "\n".join(line for line in diff.splitlines() if line[:1] in "+-")
            seen[trait] += 1
            name = hashlib.sha256(f"{trait}\n{seen[trait]}".encode()).hexdigest()[:8]
            yield Mutant(name, app, operator.name, operator.mistake, changed, _without_helpers(diff))


def _diff(before: str, after: str) -> str:
    """The changed lines with one line around them, without a heading."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return "\n".join(list(lines)[2:])


def _without_helpers(diff: str) -> str:
    """The changes, without pure additions: an operator may need a class at the end of the module."""
    hunks = re.split(r"^(?=@@)", diff, flags=re.MULTILINE)
    return "".join(hunk for hunk in hunks if re.search(r"^-", hunk, re.MULTILINE)).rstrip("\n")


def _is_python(text: str) -> bool:
    try:
        compile(text, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True
