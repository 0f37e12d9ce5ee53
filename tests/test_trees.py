"""What a submission made can be removed: however deep it is, and whoever may list it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.trees import remove


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file beside it, which has to stay."""
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "kept").write_text("kept")
    (tmp_path / "folder").mkdir()
    yield tmp_path / "folder"
    assert (beside / "kept").read_text() == "kept"


def nest(folder: Path, depth: int, name: str = "d") -> None:
    """Folders within folders, with a file in each: too deep for a path."""
    at = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=at)
        inner = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=inner))
        os.close(at)
        at = inner
    os.close(at)


def test_a_folder_with_files_goes(folder: Path) -> None:
    for name in ("a/b/c", "a/d", "e"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text("text")
    remove(folder)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["d", "n" * 250])
def test_it_goes_however_deep_it_is(folder: Path, name: str) -> None:
    nest(folder, 5000, name)
    remove(folder)
    assert not folder.exists()


@pytest.mark.parametrize("mode", [0o300, 0o500, 0o000])
def test_it_goes_whatever_its_folders_allow(folder: Path, mode: int) -> None:
    (folder / "a" / "b" / "c").mkdir(parents=True)
    (folder / "a" / "b" / "c" / "file").write_text("text")
    for inner in (folder / "a" / "b" / "c", folder / "a" / "b", folder / "a", folder):
        inner.chmod(mode)
    remove(str(folder))
    assert not folder.exists()


def test_no_link_in_it_is_followed(folder: Path) -> None:
    (folder / "link").symlink_to("../beside")
    (folder / "a").mkdir()
    (folder / "a" / "link").symlink_to("../../beside")
    (folder / "a" / "nothing").symlink_to("nowhere")
    remove(folder)
    assert not folder.exists()


def test_a_link_goes_alone(folder: Path) -> None:
    link = folder / "link"
    link.symlink_to("../beside")
    remove(link)
    assert not link.is_symlink()


def test_what_is_not_there_is_no_error(folder: Path) -> None:
    remove(folder / "nothing")
    remove(folder / "nothing" / "in" / "it")


def test_what_vanishes_meanwhile_is_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nest(folder, 3)
    unlink = os.unlink

    def twice(name: str, *, dir_fd: int | None = None) -> None:
        unlink(name, dir_fd=dir_fd)
        unlink(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", twice)
    remove(folder)
    assert not folder.exists()


def test_names_that_are_no_text_go(folder: Path) -> None:
    os.makedirs(os.fsencode(folder) + b"/\xff/\xfe")
    remove(folder)
    assert not folder.exists()
