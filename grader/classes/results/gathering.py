"""All marks of a class out of its ledger, one report in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from grader.classes.ledger import Ledger
from grader.classes.model import Entry, GradedKata
from grader.classes.results.mark import Mark, Status, mark_of

#: Called with each entry that counts; returns the address of the student's page, "" for none.
OnEntry = Callable[[Entry, GradedKata], str]


def gather(ledger: Ledger, on_entry: OnEntry = lambda *_: "") -> list[Mark]:
    """One mark for each student and kata, by label; also of what is still to be graded."""
    katas = {kata.name: kata for kata in ledger.katas()}
    found = {(mark.student.label, mark.kata): mark for mark in _graded(ledger, katas, on_entry)}
    return [*found.values(), *_waiting(ledger, katas, set(found))]


def _graded(ledger: Ledger, katas: dict[str, GradedKata], on_entry: OnEntry) -> Iterator[Mark]:
    current = (entry for entry in ledger.entries() if entry.submission.kata in katas)
    for (_, name), group in groupby(current, key=lambda entry: (entry.student.label, entry.submission.kata)):
        attempts, counting, page = 0, None, ""
        for entry in group:
            attempts += bool(entry.submission.attempt)
            if entry.counts:
                counting, page = entry, on_entry(entry, katas[name])
        if counting is not None:
            yield mark_of(counting, katas[name], attempts=attempts, page=page)


def _waiting(ledger: Ledger, katas: dict[str, GradedKata], known: set[tuple[str, str]]) -> Iterator[Mark]:
    for row in ledger.rows():
        both = (row.student.label, row.submission.kata)
        if row.submission.kata in katas and both not in known:
            known.add(both)
            possible = katas[row.submission.kata].possible
            yield Mark(
                row.student, row.submission.kata, Status.WAITING, possible, submission=row.submission, attempts=1
            )
