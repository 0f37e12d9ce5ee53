"""Puts the ledgers of several machines together, each of which has graded a part of a class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from grader.classes.ledger import FILE, Ledger
from grader.classes.writing import LedgerWriter
from grader.errors import UsageError


def merge(parts: Sequence[Path], out: Path) -> None:
    """Write all that is in the ledgers ``parts`` into the one in ``out``, which may exist. What is there stays.

    Raises UsageError where they do not belong to one class: other katas, specifications, graders or seeds.
    """
    if (out / FILE).is_file():
        parts = [out, *parts]
    ledgers = [_terms(part) for part in parts]
    for part, terms in zip(parts, ledgers, strict=True):
        if terms != ledgers[0]:
            raise UsageError(
                f"{part} was graded by another specification, grader or seed than {parts[0]}. Give all shards the same "
                "--seed, and the same versions of the katas and of the grader."
            )
    with Ledger.open(parts[0]) as first:
        settings, katas = first.settings, first.katas()
    with LedgerWriter.make(out, settings) as ledger:
        ledger.keep_facts({"grader": ledgers[0].grader})
        ledger.keep_katas(katas)
        for part in parts:
            if part != out:
                ledger.keep_all_of(part / FILE if part.is_dir() else part)


class _Terms(NamedTuple):
    """What all grades of a class have in common."""

    grader: str
    seed: str
    specifications: frozenset[tuple[str, str]]


def _terms(part: Path) -> _Terms:
    with Ledger.open(part) as ledger:
        specifications = frozenset((kata.name, kata.digest) for kata in ledger.katas())
        return _Terms(ledger.grader, ledger.settings.seed, specifications)
