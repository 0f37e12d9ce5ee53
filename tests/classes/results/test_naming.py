"""Names of files for students."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.classes.results.naming import file_names


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("ada", "ada"),
        ("Ada Lovelace", "Ada_Lovelace"),
        ("../../etc/passwd", "etc_passwd"),
        ("béa", "béa"),
        ("دانيال", "دانيال"),
        ("a@example.org", "a@example.org"),
        ("\u202egnp", "gnp"),
        ("..", "student"),
        ("", "student"),
        ("con:/x\\y\0", "con_x_y"),
    ],
)
def test_a_name_is_safe_and_readable(label: str, name: str) -> None:
    assert file_names([label]) == {label: name}


def test_names_differ_also_where_case_makes_no_difference() -> None:
    assert list(file_names(["ada", "Ada", "a/da", "a:da"]).values()) == ["ada", "Ada-2", "a_da", "a_da-2"]


@given(st.lists(st.text(max_size=100), unique=True))
def test_no_two_are_alike_and_none_leaves_its_folder(labels: list[str]) -> None:
    names = list(file_names(labels).values())
    assert len({name.casefold() for name in names}) == len(labels)
    assert not [name for name in names if "/" in name or "\0" in name or name.startswith(".") or len(name) > 80]
