"""Text of unknown origin is made safe to show: one line, nothing that a terminal acts on, bounded."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.text import (
    ago,
    closest,
    did_you_mean,
    from_here,
    plural,
    short_path,
    visible,
    visible_bytes,
    visible_ends,
    visible_lines,
    without_commands,
)

LAW = settings(deadline=None, derandomize=True, database=None, max_examples=300)
#: Controls, formats (bidi marks and the like), surrogates, private use, unassigned, line and paragraph separators.
UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

anything = st.text(st.characters(codec=None))  # lone surrogates too
hostile = st.text(
    st.sampled_from("a é中\x00\x07\x1b\x7f\x85\x9b\u200b\u202e\u2028\u2066\ufeff\U000e0041\ud800\n\r\t\\")
)


def is_safe(shown: str) -> bool:
    return not {unicodedata.category(char) for char in shown} & UNSAFE


@LAW
@given(anything | hostile, st.integers(0, 60))
def test_text_becomes_one_safe_line_of_bounded_length(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert is_safe(shown)
    assert len(shown) <= limit + 1
    assert shown.endswith("…") or len(shown) <= limit


@LAW
@given(st.binary() | hostile.map(lambda text: text.encode("utf-8", "surrogatepass")), st.integers(0, 60))
def test_bytes_become_one_safe_line_of_bounded_length(data: bytes, limit: int) -> None:
    shown = visible_bytes(data, limit)
    assert is_safe(shown)
    assert len(shown) <= limit + 1


@LAW
@given(anything | hostile, st.integers(0, 60))
def test_a_text_that_loses_its_middle_is_safe_and_bounded(text: str, limit: int) -> None:
    shown = visible_ends(text, limit)
    assert is_safe(shown)
    assert len(shown) <= limit + 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0123456789", "0123456789"),
        ("0123456789a", "0123456…89a"),
        ("data: {long and longer}\n\n", "data: {…\\n"),
        ("\x1b" * 9, "\\x1b…"),
    ],
)
def test_the_middle_is_what_is_cut(text: str, shown: str) -> None:
    assert visible_ends(text, 10) == shown


@LAW
@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_what_can_be_printed_stays_as_it_is(text: str) -> None:
    assert visible(text, len(text)) == text
    assert visible_bytes(text.encode(), len(text)) == text


@LAW
@given(anything | hostile)
def test_what_is_safe_already_is_left_alone(text: str) -> None:
    shown = visible(text, 10_000)
    assert visible(shown, 10_000) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\r\n\tindented", "two\\nlines\\r\\n\\tindented"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eabc", "\\u202eabc"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud83d", "\\ud83d"),
        ("naïve — 中文 🙂", "naïve — 中文 🙂"),
        ("no\u00a0break", "no\u00a0break"),
    ],
)
def test_what_cannot_be_printed_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_bytes_that_are_not_utf_8_are_spelled_out() -> None:
    assert visible_bytes(b"caf\xe9 \xff\xc3\xa9") == "caf\\xe9 \\xffé"


@pytest.mark.parametrize(("length", "cut"), [(9, False), (10, False), (11, True), (10_000_000, True)])
def test_what_was_cut_off_shows(length: int, cut: bool) -> None:
    shown = visible("x" * length, 10)
    assert shown == ("x" * 10 + "…" if cut else "x" * length)
    assert visible_bytes(b"x" * length, 10) == shown


@LAW
@given(anything | hostile, st.integers(1, 5), st.integers(1, 30))
def test_of_many_lines_the_last_ones_are_kept(text: str, lines: int, width: int) -> None:
    shown = visible_lines(text, lines=lines, width=width)
    assert len(shown) <= lines + 1  # one says what was left out
    assert all(is_safe(line) for line in shown)
    assert all(len(line) <= width + 1 or line.startswith("… ") for line in shown)


def test_lines_left_out_are_counted() -> None:
    assert visible_lines("one\r\ntwo\nthree\n\n", lines=2) == ["… 1 lines before", "two", "three"]
    assert visible_lines("one\r\ntwo\n", lines=2) == ["one", "two"]
    assert visible_lines("\tindented\n") == ["    indented"]
    assert visible_lines(" \n\n") == []


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [
        (0, "event", "0 events"),
        (1, "event", "1 event"),
        (2, "event", "2 events"),
        (1, "response", "1 response"),
        (3, "response", "3 responses"),
    ],
)
def test_counts_are_grammatical(count: int, noun: str, words: str) -> None:
    assert plural(count, noun) == words


NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (7200, "2 hours ago"),
        (86400, "1 day ago"),
        (400 * 86400, "400 days ago"),
    ],
)
def test_moments_are_told_roughly(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), now=NOW) == words


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("al_items", " Did you mean 'all_items'?"),
        ("json", " Did you mean 'is_json'?"),  # a part of a name, though hardly like it
        ("xyz", ""),
        ("", ""),
    ],
)
def test_a_misspelt_name_is_answered_with_the_one_that_was_meant(wrong: str, words: str) -> None:
    assert did_you_mean(wrong, iter(["is_json", "all_items"])) == words


def test_how_like_a_name_must_be_can_be_chosen() -> None:
    assert closest("lsit", ["list", "init"]) == "list"
    assert closest("kata", ["watch", "trace"], cutoff=0.75) == ""


def test_a_path_below_the_working_directory_is_relative_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_here(tmp_path / "mine" / "app.py") == "mine/app.py"
    assert from_here(tmp_path.parent / "app.py") == str(tmp_path.parent / "app.py")
    assert from_here(Path("app.py")) == "app.py"


def test_a_short_path_says_nothing_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = [
        short_path(path) for path in (tmp_path / "a/b/app.py", Path("/srv/x/ada/app.py"), Path("/app.py"), Path("/"))
    ]
    assert found == ["a/b/app.py", "ada/app.py", "app.py", "."]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "|::error::x"),
        ("a\n \t::x\n\n::y", "a\n| \t::x\n\n|::y"),
        ("a\r::x", "a\r|::x"),  # a carriage return ends a line for the runner, too
        ("\u00a0\u3000::x", "|\u00a0\u3000::x"),
        ("a::b ::c", "a::b ::c"),
        ("x ##[group]y", "x ## [group]y"),
        ("###[[", "### [["),
        ("", ""),
    ],
)
def test_nothing_is_a_command_of_githubs_runner(text: str, shown: str) -> None:
    assert without_commands(text) == shown
