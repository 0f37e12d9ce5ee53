"""Whose submission lies where, in each form in which submissions come."""

from __future__ import annotations

import os
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
    assert found(tmp_path) == [
        ("Bea Öz", 1, ["Bea Öz.py"]),
        ("ada", 1, ["ada"]),
        ("cy", 1, ["cy.tar.gz"]),
        ("שרה", 1, ["שרה"]),
    ]


def test_an_archive_beside_the_folder_of_the_same_name_is_another_student(tmp_path: Path) -> None:
    assert [label for label, *_ in found(lay(tmp_path, "ada/app.py", "ada.zip"))] == ["ada", "ada (2)"]


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/j\xf6rg")
    assert [one.label for one in find(tmp_path)] == ["j\\xf6rg"]


def test_attempts_are_numbered_by_their_order(tmp_path: Path) -> None:
    lay(tmp_path, "ada/attempt-2/app.py", "ada/attempt-10/app.py", "ada/Attempt 1/app.py", "ada/notes.txt")
    assert found(tmp_path) == [
        ("ada", 1, ["ada/Attempt 1"]),
        ("ada", 2, ["ada/attempt-2"]),
        ("ada", 3, ["ada/attempt-10"]),
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


def test_moodle(tmp_path: Path) -> None:
    lay(
        tmp_path,
        *("Ada Lovelace_7_assignsubmission_file_/app.py", "Bea_8_assignsubmission_file_app.py"),
        "Bea_8_assignsubmission_onlinetext_onlinetext.html",
    )
    ada, bea = find(tmp_path)
    assert (ada.label, ada.name, ada.known) == ("Ada Lovelace_7", "Ada Lovelace", ("7", "Ada Lovelace"))
    assert [bea.name_of(path) for path in bea.paths] == ["app.py"]


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


def test_a_submission_of_the_export_lies_in_it(tmp_path: Path) -> None:
    write(tmp_path / gradescope.METADATA, "../../etc:\n  :submitters:\n  - :name: Ada")
    assert find(tmp_path)[0].paths == ()


@pytest.mark.parametrize("make", [lambda _: None, lambda folder: folder.mkdir(), lambda folder: folder.write_text("")])
def test_no_submissions(make: object, tmp_path: Path) -> None:
    assert callable(make)
    make(tmp_path / "class")
    with pytest.raises(UsageError, match="class"):
        find(tmp_path / "class")
