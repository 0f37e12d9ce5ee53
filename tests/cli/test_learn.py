"""`grade hint`, `grade reset`, `grade solution` and the progress in `grade list`: what helps a learner along."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.learner.journal import NAME as JOURNAL
from tests.small_kata import NAME, NO_ITEMS, SOLUTION, STUB, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

HINTS = """
    [is_json]
    hints = ["Who tells what a body is?", "Say so in a header field.", "text/html?"]
"""


@pytest.fixture
def workspace(tmp_path: Path, grade: Grade) -> Path:
    """A learner's folder for the small kata, which lies elsewhere."""
    make_kata(tmp_path)
    write(tmp_path / "katas" / NAME / "spec" / "hints.toml", HINTS)
    assert grade("init", "mine", "77", cwd=tmp_path).code == 0
    return tmp_path / "mine"


def app_of(workspace: Path) -> Path:
    return workspace / NAME / "app.py"


def entry(workspace: Path) -> dict[str, object]:
    document = json.loads(workspace.joinpath(JOURNAL).read_text("utf-8"))
    found = document["katas"][f"folder:{NAME}"]
    assert isinstance(found, dict)
    return found


# -- progress ---------------------------------------------------------------------------------------------------------


def test_the_list_shows_how_far_the_learner_is(workspace: Path, grade: Grade) -> None:
    assert "best" not in grade("list", cwd=workspace).out
    grade("77", cwd=workspace)
    write(app_of(workspace), SOLUTION)
    grade("77", cwd=workspace)
    for folder in (workspace, workspace / NAME):
        rows = grade("list", cwd=folder).out.splitlines()
        row = next(index for index, row in enumerate(rows) if row.startswith("kata-77"))
        assert rows[row].split() == ["kata-77", "Small", "echo", "3", "3", "done", "just", "now"]
        assert "1 of 1 kata done." in rows
        assert rows[row + 1].split() == ["batch", "2", "attempts"]
        assert next(row for row in rows if row.startswith("kata-1 ")).split()[-2:] == ["-", "-"]


@pytest.mark.parametrize("options", [["--only", "is_json"], ["--stop-early"], ["--app", f"{NAME}/app.py"]])
def test_only_whole_grades_of_ones_own_app_count(options: list[str], workspace: Path, grade: Grade) -> None:
    assert grade("77", *options, cwd=workspace).code == 1
    assert not workspace.joinpath(JOURNAL).exists()


def test_a_record_that_cannot_be_read_is_put_aside_and_said_once(workspace: Path, grade: Grade) -> None:
    workspace.joinpath(JOURNAL).write_text("{", "utf-8")
    first, second = (grade("77", cwd=workspace) for _ in range(2))
    assert (first.code, second.code) == (1, 1)
    assert first.err == f"{JOURNAL} could not be read; it is kept as {JOURNAL}.damaged.\n"
    assert second.err == ""
    assert entry(workspace)["attempts"] == 2


def test_a_workspace_that_cannot_be_written_is_graded_all_the_same(workspace: Path, grade: Grade) -> None:
    aside = workspace / f"{JOURNAL}.damaged"
    aside.mkdir()
    aside.joinpath("file").touch()  # so that nothing can take its name
    workspace.joinpath(JOURNAL).mkdir()
    done = grade("77", cwd=workspace)
    assert (done.code, done.err) == (1, "")


# -- hints ------------------------------------------------------------------------------------------------------------


def test_hints_come_one_after_the_other_and_are_remembered(workspace: Path, grade: Grade) -> None:
    report = grade("77", cwd=workspace).out
    assert "Who tells what a body is?" in report
    assert "Say so in a header field." not in report
    seen = [grade("hint", "77", cwd=workspace).out for _ in range(4)]
    assert [text.count(" of 3  ") for text in seen] == [1, 2, 3, 3]
    assert "the answer is JSON" in seen[0]
    assert "run this again: grade hint kata-77" in seen[0]
    assert "Say so in a header field." in seen[1]
    assert "This was the last hint" in seen[2]
    assert entry(workspace)["hints"] == {"is_json": 4}


def test_a_hint_is_about_the_first_check_that_fails(workspace: Path, grade: Grade) -> None:
    write(app_of(workspace), NO_ITEMS)
    grade("77", cwd=workspace)
    done = grade("hint", "77", cwd=workspace)
    assert "the answer is all that the upstream gives, in order" in " ".join(done.out.split())
    assert "This check has no hint" in done.out


def test_a_hint_is_about_what_the_app_raised_before_the_checks_own_hints(workspace: Path, grade: Grade) -> None:
    write(app_of(workspace), SOLUTION.replace("upstream(key)", "upstream(undefined)", 1))
    grade("77", cwd=workspace)
    words = " ".join(grade("hint", "77", cwd=workspace).out.split())
    assert "The app raised NameError: name 'undefined' is not defined in app.py:" in words
    assert "1 of 4 Python knows no such name at this place" in words


def test_a_hint_can_be_about_another_check(workspace: Path, grade: Grade) -> None:
    grade("77", cwd=workspace)
    done = grade("hint", "77", "--check", "is_json", cwd=workspace)
    assert done.code == 0
    assert "1 of 3  Who tells what a body is?" in done.out
    wrong = grade("hint", "77", "--check", "is_jsn", cwd=workspace)
    assert (wrong.code, wrong.out) == (2, "")
    assert "There is no check 'is_jsn'. Did you mean 'is_json'?" in wrong.err


