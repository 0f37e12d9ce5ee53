"""The names by which Canvas and Moodle give files out."""

from __future__ import annotations

import pytest

from grader.classes.intake.naming import Named, read


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("lovelaceada_1234_567890_app.py", Named("lovelaceada", "1234", "app.py", (0, 567890))),
        ("lovelaceada_LATE_1234_567890_app.py", Named("lovelaceada", "1234", "app.py", (0, 567890), is_late=True)),
        ("lovelaceada_1234_567891_app-1.py", Named("lovelaceada", "1234", "app.py", (1, 567891))),
        ("müllerjörg_1_2_my_work-12.tar.gz", Named("müllerjörg", "1", "my_work.tar.gz", (12, 2))),
        ("Ada Lovelace_99_assignsubmission_file_", Named("Ada Lovelace", "99", "")),
        ("Ada Lovelace_99_assignsubmission_file", Named("Ada Lovelace", "99", "")),
        ("Ada_B Lovelace_99_assignsubmission_file_app.py", Named("Ada_B Lovelace", "99", "app.py")),
        ("שרה כהן_7_assignsubmission_onlinetext_a.html", Named("שרה כהן", "7", "a.html", kind="onlinetext")),
        ("ada", None),
        ("ada_lovelace", None),
        ("kata_1_app.py", None),
        ("ada_1_2_..", None),
    ],
)
def test_a_name_says_whose_it_is(name: str, found: Named | None) -> None:
    assert read(name) == found
