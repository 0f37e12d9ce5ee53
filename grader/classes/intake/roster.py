"""The roster: a CSV file with a line for each student, as platforms and spreadsheets write it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader.classes.intake.handed import Handed
from grader.classes.model import Student
from grader.errors import UsageError

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
_LARGEST: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class Roster:
    """``students`` are in the file's order. Find one by what a platform says of who handed something in."""

    students: tuple[Student, ...]
    _by_word: Mapping[str, tuple[Student, ...]]

    def student_of(self, handed: Handed) -> Student | None:
        """The one that this is; None where the roster does not say, or where several could be meant."""
        label = "" if handed.is_numbered else handed.label
        for word in (label, handed.email, *handed.known):
            found = self._by_word.get(in_plain_letters(word), ())  # none has ""
            if len(found) == 1:
                return found[0]
        return None


def read_roster(file: Path) -> Roster:
    """The roster in ``file``. Raises UsageError; the message says what to write."""
    text = _text(file)
    lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        rows = [{(key or "").strip(): (value or "").strip() for key, value in row.items() if key} for row in lines]
    except csv.Error as error:
        raise UsageError(f"{file} is not a CSV file: {error} in line {lines.line_num}.") from None
    headers = [header.strip() for header in lines.fieldnames or ()]
    label = _header(headers, _LABEL)
    if label is None:
        wanted = '"label", "username", "SIS Login ID" or "email"'
        raise UsageError(f"{file} has no column that tells students apart: name one {wanted}.")
    students = [_student(row, label) for row in rows if row.get(label) and not _is_test_student(row)]
    _refuse_doubles(file, students)
    return Roster(tuple(students), _words(students))


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            raise UsageError(f"{file} is too large for a roster.")
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        return file.read_text("cp1252", errors="replace")  # of a spreadsheet on Windows
    except OSError as error:
        raise UsageError(f"The roster {file} cannot be read: {error.strerror}.") from None


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _header(headers: Iterable[str], wanted: Sequence[str]) -> str | None:
    lower = {header.lower(): header for header in headers}
    return next((lower[name] for name in wanted if name in lower), None)


def _value(row: Mapping[str, str], wanted: Sequence[str]) -> str:
    header = _header(row, wanted)
    return row[header] if header else ""


def _student(row: Mapping[str, str], label: str) -> Student:
    parts = (_value(row, _GIVEN), _value(row, _FAMILY))
    name = _value(row, _NAME) or " ".join(part for part in parts if part)
    return Student(row[label], name, _value(row, _EMAIL), _value(row, _SECTION), row)


def _is_test_student(row: Mapping[str, str]) -> bool:
    """Canvas exports the student as whom an instructor looks at a course. Nobody is called so."""
    return row.get("Student") == "Student, Test" and "SIS Login ID" in row


def _refuse_doubles(file: Path, students: Iterable[Student]) -> None:
    seen: set[str] = set()
    for one in students:
        if one.label in seen:
            raise UsageError(f"{file} has {one.label!r} twice: each student needs a label of their own.")
        seen.add(one.label)


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
