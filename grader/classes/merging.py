"""Puts the ledgers of several machines together, each of which has graded a part of a class."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from grader.classes import records
from grader.classes.forgotten import differing
from grader.classes.ledger import FILE, Ledger
from grader.classes.model import NoReport, Settings, Student, Submission, Why
from grader.classes.source import Source
from grader.classes.task import Shard
from grader.classes.writing import LedgerWriter
from grader.errors import UsageError

_ADVICE: Final = "merge its results, too"


def merge(parts: Sequence[Path], out: Path) -> tuple[Shard, ...]:
    """Write all that is in the ledgers ``parts`` into the one in ``out``, which may exist. What is there stays.

    Returns the shards that are missing; each of their students who is known has a row that says so. Raises UsageError
    where the parts are not of one class: other katas, specifications, graders, seeds, settings, rosters or numbers
    of shards.
    """
    if (out / FILE).is_file():
        _require_merged(out)
        parts = [out, *parts]
    ledgers = [_terms(part) for part in parts]
    for part, terms in zip(parts, ledgers, strict=True):
        _require_same(part, terms, parts[0], ledgers[0])
    shards = {shard for terms in ledgers for shard in terms.shards}
    missing = _missing(parts, ledgers)
    with Ledger.open(parts[0]) as first:
        settings, katas = first.settings, first.katas()
    with LedgerWriter.make(out, settings) as ledger:
        others = {one.label: one for terms in ledgers for one in terms.others}
        numbers = json.dumps(sorted((shard.number, shard.count) for shard in shards))
        facts = {"grader": ledgers[0].grader, "shards": numbers, "others": records.of_students(others.values())}
        ledger.keep_facts(facts)
        ledger.keep_katas(katas)
        ledger.forget_lost()
        for part in parts:
            if part != out:
                ledger.keep_all_of(part / FILE if part.is_dir() else part)
        known = {row.student.label for row in ledger.rows()}
        lost = [one for label, one in others.items() if label not in known]
        _keep_lost(ledger, lost, missing)
    return missing


def missing_sentence(missing: Sequence[Shard]) -> str:
    """Such as "shard 3/3 is missing: merge its results, too"."""
    names = [f"{shard.number}/{shard.count}" for shard in missing]
    if len(names) == 1:
        return f"shard {names[0]} is missing: {_ADVICE}"
    return f"shards {', '.join(names[:-1])} and {names[-1]} are missing: {_ADVICE.replace('its', 'their')}"


class _Terms(NamedTuple):
    """What all grades of a class have in common, and the part of it that this is.

    ``students`` are those of this part, ``others`` those of other shards.
    """

    grader: str
    specifications: frozenset[tuple[str, str]]
    settings: Settings
    shards: tuple[Shard, ...]
    students: tuple[Student, ...]
    others: tuple[Student, ...]


def _terms(part: Path) -> _Terms:
    with Ledger.open(part) as ledger:
        specifications = frozenset((kata.name, kata.digest) for kata in ledger.katas())
        others = records.to_students(ledger.fact("others"))
        return _Terms(ledger.grader, specifications, ledger.settings, _shards(ledger), tuple(ledger.students()), others)


def _shards(ledger: Ledger) -> tuple[Shard, ...]:
    """The shards in a ledger; none where it does not say."""
    if found := ledger.fact("shards"):
        return tuple(Shard(number, count) for number, count in json.loads(found))
    source = ledger.fact("source")
    return (Source.decode(source).shard,) if source else ()


def _require_merged(out: Path) -> None:
    """Raises UsageError where a shard was graded into ``out``: it would take the students of the others for gone."""
    with Ledger.open(out) as ledger:
        source = ledger.fact("source")
    if source and (shard := Source.decode(source).shard).count > 1:
        raise UsageError(
            f"--out: {out} has the results of shard {shard.number}/{shard.count}: merge into another folder, and name "
            "this one as a part."
        )


def _require_same(part: Path, terms: _Terms, first: Path, others: _Terms) -> None:
    """Raises UsageError."""
    ours, theirs = terms.settings, others.settings
    if (terms.grader, terms.specifications, ours.seed) != (others.grader, others.specifications, theirs.seed):
        raise UsageError(
            f"{part} was graded by another specification, grader or seed than {first}. Give all shards the same "
            "--seed, and the same versions of the katas and of the grader."
        )
    if names := list(dict.fromkeys(_differing(terms, others))):
        raise UsageError(
            f"{part} and {first} differ in {', '.join(names)}: grade all shards by the same class.toml, roster and "
            "options. The same command with the right ones changes those of a shard, and grades nothing twice."
        )


def _differing(terms: _Terms, others: _Terms) -> Iterator[str]:
    yield from differing(terms.settings, others.settings)
    if _has_other_roster(terms, others):
        yield "the roster"


def _has_other_roster(terms: _Terms, first: _Terms) -> bool:
    """Whether the two say different things of a student whom both know."""
    known = {one.label: one for one in (*first.others, *first.students)}
    return any(known.get(one.label, one) != one for one in (*terms.others, *terms.students))


def _missing(parts: Sequence[Path], ledgers: Sequence[_Terms]) -> tuple[Shard, ...]:
    """None where a part is a whole class. Raises UsageError where the shards are not those of one division."""
    of_all = [(part, shard) for part, terms in zip(parts, ledgers, strict=True) for shard in terms.shards]
    found = [(part, shard) for part, shard in of_all if shard.count > 1]
    for part, shard in found:
        first, other = found[0]
        if shard.count != other.count:
            raise UsageError(
                f"{part} is one of {shard.count} shards, and {first} one of {other.count}: merge those of one division."
            )
    if not found or len(found) < len(of_all):
        return ()
    numbers, count = {shard.number for _, shard in found}, found[0][1].count
    return tuple(Shard(number, count) for number in range(1, count + 1) if number not in numbers)


def _keep_lost(ledger: LedgerWriter, lost: Iterable[Student], missing: Sequence[Shard]) -> None:
    """A row, without points, for each student of whom another shard knows, and who is in none that is here."""
    sentence = (
        missing_sentence(missing)
        if missing
        else "no shard has this student, though another one counts on it: grade all shards with the same submissions "
        "and roster"
    )
    for one in lost:
        ledger.keep_students([one])
        for kata in ledger.katas():
            ledger.keep_submission(Submission(one.label, kata.name, 0), NoReport(Why.UNCLEAR, sentence))
