"""The names by which Canvas and Moodle give files out."""

from __future__ import annotations

import pytest

from grader.classes.intake.naming import Named, number_at_canvas, number_at_moodle, read, read_all

WHEN = "2026-11-29-10-00-00"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("lovelaceada_1234_567890_app.py", Named("lovelaceada", "1234", "app.py", (0, 567890))),
        ("lovelaceada_LATE_1234_567890_app.py", Named("lovelaceada", "1234", "app.py", (0, 567890), is_late=True)),
        ("lovelaceada_1234_567891_app-1.py", Named("lovelaceada", "1234", "app.py", (1, 567891))),
        ("müllerjörg_1_2_my_work-12.tar.gz", Named("müllerjörg", "1", "my_work.tar.gz", (12, 2))),
        ("Ada Lovelace_99_assignsubmission_file_", Named("Ada Lovelace", "99", "")),
        ("Ada Lovelace_99_assignsubmission_file", Named("Ada Lovelace", "99", "")),
        ("שרה כהן_7_assignsubmission_onlinetext_a.html", Named("שרה כהן", "7", "a.html", kind="onlinetext")),
        ("Ada_7_assignsubmission_file_x_8_assignsubmission_file_a", Named("Ada", "7", "x_8_assignsubmission_file_a")),
        ("Ada_7_assignsubmission_file_x_1_2_app.py", Named("Ada", "7", "x_1_2_app.py")),
        ("ada_7_9_x_8_assignsubmission_file_a.py", Named("ada", "7", "x_8_assignsubmission_file_a.py", (0, 9))),
        ("ada_7_9_bea_LATE_8_10_app.py", Named("ada", "7", "bea_LATE_8_10_app.py", (0, 9))),
        ("foo_bar_1248_567905_app.py", Named("foo_bar", "1248", "app.py", (0, 567905))),
        ("foo_bar_LATE_1248_567905_a_b.py", Named("foo_bar", "1248", "a_b.py", (0, 567905), is_late=True)),
        ("_1245_567903_app.py", Named("", "1245", "app.py", (0, 567903))),
        ("oconnorsean_1246_text.html", Named("oconnorsean", "1246", "", kind="text")),
        ("linkstudent_LATE_1247_link.html", Named("linkstudent", "1247", "", is_late=True, kind="link")),
        ("foo_bar_7_text.html", Named("foo_bar", "7", "", kind="text")),
        ("ada_7_9_x_8_text.html", Named("ada", "7", "x_8_text.html", (0, 9))),
        ("ada_7_9_text.html", Named("ada", "7", "text.html", (0, 9))),
        ("anon_Ab1cD_567901_app-2.py", Named("anon", "Ab1cD", "app.py", (2, 567901))),
        ("LATE_anon_Xy9zQ_567903_app.py", Named("anon", "Xy9zQ", "app.py", (0, 567903), is_late=True)),
        ("anon_Ab1cD_9_x_8_10_app.py", Named("anon", "Ab1cD", "x_8_10_app.py", (0, 9))),
        ("anon_Ab1cD_9_x_8_text.html", Named("anon", "Ab1cD", "x_8_text.html", (0, 9))),
        ("LATE_anon_Ab1cD_text.html", Named("anon", "Ab1cD", "", is_late=True, kind="text")),
        ("anon_LATE_1234_5678_app.py", Named("anon", "1234", "app.py", (0, 5678), is_late=True)),
        (f"Homework 1_al_attempt_{WHEN}_app.py", Named("", "al", "app.py", attempt=WHEN)),
        (f"Homework 1_al_attempt_{WHEN}.txt", Named("", "al", "", kind="receipt", attempt=WHEN)),
        (f"HW_al_attempt_{WHEN}_x_bo_attempt_{WHEN}.txt", Named("", "al", f"x_bo_attempt_{WHEN}.txt", attempt=WHEN)),
        (f"HW_al_attempt_{WHEN}_x_8_9_app.py", Named("", "al", "x_8_9_app.py", attempt=WHEN)),
        (f"HW_al_attempt_{WHEN}_8_9_app.py", Named("", "al", "8_9_app.py", attempt=WHEN)),
        (f"HW_al_attempt_{WHEN}_x_8_text.html", Named("", "al", "x_8_text.html", attempt=WHEN)),
        (f"HW_1234_attempt_{WHEN}_a", Named("", "1234", "a", attempt=WHEN)),
        (f"ada_7_9_x_bo_attempt_{WHEN}_a", Named("ada", "7", f"x_bo_attempt_{WHEN}_a", (0, 9))),
        (f"ada_7_9_attempt_{WHEN}_a", Named("ada", "7", f"attempt_{WHEN}_a", (0, 9))),
        (f"Ada_7_assignsubmission_file_x_bo_attempt_{WHEN}_a", Named("Ada", "7", f"x_bo_attempt_{WHEN}_a")),
        (f"anon_Ab1cD_9_x_bo_attempt_{WHEN}_a", Named("anon", "Ab1cD", f"x_bo_attempt_{WHEN}_a", (0, 9))),
        (f"HW_al_attempt_{WHEN}", None),
        (f"al_attempt_{WHEN}_app.py", None),
        ("a_1_" + "9" * 5000 + "_x", None),
        ("anon_ab_app.py", None),
        ("ada_x_text.html", None),
        ("ada_x_8_assignsubmission_file_app.py", None),
        ("ada_\u0667_\u0668_app.py", None),
        ("ada", None),
        ("ada_lovelace", None),
        ("kata_1_app.py", None),
        ("ada_1_2_..", None),
    ],
)
def test_a_name_says_whose_it_is(name: str, found: Named | None) -> None:
    assert read(name) == found


