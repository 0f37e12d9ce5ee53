"""The roster: a CSV file with a line for each student, as platforms and spreadsheets write it."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader.classes.intake.handed import Handed
from grader.classes.intake.table import read_table
from grader.classes.model import Student
from grader.errors import UsageError
from grader.text import visible

#: Headers, in small letters, by what they are taken for; the first that a roster has counts.
_LABEL: Final = (
    *("label", "folder", "username", "user name", "login", "github", "github_username", "sis login id"),
    *("identifier", "sid", "student id", "student_id", "id number", "sis user id", "id", "email", "email address"),
)
_NAME: Final = ("name", "full name", "student", "student name", "display name", "roster_name")
_GIVEN, _FAMILY = ("first name", "given name", "firstname"), ("last name", "surname", "family name", "lastname")
_EMAIL: Final = ("email", "email address", "e-mail", "mail")
_SECTION: Final = ("section", "sections", "group", "groups", "class", "tutorial")
#: Moodle's "Participant 104", in any language: the number is in the names of files.
_PARTICIPANT: Final = re.compile(r"\D+(\d+)")
#: So many lines are named in a sentence.
_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class Roster:
    """``students`` are in the file's order. Find one by what a platform says of who handed something in.

    ``notes`` are sentences about what somebody has probably not meant.
    """

    students: tuple[Student, ...]
    _by_word: Mapping[str, tuple[Student, ...]]
    notes: tuple[str, ...] = ()

    def student_of(self, handed: Handed) -> Student | None:
        """The one that this is; None where the roster does not say, or where several could be meant.

        A label comes last: where it is made of a name and a number, students may choose a part of it.
        """
        label = "" if handed.is_numbered else handed.label
        for word in (handed.email, *handed.known, label):
            found = self._by_word.get(in_plain_letters(word), ())  # none has ""
            if len(found) == 1:
                return found[0]
        return None


def read_roster(file: Path) -> Roster:
    """The roster in ``file``. Raises UsageError; the message says what to write."""
    found = read_table(file)
    if not found.headers:
        advice = "write a header, such as label,name, and below it a line for each student"
        raise UsageError(f"{file} is empty: {advice}.")
    labels = _headers(found.headers, _LABEL)
    if not labels:
        wanted = '"label", "username", "SIS Login ID" or "email"'
        raise UsageError(f"{file} has no column that tells students apart: name one {wanted}.")
    students, nameless, lines = [], [], []
    for number, row in found.rows:
        label = next((row[header] for header in labels if row.get(header)), "")
        if label and not _is_test_student(row):
            students.append(_student(row, label))
            lines.append(number)
        elif not label and not _is_of_canvas(row) and (_name(row) or _value(row, _EMAIL)):
            nameless.append(f"line {number} ({visible(_name(row) or _value(row, _EMAIL), 60)})")
    _refuse_doubles(file, zip(lines, students, strict=True))
    notes = (*found.notes, *_notes(file, labels, students, nameless))
    return Roster(tuple(students), _words(students), notes)


def _notes(file: Path, labels: Sequence[str], students: Sequence[Student], nameless: Sequence[str]) -> Iterator[str]:
    if nameless:
        more = f" and {len(nameless) - _NAMED} more" if len(nameless) > _NAMED else ""
        columns = ", ".join(visible(header, 60) for header in labels)
        yield (
            f"{file} does not tell who is in {', '.join(nameless[:_NAMED])}{more}: nothing is written below {columns}. "
            "These students are not in the class."
        )
    if not students:
        yield f"{file} has no student below its header."


def _headers(headers: Iterable[str], wanted: Sequence[str]) -> list[str]:
    """Those of ``wanted`` that are there, in its order."""
    lower = {header.lower(): header for header in headers}
    return [lower[name] for name in wanted if name in lower]


def _value(row: Mapping[str, str], wanted: Sequence[str]) -> str:
    return next((row[header] for header in _headers(row, wanted)), "")


def _name(row: Mapping[str, str]) -> str:
    parts = (_value(row, _GIVEN), _value(row, _FAMILY))
    return _value(row, _NAME) or " ".join(part for part in parts if part) or _value(row, _names_beside(row))


def _names_beside(row: Mapping[str, str]) -> Sequence[str]:
    """In a roster of GitHub Classroom, the column by which the instructor knows a student who has set no name there."""
    return ("identifier",) if _headers(row, ("github_username",)) else ()


def _student(row: Mapping[str, str], label: str) -> Student:
    return Student(label, _name(row), _value(row, _EMAIL), _value(row, _SECTION), row)


def _is_of_canvas(row: Mapping[str, str]) -> bool:
    """Canvas has a number for each student; it exports lines without one, too, such as the points of assignments."""
    return "ID" in row and "SIS Login ID" in row


def _is_test_student(row: Mapping[str, str]) -> bool:
    """Canvas exports the student as whom an instructor looks at a course. Nobody is called so."""
    return row.get("Student") == "Student, Test" and "SIS Login ID" in row


def _refuse_doubles(file: Path, students: Iterable[tuple[int, Student]]) -> None:
    seen: dict[str, int] = {}
    for line, one in students:
        if one.label in seen:
            where = f"in line {seen[one.label]} and in line {line}"
            raise UsageError(f"{file} has {one.label!r} twice, {where}: each student needs a label of their own.")
        seen[one.label] = line


def _words(students: Iterable[Student]) -> Mapping[str, tuple[Student, ...]]:
    """Whatever may name a student, in plain letters: each word of the row that is not the section's."""
    found: dict[str, dict[str, Student]] = defaultdict(dict)
    for one in students:
        local = one.email.partition("@")[0]
        turned = "".join(reversed(one.name.partition(" ")[::2]))  # "lovelaceada", as Canvas writes it
        words = {one.label, one.name, one.email, local, turned, participant_of(one.columns), *one.columns.values()}
        for word in words - {one.section, ""}:
            found[in_plain_letters(word)][one.label] = one
    return {word: tuple(students.values()) for word, students in found.items() if word}


def participant_of(columns: Mapping[str, str]) -> str:
    """The number by which Moodle's names of files mean a student; "" where the roster does not have it."""
    found = _PARTICIPANT.fullmatch(columns.get("Identifier", ""))
    return found[1] if found else ""


def in_plain_letters(word: str) -> str:
    """Letters and digits only, small and without accents: "Lovelace, Ada" is "lovelaceada"."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if letter.isalnum() or letter == "@")
