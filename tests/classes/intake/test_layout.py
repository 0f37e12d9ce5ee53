"""Whose submission lies where, in each form in which submissions come."""

from __future__ import annotations

import os
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.classes.intake import gradescope
from grader.classes.intake.layout import find
from grader.errors import UsageError
from tests.small_kata import write

METADATA = """
    ---
    submission_11:
      :submitters:
      - :name: Ada Lovelace
        :sid: '311'
        :email: ada@example.org
      - :name: Bea
        :sid: ''
        :email: bea@example.org
      :created_at: 2026-11-01 10:00:00.000000000 +02:00
      :score: 3.0
    submission_12:
      :submitters:
      - :name: Cy
      :created_at: nonsense
"""


def lay(root: Path, *names: str) -> Path:
    for name in names:
        write(root / name, "x")
    return root


def found(root: Path) -> list[tuple[str, int, list[str]]]:
    return [(one.label, one.attempt, [os.path.relpath(path, root) for path in one.paths]) for one in find(root)]


def test_folders_modules_and_archives(tmp_path: Path) -> None:
    lay(tmp_path, "ada/app.py", "Bea Öz.py", "cy.tar.gz", "שרה/app.py", ".hidden/app.py", "class.toml", "roster.csv")
    lay(tmp_path, "Thumbs.db", "thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini")
    assert found(tmp_path) == [
        ("Bea Öz", 1, ["Bea Öz.py"]),
        ("ada", 1, ["ada"]),
        ("cy", 1, ["cy.tar.gz"]),
        ("שרה", 1, ["שרה"]),
    ]


def test_an_archive_beside_the_folder_of_the_same_name_is_another_student(tmp_path: Path) -> None:
    assert [label for label, *_ in found(lay(tmp_path, "ada/app.py", "ada.zip"))] == ["ada", "ada (2)"]


@pytest.mark.parametrize("name", ["ada (2)/app.py", "ada (2).py", "ada (2)/attempt-2/app.py"])
def test_no_student_loses_a_name_to_another_one(name: str, tmp_path: Path) -> None:
    lay(tmp_path, "ada/app.py", "ada.py", "ada.zip", name)
    labels = {names[0].partition("/")[0]: label for label, _, names in found(tmp_path)}
    own = name.partition("/")[0]
    assert labels == {"ada": "ada", own: "ada (2)", "ada.py": "ada (3)", "ada.zip": "ada (4)"}


def test_nor_to_one_who_is_on_the_roster(tmp_path: Path) -> None:
    lay(tmp_path, "ada/app.py", "ada.py")
    assert [one.label for one in find(tmp_path, students=["ada", "ada (2)"])] == ["ada", "ada (3)"]


def test_attempts_of_equal_labels_stay_together(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        lay(tmp_path / unicodedata.normalize(form, "é"), "attempt-1/app.py", "attempt-2/app.py")
    assert [(label, attempt) for label, attempt, _ in found(tmp_path)] == [
        *(("é", 1), ("é", 2)),
        *(("é (2)", 1), ("é (2)", 2)),
    ]


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/j\xf6rg")
    assert [one.label for one in find(tmp_path)] == ["j\\xf6rg"]


@pytest.mark.parametrize(
    "name",
    [
        b"\xff.py",
        b"\xff bad",
        b"\xff.zip",
        b"eve_12_34_app\xff.py",
        b"e\xff ve_12_34_app.py",
        b"E\xff ve_7_assignsubmission_file_",
        b"Eve_7_assignsubmission_file_app\xff.py",
    ],
)
def test_all_that_a_ledger_keeps_of_a_name_that_is_not_utf_8_can_be_written(name: bytes, tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), name), "w"):
        pass
    (one,) = find(tmp_path)
    for text in (one.label, one.name, one.email, one.source, *one.known):
        assert text.encode() == text.encode("utf-8", "backslashreplace")
    assert "\\xff" in one.source
    assert one.paths[0].exists()


def test_attempts_are_numbered_by_their_order(tmp_path: Path) -> None:
    lay(tmp_path, "ada/attempt-2/app.py", "ada/attempt-10/app.py", "ada/Attempt 1/app.py", "ada/notes.txt")
    assert found(tmp_path) == [
        ("ada", 1, ["ada/Attempt 1"]),
        ("ada", 2, ["ada/attempt-2"]),
        ("ada", 3, ["ada/attempt-10"]),
    ]


