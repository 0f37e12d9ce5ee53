"""Submissions that a ledger has, and that the folder of submissions has no more: they stay, and are named."""

from __future__ import annotations

import json
from collections.abc import Collection

from grader.classes.ledger import Ledger, Place
from grader.classes.task import Intake

#: The name of the fact in the ledger.
FACT = "gone"


def gone(ledger: Ledger, intake: Intake) -> list[Place]:
    """Those that are not in ``intake``, which is the whole class, or its shard."""
    here = {(one.student, one.kata, one.attempt) for one in (task.submission for task in intake.tasks)}
    elsewhere = {student.label for student in intake.others}
    return [row.place for row in ledger.rows() if row.place not in here and row.student.label not in elsewhere]


def encode(places: Collection[Place]) -> str:
    return json.dumps(sorted(places))


def decode(text: str) -> set[Place]:
    """What :func:`encode` wrote; none of an empty text."""
    return {(student, kata, attempt) for student, kata, attempt in json.loads(text or "[]")}
