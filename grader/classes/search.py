"""Finds a student by what an instructor types: a label, a name, or the beginning of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.classes.intake.roster import in_plain_letters
from grader.classes.model import Student
from grader.errors import UsageError
from grader.text import visible

#: So many students are named where several may be meant.
_NAMED = 5


def student_like(wanted: str, students: Sequence[Student]) -> Student:
    """The student that is meant, by the first of these that finds somebody: the label; how the only label begins; the
    whole name or another column of the roster; how words of the name begin. Raises UsageError."""
    found = next(filter(None, _candidates(wanted, students)), [])
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(visible(one.named, 100) for one in found[:_NAMED])
        more = f" or {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise UsageError(f"{wanted!r} may be {names}{more}: write the label, or more of the name.")
    from grader.text import did_you_mean  # after a mistake only

    known = [word for one in students for word in (one.label, one.name) if word]
    raise UsageError(f"There is no student {wanted!r}.{did_you_mean(wanted, known)}")


def _candidates(wanted: str, students: Sequence[Student]) -> Iterator[list[Student]]:
    yield [one for one in students if one.label == wanted]
    yield [one for one in students if wanted and one.label.startswith(wanted)]
    plain = in_plain_letters(wanted)
    yield [one for one in students if plain and plain in map(in_plain_letters, (one.name, *one.columns.values()))]
    words = _words(wanted)
    yield [one for one in students if words and all(_begins(word, _words(one.name)) for word in words)]


def _words(text: str) -> list[str]:
    return list(filter(None, map(in_plain_letters, text.replace(",", " ").split())))


def _begins(start: str, words: Sequence[str]) -> bool:
    return any(word.startswith(start) for word in words)
