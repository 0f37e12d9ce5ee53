"""Is each sentence of a contract in a clause, and does each clause say the truth?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from grader.catalog.kata import Kata
from grader.model import Check
from grader.text import plural
from grader.verify import clauses as file
from grader.verify.clauses import Clause
from grader.verify.contract import sentences
from grader.verify.mutation.operators import OPERATORS
from grader.verify.reference import ReferenceApp, Role

#: Before the name of a mutation operator, where a clause is broken by mutants.
MUTANT = "mutant "


def coverage_problems(
    kata: Kata, clauses: tuple[Clause, ...], *, checks: tuple[Check, ...], apps: Iterable[ReferenceApp]
) -> Iterator[str]:
    """Each sentence without a clause, and each clause that is not true."""
    stated = sentences(kata.readme.read_text("utf-8", "replace")) if kata.readme.is_file() else ()
    if not clauses:
        if stated:
            yield f"{file.FILE} is missing or empty: {plural(len(stated), 'sentence')} of the contract need a clause"
        return
    for sentence in file.unclaimed(stated, clauses):
        yield f"{file.FILE}: no clause has this sentence of the README: “{sentence}”"
    fails = {f"wrong/{app.file.name}": app.fails for app in apps if app.role is Role.WRONG}
    for clause in clauses:
        yield from _misquoted(clause, stated)
        yield from _unknown(clause, checks)
        yield from _untrue(clause, fails)
    graded = {name for clause in clauses for name in clause.graded_by}
    for check in checks:
        if check.id not in graded:
            yield f"{file.FILE}: no clause is graded by {check.id}; which sentence does it test?"


def _misquoted(clause: Clause, stated: tuple[str, ...]) -> Iterator[str]:
    for sentence in clause.sentences:
        if sentence not in stated:
            near = get_close_matches(sentence, stated, 1)
            meant = f"; perhaps “{near[0]}”" if near else ""
            yield f"{file.FILE}: clause {clause.id!r}: not a sentence of the README's contract: “{sentence}”{meant}"


def _unknown(clause: Clause, checks: tuple[Check, ...]) -> Iterator[str]:
    for name in sorted(set(clause.graded_by) - {check.id for check in checks}):
        yield f"{file.FILE}: clause {clause.id!r} is graded by {name!r}; there is no such check"


def _untrue(clause: Clause, fails: dict[str, frozenset[str]]) -> Iterator[str]:
    """What does not break it, and a clause that nothing breaks alone. ``fails`` has the checks by wrong app."""
    label, grading = f"{file.FILE}: clause {clause.id!r}", set(clause.graded_by)
    problems = [f"{label} {reason}" for name in clause.broken_by if (reason := _unable(name, grading, fails=fails))]
    if clause.broken_by and not problems and not any(fails.get(name, set()) <= grading for name in clause.broken_by):
        problems.append(f"{label}: each app that breaks it fails other checks, too; name one that breaks just this")
    yield from problems


def _unable(name: str, grading: set[str], *, fails: dict[str, frozenset[str]]) -> str:
    """Why ``name`` does not break a clause with this grading; "" where it does."""
    if name.startswith(MUTANT):
        known = {operator.name for operator in OPERATORS}
        return "" if name.removeprefix(MUTANT) in known else f"is broken by {name!r}; there is no such operator"
    if name not in fails:
        return f"is broken by {name!r}; there is no such wrong app"
    return "" if fails[name] & grading else f"is broken by {name!r}, which fails none of its checks"
