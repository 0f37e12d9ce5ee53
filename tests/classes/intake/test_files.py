"""What a student handed in is copied: plain files, within bounds; links lead to files of the same submission only."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from grader.classes.intake.files import copy_folder
from grader.classes.intake.rejection import Rejected
from grader.classes.model import Bounds
from tests.serving.jail.test_links import LINKS
from tests.small_kata import write

BOUNDS = Bounds(size=1000, files=5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "ada/app.py", "app = 1\n")
    return tmp_path / "ada"


def copied(folder: Path, bounds: Bounds = BOUNDS) -> list[str]:
    target = folder.parent / "copy"
    copy_folder(folder, target, bounds)
    assert not any(path.is_symlink() for path in target.rglob("*"))
    return sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())


def test_code_is_copied_and_what_lies_beside_it_is_not(folder: Path) -> None:
    for name in (
        ".git/config",
        ".venv/bin/python",
        "__pycache__/app.pyc",
        "a/b/c.py",
        ".DS_Store",
        "._app.py",
        "desktop.ini",
    ):
        write(folder / name, "x")
    assert copied(folder) == ["a/b/c.py", "app.py"]


def test_a_link_within_the_submission_is_copied_as_the_file(folder: Path) -> None:
    (folder / "again.py").symlink_to("app.py")
    assert copied(folder) == ["again.py", "app.py"]


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside.py", "../nowhere", "/nowhere/x.py"])
def test_a_link_that_leaves_it_is_refused(target: str, folder: Path) -> None:
    write(folder.parent / "outside.py", "secret")
    (folder / "loop").symlink_to(target)
    with pytest.raises(Rejected, match="loop is a link that leads out of the submission's folder"):
        copied(folder)


@pytest.mark.parametrize("name", LINKS)
def test_what_leads_out_is_the_same_as_where_one_app_is_graded(name: str, tmp_path: Path) -> None:
    place, target, leads_out = LINKS[name]
    for file in ("ada/parts/store.py", "ada/.venv/file", "ada-too/app.py", "bea/app.py"):
        write(tmp_path / file, "")
    (tmp_path / "ada" / place).symlink_to(target)
    said = ""
    try:
        copied(tmp_path / "ada")
    except Rejected as rejected:
        said = rejected.reason.sentence
    assert said.endswith("that leads out of the submission's folder") == leads_out


@pytest.mark.parametrize("target", ["nowhere", "loop"])
def test_a_link_to_nothing_is_said_to_be_one(target: str, folder: Path) -> None:
    (folder / "loop").symlink_to(target)
    with pytest.raises(Rejected, match="loop is a link to nothing"):
        copied(folder)


def test_a_link_to_a_folder_is_refused(folder: Path) -> None:
    (folder / "round").symlink_to(".")
    with pytest.raises(Rejected, match="round is a link to a folder"):
        copied(folder)


def test_a_pipe_is_refused_and_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(Rejected, match="pipe is not a plain file"):
        copied(folder)


def test_a_socket_is_refused(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "s"))
        with pytest.raises(Rejected, match="s is not a plain file"):
            copied(folder)


def test_bounds(folder: Path) -> None:
    write(folder / "large.py", "x" * 1000)
    with pytest.raises(Rejected, match="it is larger than 0"):
        copied(folder)


def test_a_number_of_files(folder: Path) -> None:
    for number in range(5):
        write(folder / f"{number}.py", "x")
    with pytest.raises(Rejected, match="it has more than 5 files"):
        copied(folder)


def test_folders_that_lie_deep(folder: Path) -> None:
    write(folder / "/".join("d" * 50) / "x.py", "x")
    with pytest.raises(Rejected, match="folders within folders"):
        copied(folder, Bounds())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_said(folder: Path) -> None:
    (folder / "app.py").chmod(0)
    with pytest.raises(Rejected, match=r"app\.py cannot be read: Permission denied"):
        copied(folder)
