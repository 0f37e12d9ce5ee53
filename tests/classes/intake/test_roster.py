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


def test_who_has_no_name_at_github_is_called_as_the_instructor_does(tmp_path: Path) -> None:
    text = (
        '"identifier","github_username","github_id","name"\n"Ada Lovelace","al","1",""\n"b@x.org","bea","2","Bea"\n'
        '"Cy Absent","","",""\n'
    )
    found = [(student.label, student.name) for student in roster(tmp_path, text).students]
    assert found == [("al", "Ada Lovelace"), ("bea", "Bea"), ("Cy Absent", "Cy Absent")]
    assert [student.name for student in roster(tmp_path, "label,identifier\nada,77\n").students] == [""]


def test_all_columns_are_kept(tmp_path: Path) -> None:
    (student,) = roster(tmp_path, "Student,ID,SIS Login ID,Section\nAda,77,al1,\n").students
    assert (student.label, student.columns["ID"]) == ("al1", "77")


def test_the_test_student_of_canvas_is_nobody(tmp_path: Path) -> None:
    text = 'Student,ID,SIS Login ID\n    Points Possible,,\n"Lovelace, Ada",77,al1\n"Student, Test",99,f00d\n'
    assert [student.label for student in roster(tmp_path, text).students] == ["al1"]
    (other,) = roster(tmp_path, 'label,Student\nts,"Student, Test"\n').students
    assert other.label == "ts"


def test_where_one_column_is_empty_the_next_one_tells_who_it_is(tmp_path: Path) -> None:
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section\n,,,,Manual Posting\n    Points Possible,,,,\n"
        '"Lovelace, Ada",1,s1,ada,A\n"Login, No",1237,,,A\n"Sis, Only",3,s3,,A\n'
    )
    found = roster(tmp_path, text)
    assert [one.label for one in found.students] == ["ada", "1237", "s3"]
    assert (found.students[1].columns["ID"], found.notes) == ("1237", ())
    assert label(found, "1237", "loginno", of="loginno_1237") == "1237"


def test_lines_that_do_not_tell_who_it_is_are_named(tmp_path: Path) -> None:
    found = roster(tmp_path, "label,name,email\nada,A,\n,Nameless,\n,,\n\n,,no\n" + ",B,\n" * 4)
    (note,) = found.notes
    assert [one.label for one in found.students] == ["ada", "no"]
    assert "line 3 (Nameless), line 7 (B), line 8 (B), line 9 (B) and 1 more: nothing is written below label" in note


def test_lines_that_do_not_fit_the_header_are_named(tmp_path: Path) -> None:
    found = roster(tmp_path, "label,name,email\nada,A,a@x.org\nbea\ncy,Öz, Cy,c@x.org\ndan,D,,,\n,,\n\neve,E\n")
    assert [one.label for one in found.students] == ["ada", "bea", "cy", "dan", "eve"]
    short, long = found.notes
    assert short.endswith("line 3 and line 8 have fewer cells than the header: the columns without a cell are empty.")
    assert "line 4 has more cells than the header: what is beyond it is not read." in long
    assert long.endswith("A value with “,” in it needs quotes around it.")


def test_a_roster_that_is_not_in_utf_8_says_how_it_was_read(tmp_path: Path) -> None:
    (note,) = roster(tmp_path, "label,name\nada,Müller\n", "latin-1").notes
    assert "roster.csv is not in UTF-8, and was read as Windows-1252" in note
    assert roster(tmp_path, "label,name\nada,Müller\n", "utf-16").notes == ()


@pytest.mark.parametrize("text", ["", "\n\n", "sep=;\n"])
def test_a_roster_with_nothing_in_it_is_empty(text: str, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"roster\.csv is empty: write a header, such as label,name, and below it a line"
    ):
        roster(tmp_path, text)


def test_two_lines_of_one_label_are_named(tmp_path: Path) -> None:
    text = 'label,name\nada,A\nbea,"B\nEA"\nada,A\n'
    with pytest.raises(UsageError, match=r"roster\.csv has 'ada' twice, in line 2 and in line 5: each student needs"):
        roster(tmp_path, text)


def test_a_roster_of_nobody_is_mentioned(tmp_path: Path) -> None:
    (note,) = roster(tmp_path, "label,name\n").notes
    assert note.endswith("roster.csv has no student below its header.")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8", "cp1252"])
@pytest.mark.parametrize("line", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "SEP=;\n", ""])
def test_a_spreadsheets_own_ways(line: str, encoding: str, tmp_path: Path) -> None:
    (student,) = roster(tmp_path, f"{line}label;name\nada;Müller, A\n", encoding).students
    assert (student.label, student.name) == ("ada", "Müller, A")


@pytest.mark.parametrize(
    "content",
    [
        b"PK\3\4\x14\0\6\0",
        b"PK\3\4\xff",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0",
        b"\0\1\xff\xfe",
        b"\xff\xfea",
        "label\nada".encode("utf-16-le"),
        "label\nada".encode("utf-32"),
    ],
)
def test_what_is_not_text(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(content)
    with pytest.raises(UsageError, match=r"is not a CSV file in UTF-8: open it in the program that wrote it"):
        read_roster(tmp_path / "r.csv")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('label,name\nada,"Ada\nbob,B', 2),
        ('label,name\nada,"Ada\nbob,"Bob"\ncy,Cy\n', 2),
        ('sep=,\nlabel,name\n\nada,A\nbob,"B', 5),
        ('label,name\nada,A\nbob,"B' + "\nx,y" * 60_000, 3),
        ('"label,name\nada,A\n', 1),
    ],
)
def test_a_quote_that_is_not_closed_is_named(text: str, line: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"a quote in line {line} is not closed"):
        roster(tmp_path, text)


def test_quotes_that_are_closed_are_read(tmp_path: Path) -> None:
    found = roster(tmp_path, 'label,name\nada,"Ada\n""L"", A"\nbob,"B" C\ncy,D "E"')
    assert [one.name for one in found.students] == ['Ada\n"L", A', "B C", 'D "E"']


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
    one = Handed("ada (2)", (), Path(), known=("ada (2)",))
    students = [found.student_of(each) for each in (one, replace(one, known=("ada",), is_numbered=True))]
    assert [student.label for student in students if student] == ["ada2", "ada"]


def test_a_number_counts_more_than_the_name_beside_it(tmp_path: Path) -> None:
    """A student may choose the name: with the number after it, it may look like what another one is called."""
    found = roster(tmp_path, "login,number,name\nada1222,111,Ada\nmal,222,Mallory\n")
    assert label(found, "222", "Ada1", of="Ada1_222") == "mal"


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
        ("label\nada\nada\n", "has 'ada' twice"),
    ],
)
def test_a_roster_with_a_fault(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        roster(tmp_path, text)


def test_a_roster_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_roster(tmp_path / "roster.csv")