@pytest.mark.parametrize(
    ("name", "canvas", "moodle"),
    [
        ("ada_7_9_x_8_assignsubmission_file_app.py", "7", ""),
        ("Ada_7_assignsubmission_file_x_8_assignsubmission_file_app.py", "", "7"),
        ("Ada_7_assignsubmission_file_x_8_9_app.py", "", "7"),
        ("foo_bar_7_9_app.py", "7", ""),
        ("ada_LATE_7_text.html", "7", ""),
        ("anon_12345_9_app.py", "", ""),
        (f"HW_1234_attempt_{WHEN}_a", "", ""),
        ("ada", "", ""),
    ],
)
def test_a_number_is_the_first_one_that_the_platform_writes(name: str, canvas: str, moodle: str) -> None:
    assert (number_at_canvas(name), number_at_moodle(name)) == (canvas, moodle)


def users(*fronts: str) -> list[str]:
    names = [f"{front}_attempt_{WHEN}_app.py" for front in fronts]
    found = read_all(names)
    return [found[name].user for name in names]


def test_all_names_of_blackboard_begin_with_the_title() -> None:
    assert users("Homework 1_al", "Homework 1_bo_x", "Homework 1_1234") == ["al", "bo_x", "1234"]
    assert users("HW_a_x", "HW_b_x") == ["a_x", "b_x"]
    assert users("HW_1_20141234", "HW_1_20141235") == ["20141234", "20141235"]
    assert users("HW_1_2_al", "HW_1_2_bo", "HW_1_2_bo") == ["al", "bo", "bo"]
    assert users("HW 1_al", "HW 2_al") == ["HW 1_al", "HW 2_al"]
    assert users("HW_1_al") == ["al"]


def test_nobody_makes_a_folder_of_canvas_one_of_blackboards() -> None:
    mallory = f"mallory_12_34_bob_attempt_{WHEN}_app.py"
    for others in ([], ["bob_56_78_app.py"], [f"eve_56_78_bob_attempt_{WHEN}.txt"], [f"HW_bob_attempt_{WHEN}.txt"]):
        found = read_all([mallory, *others])[mallory]
        assert (found.name, found.user, found.attempt) == ("mallory", "12", "")


@pytest.mark.parametrize("when", ["2026-13-29-10-00-00", "0001-01-01-00-00-00", "9999-12-31-23-59-59"])
def test_a_time_that_cannot_be_is_none_or_said(when: str) -> None:
    found = read(f"HW_al_attempt_{when}_app.py")
    assert found is not None
    assert found.handed_in is None or found.handed_in.year in (1, 9999)
