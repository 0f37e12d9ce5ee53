"""A save is noticed from the first moment on, however an editor writes it; what was noticed once is over."""

from __future__ import annotations

import select
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.learner.watch.saves import Saves
from tests.conftest import DEADLINE


def wait_for(saves: Saves) -> None:
    assert select.select([saves], [], [], DEADLINE)[0], "nobody has noticed the save"


def is_noticed(saves: Saves) -> bool:
    return bool(select.select([saves], [], [], 0)[0])


def in_place(folder: Path) -> None:
    folder.joinpath("app.py").write_text("app = 2\n", "utf-8")


def by_renaming(folder: Path) -> None:
    part = folder / ".app.py.part"
    part.write_text("app = 2\n", "utf-8")
    part.replace(folder / "app.py")


def by_setting_aside(folder: Path) -> None:
    folder.joinpath("app.py").rename(folder / "app.py~")
    in_place(folder)


def a_new_module(folder: Path) -> None:
    folder.joinpath("helper.py").write_text("", "utf-8")


def a_module_below(folder: Path) -> None:
    folder.joinpath("parts", "one.py").write_text("one = 2\n", "utf-8")


def by_deleting(folder: Path) -> None:
    folder.joinpath("app.py").unlink()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.joinpath("app.py").write_text("app = 1\n", "utf-8")
    tmp_path.joinpath("parts").mkdir()
    tmp_path.joinpath("parts", "one.py").write_text("one = 1\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize("polling", [False, True], ids=["told", "polling"])
@pytest.mark.parametrize("save", [in_place, by_renaming, by_setting_aside, a_new_module, a_module_below, by_deleting])
def test_a_save_is_noticed_from_the_first_moment_on(save: Callable[[Path], None], polling: bool, folder: Path) -> None:
    with Saves(folder, polling=polling) as saves:
        save(folder)
        wait_for(saves)


def test_a_save_that_was_taken_notice_of_is_over_and_the_next_one_is_another(folder: Path) -> None:
    with Saves(folder) as saves:
        for _ in range(3):
            by_renaming(folder)
            wait_for(saves)
            saves.take()
            assert not is_noticed(saves)


def test_a_file_that_comes_back_is_noticed_like_any_other(folder: Path) -> None:
    with Saves(folder) as saves:
        for save in (by_deleting, in_place):
            save(folder)
            wait_for(saves)
            saves.take()


def test_nothing_goes_on_afterwards(folder: Path) -> None:
    before = set(threading.enumerate())
    with Saves(folder):
        assert set(threading.enumerate()) - before
    assert not set(threading.enumerate()) - before


def test_a_folder_that_goes_and_comes_back_is_watched_as_before(folder: Path) -> None:
    watched = folder / "parts"
    with Saves(watched) as saves:
        shutil.rmtree(watched)
        wait_for(saves)
        saves.take()
        watched.mkdir()
        a_module_below(folder)
        wait_for(saves)


def test_where_nobody_tells_about_saves_they_are_looked_for(folder: Path) -> None:
    """A folder that is not there yet cannot be watched, as one for which the system has no watch to give."""
    with Saves(folder / "later") as saves:
        folder.joinpath("later").mkdir()
        in_place(folder / "later")
        wait_for(saves)