def test_without_a_failure_there_is_nothing_to_hint_at(workspace: Path, grade: Grade) -> None:
    write(app_of(workspace), SOLUTION)
    grade("77", cwd=workspace)
    done = grade("hint", "77", cwd=workspace)
    assert (done.code, done.out) == (
        0,
        "No check of kata-77 failed when it was last graded. `grade next` shows what is next.\n",
    )


def test_an_app_that_did_not_start_is_to_be_mended_first(workspace: Path, grade: Grade) -> None:
    write(app_of(workspace), "app = (")
    grade("77", cwd=workspace)
    done = grade("hint", "77", cwd=workspace)
    assert (done.code, done.out) == (2, "")
    assert "did not start when it was last graded: app.py is not valid Python" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("command", ["hint", "solution"])
def test_what_needs_a_grade_asks_for_one(command: str, workspace: Path, grade: Grade) -> None:
    done = grade(command, "77", cwd=workspace)
    assert (done.code, done.out) == (2, "")
    assert "graded" in done.err
    assert done.err.count("\n") == 1


# -- reset ------------------------------------------------------------------------------------------------------------


def test_reset_puts_the_stub_back_and_keeps_every_edit(workspace: Path, grade: Grade) -> None:
    stub = app_of(workspace).read_bytes()
    for number, text in enumerate((SOLUTION, NO_ITEMS), 1):
        mine = write(app_of(workspace), text).read_bytes()
        done = grade("reset", "77", cwd=workspace)
        assert done.code == 0
        assert f"Your file is kept as app.mine-{number}.py, beside it." in done.out
        assert app_of(workspace).read_bytes() == stub
        assert (workspace / NAME / f"app.mine-{number}.py").read_bytes() == mine
    assert grade("reset", "77", cwd=workspace).out == f"{NAME}/app.py is the stub already.\n"
    assert len(list((workspace / NAME).glob("app*"))) == 3


def test_reset_brings_back_a_file_that_is_gone(workspace: Path, grade: Grade) -> None:
    stub = app_of(workspace).read_bytes()
    app_of(workspace).unlink()
    told = grade("77", cwd=workspace)
    assert (told.code, told.out) == (2, "")
    assert told.err == f"grade: {NAME} has no app.py any more: `grade reset kata-77` brings the stub back.\n"
    assert grade("reset", "77", cwd=workspace).out == f"{NAME}/app.py is the stub again.\n"
    assert app_of(workspace).read_bytes() == stub


def test_after_a_reset_there_is_no_last_grade_to_hint_at(workspace: Path, grade: Grade) -> None:
    write(app_of(workspace), SOLUTION)
    grade("77", cwd=workspace)
    grade("reset", "77", cwd=workspace)
    done = grade("hint", "77", cwd=workspace)
    assert (done.code, done.out) == (2, "")
    assert "has not been graded" in done.err
    assert grade("solution", "77", cwd=workspace).code == 0  # the best score stays


def test_the_stub_of_a_checkout_cannot_be_reset_to_itself(tmp_path: Path, grade: Grade) -> None:
    folder = make_kata(tmp_path)
    done = grade("reset", "77", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "git checkout" in done.err
    assert folder.joinpath("app.py").read_text("utf-8").strip() == write(tmp_path / "x.py", STUB).read_text().strip()


# -- the solution -----------------------------------------------------------------------------------------------------


def test_the_solution_is_shown_after_full_marks_with_the_difference(workspace: Path, grade: Grade) -> None:
    grade("77", cwd=workspace)
    early = grade("solution", "77", cwd=workspace)
    assert (early.code, early.out) == (2, "")
    assert "Your best is 0 of 3 points; the solution is shown after full marks." in early.err
    mine = (
        SOLUTION.replace("kind", "sort")
        .replace("key = parse", "name = parse")
        .replace("upstream(key)", "upstream(name)")
    )
    write(app_of(workspace), mine)
    assert grade("77", cwd=workspace).code == 0
    done = grade("solution", "77", cwd=workspace)
    assert (done.code, done.err) == (0, "")
    assert "before full marks" not in done.out
    assert "key = parse_qs" in done.out.partition("From your")[0]
    difference = done.out.partition("From your")[2].splitlines()
    assert [line[:1] for line in difference if "parse_qs(" in line] == ["-", "+"]


def test_a_solution_that_is_asked_for_early_says_so(workspace: Path, grade: Grade) -> None:
    done = grade("solution", "77", "--force", cwd=workspace)
    assert done.code == 0
    assert done.out.startswith("The solution, before full marks, as you asked:\n")


def test_a_solution_is_compared_with_no_huge_file(workspace: Path, grade: Grade) -> None:
    os.truncate(app_of(workspace), 3 << 30)
    done = grade("solution", "77", "--force", cwd=workspace)
    assert (done.code, done.err) == (0, "")
    assert "From your" not in done.out


def test_a_learners_escapes_do_not_reach_the_terminal_by_way_of_the_difference(workspace: Path, grade: Grade) -> None:
    write(app_of(workspace), "x = '\x1b[2J\u202e'")
    done = grade("solution", "77", "--force", cwd=workspace)
    assert "\\x1b[2J\\u202e" in done.out
    assert not set(done.out) & {"\x1b", "\u202e"}