def test_attempts_of_one_number_are_all_there(tmp_path: Path) -> None:
    lay(tmp_path, "ada/attempt-1/app.py", "ada/attempt-01/app.py", "ada/Attempt 1/app.py")
    assert [attempt for _, attempt, _ in found(tmp_path)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        (" .zip", ".zip"),
        (" /app.py", "no name"),
        ("\u3000.py", ".py"),
        ("\u200b/app.py", "no name"),
        (" _1_2_a.py", "_1"),
    ],
)
def test_nobody_has_an_empty_name(name: str, label: str, tmp_path: Path) -> None:
    (one,) = find(lay(tmp_path, name))
    assert (one.label, one.name) == (label, "")


def test_what_a_student_chooses_says_nothing_of_who_it_is(tmp_path: Path) -> None:
    lay(
        tmp_path,
        "Ada Lovelace_111_assignsubmission_file_app.py",
        "Mallory Smith_222_assignsubmission_file_x_111_assignsubmission_file_app.py",
        "lovelaceada_1111_5001_app.py",
        "smithmallory_2222_5002_x_1111_assignsubmission_file_app.py",
        "smithmallory_2222_5003_lovelaceada_LATE_1111_9_app.py",
    )
    assert [(one.label, len(one.paths), one.known[0], one.is_marked_late) for one in find(tmp_path)] == [
        ("Ada Lovelace_111", 1, "111", False),
        ("Mallory Smith_222", 1, "222", False),
        ("lovelaceada_1111", 1, "1111", False),
        ("smithmallory_2222", 2, "2222", False),
    ]


def test_canvas(tmp_path: Path) -> None:
    lay(
        tmp_path,
        *("lovelaceada_1_10_app.py", "lovelaceada_1_12_app-1.py", "lovelaceada_1_11_helper.py"),
        *("smithjo_2_20_work.zip", "smithjo_LATE_3_30_app.py"),
    )
    ada, one, other = find(tmp_path)
    assert [path.name for path in ada.paths] == ["lovelaceada_1_12_app-1.py", "lovelaceada_1_11_helper.py"]
    assert [ada.name_of(path) for path in ada.paths] == ["app.py", "helper.py"]
    assert [(each.label, each.is_marked_late) for each in (one, other)] == [("smithjo_2", False), ("smithjo_3", True)]


def test_a_text_or_a_link_at_canvas_is_no_file(tmp_path: Path) -> None:
    lay(tmp_path, "oconnorsean_1246_text.html", "linkstudent_LATE_1247_link.html", "bea_8_text.html", "bea_8_9_app.py")
    bea, link, text = find(tmp_path)
    assert [(one.label, one.instead, one.is_marked_late, one.source) for one in (link, text)] == [
        ("linkstudent_1247", "a link", True, "linkstudent_LATE_1247_link.html"),
        ("oconnorsean_1246", "a text", False, "oconnorsean_1246_text.html"),
    ]
    assert ([bea.name_of(path) for path in bea.paths], bea.instead) == (["app.py"], "")


def test_canvas_without_names(tmp_path: Path) -> None:
    lay(
        tmp_path,
        *("anon_Ab1cD_567901_app.py", "anon_Ab1cD_567902_helper.py", "LATE_anon_Xy9zQ_567903_app.py"),
        *("anon_12345_7_app.py", "foo_bar_1248_567905_app.py"),
    )
    assert [(one.label, len(one.paths), one.is_marked_late, one.known) for one in find(tmp_path)] == [
        ("anon_12345", 1, False, ("anon_12345",)),
        ("anon_Ab1cD", 2, False, ("anon_Ab1cD",)),
        ("anon_Xy9zQ", 1, True, ("anon_Xy9zQ",)),
        ("foo_bar_1248", 1, False, ("1248", "foo_bar")),
    ]


def test_blackboard(tmp_path: Path) -> None:
    ada, bea = "Homework 1_alovelace_attempt_2026-11-29-10-00-00", "Homework 1_bea_attempt_2026-11"
    lay(
        tmp_path,
        *(f"{ada}.txt", f"{ada}_app.py", f"{bea}-29-11-00-00.txt", f"{bea}-29-11-00-00_app.py"),
        *(f"{bea}-28-11-00-00_app.py", f"{bea}-28-11-00-00_helper.py", f"{bea}-30-11-00-00.txt"),
        "Homework 1_cy_attempt_2026-11-29-10-00-00.txt",
    )
    assert [(one.label, one.attempt, [one.name_of(path) for path in one.paths]) for one in find(tmp_path)][:3] == [
        ("alovelace", 1, ["app.py"]),
        ("bea", 1, ["app.py", "helper.py"]),
        ("bea", 2, ["app.py"]),
    ]
    first, last, cy = find(tmp_path)[1:]
    assert (first.handed_in, first.known) == (datetime(2026, 11, 28, 11).astimezone(), ("bea",))
    assert last.handed_in == datetime(2026, 11, 29, 11).astimezone()
    assert (cy.label, cy.instead) == ("cy", "no more than a text")


