"""Which folder of a download is a cover, and which one is a student's."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.classes.intake.cover import doubt, without_cover
from grader.classes.intake.roster import read_roster
from tests.small_kata import write

CANVAS = {"lovelaceada_1_2_app.py": "", "turingalan_3_4_app.py": ""}
BLACKBOARD = {f"HW 1_{user}_attempt_2026-11-29-10-00-00_app.py": "import os" for user in ("al", "bo")}
MODULES = {"s1.py": "import os, sys", "s2.py": "from fastapi import FastAPI", "README.md": "", ".DS_Store": ""}


def inner_of(root: Path, files: dict[str, str], *, app: str = "app.py", roster: str = "") -> str:
    for name, text in files.items():
        write(root / "all/subs" / name, text)
    students = read_roster(write(root / "r.csv", roster)) if roster else None
    return without_cover(root / "all", students, app).name


@pytest.mark.parametrize(
    "files",
    [
        CANVAS,
        BLACKBOARD,
        MODULES,
        {"../Thumbs.db": "", "../desktop.ini": "", **MODULES, "desktop.ini": ""},
        {"s1.PY": "import os", "s2.PY": "import os"},
        {"a.zip": "", "b.tar.gz": "", "c.py": ""},
        {"ada/app.py": "", "bob/app.py": "", "notes.txt": ""},
        {**CANVAS, "LATE_anon_Ab1cD_text.html": ""},
    ],
)
def test_a_cover(files: dict[str, str], tmp_path: Path) -> None:
    assert inner_of(tmp_path, files) == "subs"


@pytest.mark.parametrize(
    "files",
    [
        {**MODULES, "app.py": ""},
        {**MODULES, "__init__.py": ""},
        {**MODULES, "s3.py": "x = 1\nif x:\n    from .s2 import y\n"},
        {**MODULES, "s3.py": "import os, s1"},
        {**MODULES, "requirements.txt": ""},
        {**MODULES, "package/x.py": ""},
        {"main.py": ""},
        {"app.zip": ""},
        {"lovelaceada_1_2_app.py": "", "lovelaceada_1_3_helper.py": ""},
        {"src/app.py": ""},
    ],
)
def test_a_students_folder(files: dict[str, str], tmp_path: Path) -> None:
    assert inner_of(tmp_path, files) == "all"


def test_the_app_may_have_another_name(tmp_path: Path) -> None:
    assert inner_of(tmp_path, MODULES, app="s1.py") == "all"


def test_a_student_of_the_roster_is_no_cover(tmp_path: Path) -> None:
    assert inner_of(tmp_path, CANVAS, roster="label\nsubs\n") == "all"
    assert inner_of(tmp_path, CANVAS, roster="label\nada\n") == "subs"


def test_several_folders_have_no_cover(tmp_path: Path) -> None:
    write(tmp_path / "all/other/app.py", "")
    assert inner_of(tmp_path, CANVAS) == "all"


@pytest.mark.parametrize(
    "names",
    [
        ("hw/ada/app.py", "hw/bea/app.py"),
        ("hw/Ada_1_assignsubmission_file_/app.py", "hw/Bea_2_assignsubmission_file_/app.py"),
        ("hw/lovelaceada_1_10_app.py", "hw/bea_2_20_app.py", "class.toml"),
    ],
    ids=["folders", "moodle", "canvas"],
)
def test_a_folder_of_a_class_that_is_graded_as_one_student_is_named(names: tuple[str, ...], tmp_path: Path) -> None:
    for name in names:
        write(tmp_path / name, "")
    words = f"{tmp_path / 'hw'} looks like a folder of several students, and is graded as the submission of one: name"
    assert doubt(tmp_path, None, ["app.py"]).startswith(words)


@pytest.mark.parametrize(
    "names",
    [
        ("ada/app.py", "ada/parts/a.py", "ada/more/b.py"),
        ("ada/attempt-1/app.py", "ada/attempt-2/app.py"),
        ("ada/kata-1/app.py", "ada/kata-2/app.py"),
        ("ada/src/app.py", "ada/tests/test_app.py"),
        ("ada/app.py", "bea/app.py"),
        ("assignment_1_export/submission_metadata.yml", "assignment_1_export/a/app.py", "assignment_1_export/b/app.py"),
    ],
    ids=["an app", "attempts", "katas", "a project", "two students", "gradescope"],
)
def test_what_is_of_one_student_or_read_as_a_class_is_not(names: tuple[str, ...], tmp_path: Path) -> None:
    for name in names:
        write(tmp_path / name, "")
    assert doubt(tmp_path, None, ["app.py"]) == ""


def test_a_folder_that_is_called_as_a_student_of_the_roster_is_theirs(tmp_path: Path) -> None:
    for name in ("class/ada/one/app.py", "class/ada/two/app.py"):
        write(tmp_path / name, "")
    roster = write(tmp_path / "roster.csv", "label\nada\n")
    assert doubt(tmp_path / "class", roster, ["app.py"]) == ""
    assert doubt(tmp_path / "class", None, ["app.py"]) != ""
