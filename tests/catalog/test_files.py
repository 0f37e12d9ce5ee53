"""The digest stands for exactly the specification, and anybody can compute it."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.files import digest_of, read_bytes, read_text
from grader.catalog.kata import read_kata
from grader.errors import BadKata
from tests.conftest import ROOT
from tests.small_kata import MANIFEST, NAME, SPECIFICATION, make_kata, write


def digest_by_hand(folder: Path) -> str:
    """As the authors' guide says it."""
    guide = (ROOT / "docs" / "authoring.md").read_text("utf-8")
    (command,) = re.findall(r"^```sh\n(.*)\n```$", guide, re.MULTILINE)
    return subprocess.check_output(["sh", "-c", command], cwd=folder, text=True).split()[0]


def test_the_digest_is_that_of_sha256sum(tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    write(folder / "spec" / "parts" / "more.py", "x = 1")
    write(folder / "spec" / "__pycache__" / "test_echo.pyc", "x")
    write(folder / "spec" / "parts-2.py", "x = 2")
    assert digest_of(folder) == digest_by_hand(folder)


CHANGES: dict[str, Callable[[Path], object]] = {
    "kata.toml": lambda folder: write(folder / "kata.toml", MANIFEST + "# more"),
    "a check": lambda folder: write(folder / "spec/test_echo.py", SPECIFICATION + "# more"),
    "a name": lambda folder: (folder / "spec/test_echo.py").rename(folder / "spec/test_other.py"),
    "a schema": lambda folder: write(folder / "schemas/echo.json", "{}"),
    "a schema less": lambda folder: (folder / "schemas/echo.json").unlink(),
    "a module more": lambda folder: write(folder / "spec/helper.py", ""),
    "a folder behind a link": lambda folder: (folder / "spec/more").symlink_to("../schemas"),
}
NO_CHANGES: dict[str, Callable[[Path], object]] = {
    "the README": lambda folder: write(folder / "README.md", "# Other"),
    "the stub": lambda folder: write(folder / "app.py", "app = 1"),
    "bytecode": lambda folder: write(folder / "spec/__pycache__/x.pyc", "x"),
    "a loop of links": lambda folder: (folder / "spec/more").symlink_to("."),
    "a named pipe": lambda folder: os.mkfifo(folder / "spec/pipe"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_digest_changes_with_the_specification(change: str, tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    before = kata.origin.digest
    CHANGES[change](kata.folder)
    assert kata.origin.digest != before


@pytest.mark.parametrize("change", NO_CHANGES)
def test_the_digest_does_not_change_with_anything_else(change: str, tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    before = kata.origin.digest
    NO_CHANGES[change](kata.folder)
    assert kata.origin.digest == before


def test_one_file_cannot_pass_for_two(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    one, two = kata.specification / "a.py", kata.specification / "b.py"
    one.write_text("a", "utf-8")
    two.write_text("b", "utf-8")
    honest, line = kata.origin.digest, f"{hashlib.sha256(b'b').hexdigest()}  spec"
    two.unlink()
    one.unlink()
    forged = kata.specification / f"a.py\n{line}"
    forged.mkdir(parents=True)
    forged.joinpath("b.py").write_text("a", "utf-8")
    assert kata.origin.digest != honest


def test_a_specification_that_cannot_be_read_is_an_error_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kata = read_kata(make_kata(tmp_path))

    def denied(file: object, *_: object) -> object:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(hashlib, "file_digest", denied)
    with pytest.raises(BadKata, match=rf"^{NAME}: .* cannot be read: Permission denied\.$"):
        kata.origin  # noqa: B018


def make_huge(file: Path) -> None:
    file.touch()
    os.truncate(file, 3 << 30)


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a named pipe": (os.mkfifo, "not a file"),
    "a device without end": (lambda path: path.symlink_to("/dev/zero"), "not a file"),
    "a folder": (Path.mkdir, "not a file"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
    "a huge file": (make_huge, "longer than 1 MiB"),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_short_file_is_not_read(kind: str, tmp_path: Path) -> None:
    make, words = ODD[kind]
    make(tmp_path / "odd")
    for read in (read_bytes, read_text):
        with pytest.raises(OSError, match=words) as refused:
            read(tmp_path / "odd")
        assert refused.value.filename == str(tmp_path / "odd")


def test_a_file_is_read_up_to_its_limit_and_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 10)
    (tmp_path / "link").symlink_to("file")
    assert read_bytes(tmp_path / "link", 10) == b"x" * 10
    with pytest.raises(OSError, match="longer than 9 bytes"):
        read_bytes(tmp_path / "file", 9)


def test_a_byte_order_mark_is_not_part_of_a_text(tmp_path: Path) -> None:
    (tmp_path / "kata.toml").write_text('title = "x"', "utf-8-sig")
    assert read_text(tmp_path / "kata.toml") == 'title = "x"'
