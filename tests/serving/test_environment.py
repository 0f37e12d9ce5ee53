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


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1 # a comment", "1"),
        ("A=1#2", "1#2"),
        ("A=#x", "#x"),
        ("A= # a comment", ""),
        ('A="x # y" # a comment', "x # y"),
        ("A='x'# a comment", "x"),
        ('A="two\\nlines"', "two\nlines"),
        ("A='two\\nlines'", "two\\nlines"),
        ('A="a \\"quote\\""', 'a "quote"'),
        ("A='it\\'s'", "it's"),
        (r'A="C:\\temp"', r"C:\temp"),
        ('A="open', '"open'),
        ("A=$B", "$B"),
        ("A=http://x/?a=1&b=2", "http://x/?a=1&b=2"),
        ("export\tA=1", "1"),
        ("A = x", "x"),
    ],
)
def test_a_value_is_what_other_readers_of_such_files_make_of_it(line: str, value: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(line, "utf-8")
    assert chosen([], [tmp_path / ".env"]) == {"A": value}


def test_a_variable_may_be_named_export(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("export=1", "utf-8")
    assert chosen([], [tmp_path / ".env"]) == {"export": "1"}


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
    for name in ("none", "."):
        with pytest.raises(UsageError, match="cannot be read"):
            chosen([], [tmp_path / name])


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_in_another_encoding_is_a_slip(encoding: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("A=é\n".encode(encoding))
    with pytest.raises(UsageError, match=r"line 1 of .* is not UTF-8"):
        chosen([], [tmp_path / ".env"])
