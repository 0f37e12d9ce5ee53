"""A student is found by what an instructor types."""

from __future__ import annotations

import pytest

from grader.classes.model import Student
from grader.classes.search import student_like
from grader.errors import UsageError

STUDENTS = [
    Student("u000@uni.example", "Lovelace, Ada", columns={"ID": "1000"}),
    Student("u001@uni.example", "Müller, Jürgen", columns={"ID": "1001"}),
    Student("u002@uni.example", "Smith, John"),
    Student("u003@uni.example", "Smith, John"),
    Student("u004@uni.example", "שרה כהן"),
    Student("bea"),
    Student("beatrice", "Ada Byron"),
]


@pytest.mark.parametrize(
    ("wanted", "label"),
    [
        ("u001@uni.example", "u001@uni.example"),
        ("u001", "u001@uni.example"),
        ("bea", "bea"),
        ("beat", "beatrice"),
        ("Lovelace, Ada", "u000@uni.example"),
        ("ada lovelace", "u000@uni.example"),
        ("LOVELACE", "u000@uni.example"),
        ("1001", "u001@uni.example"),
        ("Jurgen", "u001@uni.example"),
        ("שרה", "u004@uni.example"),
        ("ada b", "beatrice"),
    ],
)
def test_a_label_a_name_or_the_beginning_of_one_finds_a_student(wanted: str, label: str) -> None:
    assert student_like(wanted, STUDENTS).label == label


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("Smith", "'Smith' may be u002@uni.example (Smith, John), u003@uni.example (Smith, John): write the label"),
        ("Ada", "'Ada' may be u000@uni.example (Lovelace, Ada), beatrice (Ada Byron): write the label"),
        ("u00", "u004@uni.example (שרה כהן): write the label"),
        ("Lovelacce, Ada", "There is no student 'Lovelacce, Ada'. Did you mean 'Lovelace, Ada'?"),
        ("", "There is no student ''."),
    ],
)
def test_who_is_not_clear_is_asked_for(wanted: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        student_like(wanted, STUDENTS)
    assert words in str(raised.value)


def test_of_many_who_are_meant_five_are_named() -> None:
    students = [Student(f"s{number}", "Ada") for number in range(9)]
    with pytest.raises(UsageError, match="s4 \\(Ada\\) or 4 more: write"):
        student_like("ada", students)
