"""`grade KATA` again and again at a terminal: what is new is shown whole, the rest in a row; elsewhere nothing is
remembered."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.learner.journal import NAME as JOURNAL
from tests.small_kata import NAME, make_kata, write
from tests.terminal import Terminal

if TYPE_CHECKING:
    from tests.conftest import Grade

SPECIFICATION = '''
    """Kata 77: three numbers."""

    from grader.spec import Client, check


    def number(client: Client, name: str) -> object:
        return client.get("/numbers").json()[name]


    @check(points=1, requirement="RFC 9110 8.3: A sender says in Content-Type what the content is.")
    def test_one(client: Client) -> None:
        """the first number is 1"""
        assert number(client, "one") == 1, "the first number"


    @check(points=2, requirement="RFC 9110 8.3: A sender says in Content-Type what the content is.")
    def test_two(client: Client) -> None:
        """the second number is 2"""
        assert number(client, "two") == 2, "the second number"


    @check(points=3, requirement="RFC 9110 8.3: A sender says in Content-Type what the content is.")
    def test_three(client: Client) -> None:
        """the third number is 3"""
        assert number(client, "three") == 3, "the third number"
'''
APP = """
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/numbers")
    async def numbers():
        return {{"one": {one}, "two": {two}, "three": {three}}}
"""
WRONG = '"no"'
WAS = "this check passed before"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kata = make_kata(tmp_path)
    write(kata / "spec" / "test_echo.py", SPECIFICATION)
    kata.joinpath("spec", "hints.toml").write_text("", "utf-8")
    return tmp_path


def save(folder: Path, one: object, two: object, three: object) -> None:
    write(folder / "katas" / NAME / "app.py", APP.format(one=one, two=two, three=three))


def at_terminal(folder: Path, *options: str, ci: str = "") -> str:
    """What stands on a high terminal when the grade is over."""
    with Terminal("77", *options, cwd=folder, rows=120, CI=ci) as terminal:
        terminal.wait_for_end()
        return terminal.text()


def whole(text: str) -> list[str]:
    """The checks that are shown whole: a requirement belongs to each of them."""
    rows = [row for row in text.splitlines() if row.strip()]
    return [
        row.split(maxsplit=1)[1].rpartition(" ")[0].strip()
        for at, row in enumerate(rows)
        if row.startswith("FAIL ") and rows[at + 1].startswith("    ")
    ]


def row_of(check: str, text: str) -> str:
    return next(row for row in text.splitlines() if row.startswith(f"FAIL {check} "))


def test_what_the_last_change_broke_is_shown_whole_and_what_failed_before_in_a_row(folder: Path) -> None:
    save(folder, WRONG, WRONG, 3)
    first = at_terminal(folder)
    assert whole(first) == ["the first number is 1"]
    assert row_of("two", first) == 'FAIL two 0/2  the second number: "no"; expected: 2'
    assert "before" not in first

    save(folder, WRONG, WRONG, 33)
    second = at_terminal(folder)
    assert whole(second) == ["the third number is 3"]
    assert "    new: this check passed before\n    the third number: 33; expected: 3" in second
    assert row_of("one", second) == 'FAIL one 0/1  as before: the first number: "no"; expected: 1'
    assert row_of("two", second) == 'FAIL two 0/2  as before: the second number: "no"; expected: 2'
    ending = second.rpartition("Score: ")[2]
    assert "Next: fix “the third number is 3”.\n    the third number: 33; expected: 3" in ending
    assert "--only three" in ending

    assert whole(at_terminal(folder)) == ["the third number is 3"]  # nothing was changed: the same report

    save(folder, WRONG, WRONG, 333)
    third = at_terminal(folder)
    assert whole(third) == ["the third number is 3"]  # until it passes
    assert "    as before\n" in third

    save(folder, WRONG, WRONG, 3)
    fourth = at_terminal(folder)
    assert whole(fourth) == ["the first number is 1"]
    assert "    as before\n" in fourth
    assert "as before: the second number" in row_of("two", fourth)


def test_another_finding_is_new_with_what_it_was_before(folder: Path) -> None:
    save(folder, WRONG, WRONG, WRONG)
    at_terminal(folder)
    save(folder, 1, WRONG, "1 / 0")
    text = " ".join(at_terminal(folder).split())
    assert text.count("new finding; before, it was: ") == 1


def test_all_of_it_is_shown_where_that_is_asked_for(folder: Path) -> None:
    save(folder, WRONG, WRONG, WRONG)
    for _ in range(2):
        text = at_terminal(folder, "--verbose")
        assert len(whole(text)) == 3
        assert "before" not in text


def test_a_hint_is_about_the_check_that_was_shown_whole(folder: Path, grade: Grade) -> None:
    save(folder, WRONG, WRONG, 3)
    at_terminal(folder)
    save(folder, WRONG, WRONG, 33)
    at_terminal(folder)
    hint = grade("hint", "77", cwd=folder).out
    assert hint.startswith("Your server must show that the third number is 3\n")
    assert "--check" not in hint


def test_what_is_not_read_at_a_terminal_does_not_depend_on_what_was(folder: Path, grade: Grade) -> None:
    save(folder, WRONG, WRONG, 3)
    at_terminal(folder)
    save(folder, WRONG, WRONG, 33)
    remembered = recall_of(folder)

    def piped() -> str:
        done = grade("77", "--seed", "5eed", cwd=folder)
        return done.out

    outputs = [piped(), at_terminal(folder, "--seed", "5eed", ci="true")]
    assert remembered == recall_of(folder)
    outputs.append(at_terminal(folder, "--only", "three"))
    assert remembered == recall_of(folder)
    assert [whole(text) for text in outputs[:2]] == [["the first number is 1"]] * 2
    assert not any(WAS in text or "as before" in text for text in outputs)

    assert whole(at_terminal(folder)) == ["the third number is 3"]
    assert whole(piped()) == ["the first number is 1"]


@pytest.mark.parametrize("format_", ["text", "json", "html", "markdown"])
def test_no_written_report_says_what_was_before(format_: str, folder: Path) -> None:
    save(folder, WRONG, WRONG, 3)
    at_terminal(folder)
    save(folder, WRONG, WRONG, 33)
    file = folder / "report"
    assert WAS in at_terminal(folder, "--to", f"{format_}:{file}")
    written = file.read_text("utf-8")
    assert not any(words in written for words in ("passed before", "as before"))


def test_after_a_reset_nothing_is_remembered(folder: Path, grade: Grade) -> None:
    grade("init", "mine", "77", cwd=folder)
    mine = folder / "mine"
    app = mine / NAME / "app.py"
    write(app, APP.format(one=1, two=2, three=3))
    at_terminal(mine)
    assert grade("reset", "77", cwd=mine).code == 0
    assert "before" not in at_terminal(mine)


def test_where_nothing_can_be_kept_each_report_is_like_the_first(folder: Path) -> None:
    for name in (JOURNAL, f"{JOURNAL}.damaged"):
        (folder / name).mkdir()
        (folder / name / "file").touch()
    for three in (3, 33):
        save(folder, WRONG, WRONG, three)
        text = at_terminal(folder)
        assert whole(text) == ["the first number is 1"]
        assert "before" not in text


def recall_of(folder: Path) -> object:
    document = json.loads(folder.joinpath(JOURNAL).read_text("utf-8"))
    return document["katas"][f"folder:{NAME}"]["recall"]


def test_the_file_is_small(folder: Path) -> None:
    save(folder, '"x" * 100_000', WRONG, WRONG)
    for _ in range(2):
        at_terminal(folder)
    assert os.path.getsize(folder / JOURNAL) < 10_000
