"""Rosters as platforms and spreadsheets write them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.classes.intake.handed import Handed
from grader.classes.intake.roster import Roster, read_roster
from grader.errors import UsageError


def roster(tmp_path: Path, text: str, encoding: str = "utf-8") -> Roster:
    file = tmp_path / "roster.csv"
    file.write_text(text, encoding)
    return read_roster(file)


def label(found: Roster, *known: str, of: str = "") -> str | None:
    student = found.student_of(Handed(of, (), Path(), known=known))
    return student.label if student else None


@pytest.mark.parametrize(
    "text",
    [
        "label,name,email,section\nada,Ada Lovelace,ada@example.org,A\n",
        "Folder;Full name;E-mail;Group\r\nada;Ada Lovelace;ada@example.org;A\r\n",
        "\ufeffSIS Login ID\tStudent\tEmail\tSection\nada\tAda Lovelace\tada@example.org\tA\n",
        "First name,Last name,Username,Email address,Sections\nAda,Lovelace,ada,ada@example.org,A\n",
    ],
)
def test_columns_by_any_of_their_usual_headers(text: str, tmp_path: Path) -> None:
    (student,) = roster(tmp_path, text).students
    assert (student.label, student.name, student.email, student.section) == (
        *("ada", "Ada Lovelace", "ada@example.org"),
        "A",
    )


def test_all_columns_are_kept(tmp_path: Path) -> None:
    (student,) = roster(tmp_path, "Student,ID,SIS Login ID,Section\nAda,77,al1,\n").students
    assert (student.label, student.columns["ID"]) == ("al1", "77")


def test_the_test_student_of_canvas_is_nobody(tmp_path: Path) -> None:
    text = 'Student,ID,SIS Login ID\n    Points Possible,,\n"Lovelace, Ada",77,al1\n"Student, Test",99,f00d\n'
    assert [student.label for student in roster(tmp_path, text).students] == ["al1"]
    (other,) = roster(tmp_path, 'label,Student\nts,"Student, Test"\n').students
    assert other.label == "ts"


def test_a_student_is_found_by_whatever_a_platform_says(tmp_path: Path) -> None:
    found = roster(tmp_path, 'Student,ID,SIS Login ID,email\n"Lovelace, Ada",77,al1,ada@example.org\nBea,78,be1,\n')
    assert label(found, of="al1") == "al1"
    assert label(found, "77", "lovelaceada", of="lovelaceada_77") == "al1"
    assert label(found, of="ada@example.org") == "al1"
    assert label(found, "Lovelace Ada") == "al1"
    assert label(found, "78", of="somebody") == "be1"
    assert label(found, of="nobody") is None


def test_two_students_with_one_name_are_told_apart_by_their_numbers_only(tmp_path: Path) -> None:
    found = roster(tmp_path, "label,name,number\nj1,Jo Smith,5\nj2,Jo Smith,6\n")
    assert label(found, "Jo Smith") is None
    assert label(found, "6", "Jo Smith") == "j2"


def test_a_word_without_letters_is_nobodys(tmp_path: Path) -> None:
    found = roster(tmp_path, "label,note\nada,-\nbea,ok\n")
    assert label(found, "?", of="stranger") is None


def test_a_label_with_a_number_of_ours_is_nobodys(tmp_path: Path) -> None:
    found = roster(tmp_path, "label,name\nada2,Ann\nada,Ada\n")
    one = Handed("ada (2)", (), Path(), known=("ada",))
    students = [found.student_of(replace(one, is_numbered=is_numbered)) for is_numbered in (False, True)]
    assert [student.label for student in students if student] == ["ada2", "ada"]


def test_a_file_of_a_spreadsheet(tmp_path: Path) -> None:
    (student,) = roster(tmp_path, "label;name\njo;Jörg\n", "cp1252").students
    assert student.name == "Jörg"


def test_moodles_participants_are_found_by_their_numbers(tmp_path: Path) -> None:
    text = "Identifier,Full name\nParticipant 104,Jo Smith\nParticipant 105,Jo Smith\n"
    assert label(roster(tmp_path, text), "105", "Jo Smith", of="Jo Smith_105") == "Participant 105"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,points\nAda,3\n", "has no column that tells students apart"),
        ("", "has no column that tells students apart"),
        ("label\nada\nada\n", "has 'ada' twice"),
    ],
)
def test_a_roster_with_a_fault(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        roster(tmp_path, text)


def test_a_roster_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_roster(tmp_path / "roster.csv")
