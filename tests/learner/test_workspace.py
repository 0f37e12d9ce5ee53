"""A learner's workspace: what a learner needs, never a specification, and nothing of theirs is overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.catalog.kata import read_kata
from grader.catalog.lookup import find
from grader.catalog.packs import bundled
from grader.catalog.setting import SETTING
from grader.errors import UsageError
from grader.learner.workspace import Made, find_app, init, reset
from tests.small_kata import NAME, README, make_kata, write

FIRST = bundled()[0]
OF_A_KATA = {"README.md", "app.py", "schemas/echo.json"}


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_workspace_holds_what_a_learner_needs_and_nothing_else(tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    write(folder / "notes.txt", "for instructors")
    write(folder / "schemas" / "__pycache__" / "x.pyc", "x")
    made = init(tmp_path / "a" / "workspace", [read_kata(folder)])
    assert files(tmp_path / "a" / "workspace" / NAME) == OF_A_KATA
    assert {path.name for path in made.written} == {"README.md", "app.py", "echo.json"}
    assert made.kept == ()


def test_what_the_stand_in_gives_goes_to_learners_too(tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    write(folder / "stand-in.txt", "12\n7")
    init(tmp_path / "workspace", [read_kata(folder)])
    assert files(tmp_path / "workspace" / NAME) == {*OF_A_KATA, "stand-in.txt"}


def test_no_workspace_gives_a_specification_or_a_solution_away(tmp_path: Path) -> None:
    init(tmp_path, bundled())
    secret = {path.name for kata in bundled() for path in kata.specification.iterdir()}
    secret |= {"kata.toml"}
    assert not {path.name for path in tmp_path.rglob("*")} & secret
    assert not [file for file in tmp_path.rglob("*.py") if "grader.spec" in file.read_text("utf-8")]
    for kata in bundled():
        assert (tmp_path / kata.name / "app.py").read_bytes() == kata.stub.read_bytes()
        assert find_app(find(kata.id, tmp_path), kata.id, tmp_path).parent == tmp_path / kata.name


def test_a_huge_file_is_kept_and_a_named_pipe_is_told_of(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    home = tmp_path / "workspace" / NAME
    init(home.parent, [kata])
    os.truncate(home / "app.py", 3 << 30)
    assert init(home.parent, [kata]) == Made(written=(), kept=(home / "app.py",))
    kept = reset(home / "app.py", kata)
    assert kept is not None
    assert kept.stat().st_size == 3 << 30
    (home / "app.py").unlink()
    os.mkfifo(home / "app.py")
    with pytest.raises(UsageError, match=r"app\.py cannot be written: not a file\.$"):
        init(home.parent, [kata])
    with pytest.raises(UsageError, match=r"app\.py cannot be reset: not a file\.$"):
        reset(home / "app.py", kata)


def test_edits_are_kept_and_told_of(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    workspace = tmp_path / "workspace"
    init(workspace, [kata])
    mine = write(workspace / NAME / "app.py", "app = 'mine'")
    assert init(workspace, [kata]) == Made(written=(), kept=(mine,))
    assert mine.read_text("utf-8") == "app = 'mine'"


def test_what_is_missing_is_added(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    workspace = tmp_path / "workspace"
    init(workspace, [kata])
    mine = write(workspace / NAME / "app.py", "app = 'mine'")
    readme = workspace / NAME / "README.md"
    readme.unlink()
    assert init(workspace, [kata]) == Made(written=(readme,), kept=(mine,))
    assert readme.read_text("utf-8").split() == README.split()


def test_a_stub_by_another_name_keeps_it(tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    write(folder / "kata.toml", 'title = "Small echo"\nconcepts = ["batch"]\nentry = "server.py"')
    folder.joinpath("app.py").rename(folder / "server.py")
    init(tmp_path / "workspace", [read_kata(folder)])
    assert files(tmp_path / "workspace" / NAME) == {"README.md", "server.py", "schemas/echo.json"}


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("{here}/a-file", "Not a directory"),
        ("{here}/a-file/below", "Not a directory"),
        ("{here}/" + "x" * 300, "File name too long"),
    ],
)
def test_a_folder_that_cannot_be_written_is_told_of(folder: str, why: str, tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    write(tmp_path / "a-file", "x")
    with pytest.raises(UsageError, match=rf"cannot be written: {why}\.$"):
        init(Path(folder.format(here=tmp_path)), [kata])


def test_a_folder_in_the_place_of_a_file_is_told_of(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    (tmp_path / "workspace" / NAME / "README.md").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"README\.md cannot be written: not a file\.$"):
        init(tmp_path / "workspace", [kata])


# -- the learner's module -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [".", "notes", f"{FIRST.name}", f"{FIRST.name}/schemas"])
def test_the_module_is_found_from_anywhere_in_a_workspace(start: str, tmp_path: Path) -> None:
    app = write(tmp_path / FIRST.name / "app.py", "app = 1")
    tmp_path.joinpath(start).mkdir(exist_ok=True)
    assert find_app(FIRST, FIRST.id, tmp_path / start) == app


def test_the_folder_named_goes_before_the_folder_one_is_in(tmp_path: Path) -> None:
    write(tmp_path / FIRST.name / "app.py", "app = 1")
    other = write(tmp_path / "other" / FIRST.name / "app.py", "app = 1")
    assert find_app(FIRST, f"other/{FIRST.name}", tmp_path) == other


def test_where_no_module_is_one_learns_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Make a workspace with `grade init DIR`"):
        find_app(FIRST, FIRST.id, tmp_path)
    mine = make_kata(tmp_path)
    mine.joinpath("app.py").unlink()
    with pytest.raises(UsageError, match=r"has no app\.py; restore it"):
        find_app(read_kata(mine), ".", mine)


# -- katas of other folders ---------------------------------------------------------------------------------------


def test_a_workspace_elsewhere_names_the_folder_of_its_katas(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path / "a course"))
    workspace = tmp_path / "workspace"
    made = init(workspace, [kata, FIRST])
    assert made.written[-1] == workspace / SETTING
    assert find("kata-77", workspace) == kata
    assert init(workspace, [kata, FIRST]) == Made(written=(), kept=())


def test_a_workspace_below_its_katas_needs_no_setting(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    init(tmp_path / "workspace", [kata, FIRST])
    assert not (tmp_path / "workspace" / SETTING).exists()
    assert find("kata-77", tmp_path / "workspace") == kata


def test_two_katas_of_one_name_need_two_workspaces(tmp_path: Path) -> None:
    one, two = read_kata(make_kata(tmp_path / "one")), read_kata(make_kata(tmp_path / "two"))
    with pytest.raises(UsageError, match=f"There are two katas {NAME}, of .* and .*: put them into two workspaces"):
        init(tmp_path / "workspace", [one, two])
    assert not (tmp_path / "workspace").exists()
