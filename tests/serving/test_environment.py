"""Variables for the app: named by options, or read from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.serving.environment import chosen


def test_a_variable_is_passed_on_or_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "sk-1")
    assert chosen(["API_KEY", "EMPTY=", "URL=a=b"], []) == {"API_KEY": "sk-1", "EMPTY": "", "URL": "a=b"}


def test_a_file_has_one_variable_a_line(tmp_path: Path) -> None:
    text = "\ufeff# a comment\n\nA=1\n  export B = two words \nC='quoted'\nD=\"x # y\"\nE=\nF='\r\n"
    (tmp_path / ".env").write_text(text, "utf-8", newline="")
    assert chosen([], [tmp_path / ".env"]) == {
        "A": "1",
        "B": "two words",
        "C": "quoted",
        "D": "x # y",
        "E": "",
        "F": "'",
    }


def test_options_win_over_files_and_later_files_over_earlier(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"A={name}\nB={name}\n", "utf-8")
    assert chosen(["A=option"], [tmp_path / "one", tmp_path / "two"]) == {"A": "option", "B": "two"}


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("NOT_SET_HERE", "is not set here; set it, or write --env NOT_SET_HERE=VALUE"),
        ("1A=x", "is not the name of a variable"),
        ("=x", "is not the name of a variable"),
        ("STREAM_KATAS_UPSTREAM=x", "the grader itself sets STREAM_KATAS_UPSTREAM"),
    ],
)
def test_an_option_that_cannot_be_followed_is_a_slip(option: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        chosen([option], [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A=1\nnonsense\n", "line 2 of .* is not NAME=VALUE"),
        ("A B=1", "line 1 .*: 'A B' is not the name of a variable"),
    ],
)
def test_a_file_with_another_line_is_a_slip(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=words):
        chosen([], [tmp_path / ".env"])


def test_a_file_that_cannot_be_read_is_a_slip(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\0")
    for name in ("none", "binary", "."):
        with pytest.raises(UsageError, match="cannot be read"):
            chosen([], [tmp_path / name])
