"""The name of the assignment in front of a student's name, as in the repositories that GitHub Classroom makes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from grader.classes.intake.handed import Handed
from grader.classes.model import Student


def without_assignment(found: Sequence[Handed], students: Iterable[Student]) -> list[Handed]:
    """What was handed in, by the labels of ``students``, where all names begin alike and a label comes then.

    So "kata-12-ada-l" is of "ada-l" where another name begins with "kata-12-", too. Of one name alone nobody knows
    where the assignment ends: in "jean-luc" it would be "jean-".
    """
    labels = {one.label.casefold(): one.label for one in students}
    names = {one.label for one in found}
    first = min(names, default="")
    fronts = [first[: at + 1] for at, letter in enumerate(first) if letter == "-"]
    shared = [front for front in fronts if len(names) > 1 and all(name.startswith(front) for name in names)]

    def label_after(front: str, name: str) -> str | None:
        return labels.get(name.removeprefix(front).casefold())

    front = max(shared, key=lambda front: sum(label_after(front, name) is not None for name in names), default=None)
    if front is None:
        return list(found)
    return [replace(one, label=label_after(front, one.label) or one.label) for one in found]