def test_moodle(tmp_path: Path) -> None:
    lay(
        tmp_path,
        *("Ada Lovelace_7_assignsubmission_file_/app.py", "Bea_8_assignsubmission_file_app.py"),
        "Bea_8_assignsubmission_onlinetext_onlinetext.html",
        "Cy_9_assignsubmission_onlinetext_/onlinetext.html",
    )
    ada, bea, cy = find(tmp_path)
    assert (ada.label, ada.name, ada.known) == ("Ada Lovelace_7", "Ada Lovelace", ("7", "Ada Lovelace"))
    assert ([bea.name_of(path) for path in bea.paths], bea.instead) == (["app.py"], "")
    assert (cy.label, cy.instead, cy.source) == ("Cy_9", "a text", "Cy_9_assignsubmission_onlinetext_")


def test_gradescope(tmp_path: Path) -> None:
    write(tmp_path / "assignment_5_export" / gradescope.METADATA, METADATA)
    lay(tmp_path, "assignment_5_export/submission_11/app.py")
    cy, ada, bea = find(tmp_path)
    assert (ada.label, ada.name, ada.known[1]) == ("ada@example.org", "Ada Lovelace", "311")
    assert ada.handed_in == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert ada.paths == bea.paths == (Path(os.path.realpath(tmp_path)) / "assignment_5_export/submission_11",)
    assert (cy.label, cy.paths, cy.handed_in) == ("Cy", (), None)


@pytest.mark.parametrize("text", ["- a list", "a: [", "a: !!python/object:os.system {}"])
def test_metadata_that_cannot_be_read(text: str, tmp_path: Path) -> None:
    write(tmp_path / gradescope.METADATA, text)
    with pytest.raises(UsageError, match=gradescope.METADATA):
        find(tmp_path)


@pytest.mark.parametrize("name", ["../../etc", "..", "a/..", ".", "''", "/", "0x1F"])
def test_a_submission_of_the_export_lies_in_it(name: str, tmp_path: Path) -> None:
    write(tmp_path / gradescope.METADATA, f"{name}:\n  :submitters:\n  - :name: Ada\nsubmission_2: {{}}")
    assert {one.paths for one in find(tmp_path)} == {()}


def test_a_student_says_nothing_of_others_by_a_file_of_an_export(tmp_path: Path) -> None:
    write(tmp_path / "mallory" / gradescope.METADATA, METADATA)
    lay(tmp_path, "mallory/app.py")
    assert found(tmp_path) == [("mallory", 1, ["mallory"])]


def test_what_an_export_says_of_a_student_is_text(tmp_path: Path) -> None:
    """A list that names itself many times is as long as it likes, once it is written as text."""
    lists = "\n".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]" for n in range(9))
    submitters = (
        '":name": *a9 , ":sid": 311',
        f'":name": 0x{"f" * 6000}',
        '":name": [Bea]',
        '":sid": 12.5, ":email": {a: b}',
    )
    lines = "\n".join(f"  - {{{one}}}" for one in submitters)
    write(tmp_path / gradescope.METADATA, f"a0: &a0 [x]\n{lists}\nsubmission_1:\n  :submitters:\n{lines}\n  - Cy\n")
    assert [one.label for one in find(tmp_path)] == ["311", "submission_1", "submission_1 (2)", "submission_1 (3)"]


@pytest.mark.parametrize("submitters", ["5", "Ada", "{}", "[]", "[[]]", "{a: b}", "2026-11-01"])
def test_an_export_that_does_not_say_who_is_of_nobody_known(submitters: str, tmp_path: Path) -> None:
    write(tmp_path / gradescope.METADATA, f"submission_1:\n  :submitters: {submitters}")
    assert [one.label for one in find(tmp_path)] == ["submission_1"]


@pytest.mark.parametrize("name", ["''", "12.5", "' '"])
def test_a_submission_of_an_export_has_a_label(name: str, tmp_path: Path) -> None:
    write(tmp_path / gradescope.METADATA, f"{name}:\n  :submitters:\n  - :name: '  '")
    assert [one.label for one in find(tmp_path)] == ["no name"]


@pytest.mark.parametrize("make", [lambda _: None, lambda folder: folder.mkdir(), lambda folder: folder.write_text("")])
def test_no_submissions(make: object, tmp_path: Path) -> None:
    assert callable(make)
    make(tmp_path / "class")
    with pytest.raises(UsageError, match="class"):
        find(tmp_path / "class")
