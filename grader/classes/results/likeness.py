"""Submissions of different students that are suspiciously equal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from grader.classes.results.mark import Mark


class By(Enum):
    """In what submissions are equal."""

    FILES = "all files are the same"
    SYNTAX = "the app differs in names, comments and layout only"


@dataclass(frozen=True, slots=True)
class Likeness:
    """The marks of two or more students whose submissions for a kata are equal."""

    by: By
    marks: tuple[Mark, ...]


def likenesses(marks: Iterable[Mark], forms: Mapping[str, str]) -> list[Likeness]:
    """The groups of one kata's marks, the largest first; none is listed twice for the same students.

    ``forms`` has the normal form of the app (see :mod:`grader.syntax`) of each submission, by its digest; that
    of the stub, which everybody has from the course, by "".
    """
    by_files: dict[str, list[Mark]] = {}
    by_form: dict[str, list[Mark]] = {}
    for mark in marks:
        digest = mark.submission.digest if mark.submission else ""
        form = forms.get(digest, "")
        if digest and (not form or form != forms.get("")):
            by_files.setdefault(digest, []).append(mark)
            by_form.setdefault(form, []).append(mark)
    by_form.pop("", None)
    found = [Likeness(By.FILES, tuple(group)) for group in by_files.values() if len(group) > 1]
    known = {frozenset(mark.student.label for mark in one.marks) for one in found}
    found += [
        Likeness(By.SYNTAX, tuple(group))
        for group in by_form.values()
        if len(group) > 1 and frozenset(mark.student.label for mark in group) not in known
    ]
    return sorted(found, key=lambda one: (-len(one.marks), one.marks[0].student.label))
