"""A report goes where the command line says, whole, and nothing that an app does in between changes that."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
from pathlib import Path

import pytest

from grader.errors import Inconclusive, UsageError
from grader.report import destination
from grader.report.destination import find


def test_a_file_is_there_whole_and_alone(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text("an old report")
    destination = find(str(file), option="--json")
    assert file.read_text() == "an old report"  # until it is certain that there will be a grade
    destination.clear()
    assert not file.exists()
    destination.write(b"new")
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]
    assert stat.S_IMODE(file.stat().st_mode) & 0o600 == 0o600


@pytest.mark.parametrize("made", ["before", "meanwhile"])
def test_a_link_is_not_followed(made: str, tmp_path: Path) -> None:
    precious, file = tmp_path / "precious", tmp_path / "report.json"
    precious.write_text("precious")
    if made == "before":
        file.symlink_to(precious)
    destination = find(str(file), option="--json")
    destination.clear()
    if made == "meanwhile":
        file.symlink_to(precious)
    destination.write(b"report")
    assert precious.read_text() == "precious"
    assert not file.is_symlink()
    assert file.read_bytes() == b"report"


def test_a_link_that_leads_nowhere_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.symlink_to(tmp_path / "gone")
    find(str(file), option="--json").write(b"report")
    assert file.read_bytes() == b"report"
    assert not (tmp_path / "gone").exists()


def test_nobody_knows_under_which_name_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    opens = os.open

    def note(path: Path, flags: int, mode: int) -> int:
        names.append(path.name)
        return opens(path, flags, mode)

    monkeypatch.setattr(os, "open", note)
    for _ in range(2):
        find(str(tmp_path / "report.json"), option="--json").write(b"report")
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"\.report\.json\.[0-9a-f]{16}", name) for name in names)


@pytest.mark.parametrize("is_link", [False, True], ids=["file", "link"])
def test_whatever_has_that_name_is_left_alone(is_link: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that guesses it keeps the report from being written, and gets nothing written elsewhere."""
    monkeypatch.setattr(os, "urandom", bytes)
    precious, taken = tmp_path / "precious", tmp_path / ".report.json.0000000000000000"
    precious.write_text("precious")
    taken.symlink_to(precious) if is_link else taken.write_text("precious")
    with pytest.raises(Inconclusive, match=r"could not be written to .*report\.json: "):
        find(str(tmp_path / "report.json"), option="--json").write(b"report")
    assert precious.read_text() == taken.read_text() == "precious"
    assert not (tmp_path / "report.json").exists()


def test_a_report_that_is_cut_off_has_never_been_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(destination, "write_all", fill)
    with pytest.raises(Inconclusive, match="No space left"):
        find(str(tmp_path / "report.json"), option="--json").write(b"report")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_the_name_meanwhile_is_told_of(tmp_path: Path) -> None:
    destination = find(str(tmp_path / "report.json"), option="--json")
    (tmp_path / "report.json" / "full").mkdir(parents=True)
    with pytest.raises(Inconclusive, match="could not be written"):
        destination.write(b"report")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    destination = find(str(pipe), option="--json")
    destination.clear()
    destination.write(b"report" * 100_000)
    assert destination.descriptor is not None
    os.close(destination.descriptor)
    reader.join()
    assert got == [b"report" * 100_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "it has no name"),
        ("folder", "Is a directory"),
        ("no/such/report", "there is no folder 'no/such'"),
        ("file/report", "Not a directory"),
        ("nul\0", "embedded null byte"),
        ("x" * 300 + "/y", "File name too long"),
        ("loop", "Too many levels of symbolic links"),
    ],
)
def test_what_cannot_be_written_is_refused_at_once(
    name: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match=rf"--html: .* cannot be written: {why}\."):
        find(name, option="--html")
