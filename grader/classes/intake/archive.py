"""Unpacks archives that nobody has read: plain files only, below one folder, and not more than their bounds.

Names that lead out of the folder, links and devices are refused. No archive says how large it becomes: what comes out
is counted while it is written. The tables of an archive are bounded before they are read into memory.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final

from grader.classes.intake.files import DEEPEST, is_left_out, write_new
from grader.classes.intake.rejection import Budget, megabytes, refused, unreadable
from grader.classes.model import Bounds
from grader.text import visible

_TARS: Final = (".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
#: What is sometimes handed in, and is not read.
_OTHERS: Final = (".rar", ".7z", ".gz", ".bz2", ".xz", ".zst")
#: In a zip; zipfile unpacks all others whole, before it gives a part of it.
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
#: Bytes of one entry in a table; a long path has fewer.
_ENTRY: Final = 1024
#: Bytes of a member's name, and of what may stand before a member of a tar to say its name, its owner and the like.
_LONGEST_NAME, _LONGEST_HEAD = 4096, 4096
#: Members of a tar for each file that is allowed, with folders and what is left out.
_MEMBERS: Final = 10
_HEADS: Final = {
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
}
#: Bytes that an xz file may ask for, to be unpacked.
_XZ_MEMORY: Final = 80 << 20
_BROKEN: Final = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, NotImplementedError)


def is_archive(name: str) -> bool:
    """Whether a file of this name is read as an archive, or refused as one of a kind that is not read."""
    return name.lower().endswith((".zip", *_TARS, *_OTHERS))


def stem(name: str) -> str:
    """The name without the ending that says what archive it is."""
    ending = next((one for one in (*_TARS, ".zip", *_OTHERS) if name.lower().endswith(one)), "")
    return name[: len(name) - len(ending)] if ending else name


def unpack(archive: Path, folder: Path, bounds: Bounds) -> None:
    """Write what is in ``archive`` below ``folder``. Raises Rejected, and OSError where this machine cannot."""
    name = archive.name.lower()
    try:
        with archive.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
    except OSError as error:
        raise unreadable(f"{archive.name} cannot be read: {error.strerror}") from None
    if size > bounds.size:
        raise refused(f"{archive.name} is larger than {megabytes(bounds.size)}")
    budget = Budget(bounds)
    with _faults(archive.name):
        if name.endswith(".zip"):
            _unzip(archive, folder, budget, bounds)
        elif name.endswith(_TARS):
            _untar(archive, folder, budget, bounds)
        else:
            raise unreadable(f"{archive.name} is an archive of a kind that is not read: hand in a .zip or a .tar.gz")


@contextmanager
def _faults(name: str) -> Iterator[None]:
    try:
        yield
    except (*_BROKEN, ValueError, struct.error, UnicodeError) as error:
        raise unreadable(f"{name} is not a whole archive: {error}") from None
    except RecursionError:  # tarfile goes deeper for each head that no member follows
        raise unreadable(f"{name} is not a whole archive: its heads have no members") from None
    except RuntimeError:  # what zipfile raises for a password
        raise unreadable(f"{name} is encrypted") from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise unreadable(f"{name} has a file and a folder of the same name") from None
    except OSError as error:
        if error.errno is None:  # of gzip and bz2: what they read is not what they write
            raise unreadable(f"{name} is not a whole archive: {error}") from None
        raise


def _unzip(archive: Path, folder: Path, budget: Budget, bounds: Bounds) -> None:
    with _opened_zip(archive, bounds) as opened:
        if sum(member.compress_size for member in opened.infolist()) > archive.stat().st_size:
            raise refused(f"{archive.name} has files that share their content")
        for member in opened.infolist():
            mode = member.external_attr >> 16
            path = _inside(member.filename)
            if member.is_dir() or path is None:
                continue
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise refused(f"{_shown(member.filename)} in it is a link or a device")
            if member.compress_type not in _METHODS:
                raise unreadable(f"{_shown(member.filename)} in it is packed by a method that is not read")
            with opened.open(member) as content:
                _extract(content, folder / path, budget)


def names_in(archive: Path, bounds: Bounds) -> list[str]:
    """The names in a zip, of which nothing is unpacked. Raises Rejected, and OSError where this machine cannot."""
    with _faults(archive.name), _opened_zip(archive, bounds) as opened:
        return opened.namelist()


@contextmanager
def _opened_zip(archive: Path, bounds: Bounds) -> Iterator[zipfile.ZipFile]:
    """Raises Rejected where the list of files is longer than any that is allowed."""
    with _ZipFile(io.FileIO(archive)) as file:
        file.bounds = bounds
        with zipfile.ZipFile(file) as opened:
            file.bounds = None
            yield opened


class _ZipFile(io.BufferedReader):
    """The file of a zip. zipfile reads the list of files at once, as long as one of several places says that it is."""

    bounds: Bounds | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        if self.bounds and size and size > self.bounds.files * _ENTRY:
            raise refused(f"it has more than {self.bounds.files} files")
        return super().read(size)


def _untar(archive: Path, folder: Path, budget: Budget, bounds: Bounds) -> None:
    most = bounds.size + bounds.files * 2 * _ENTRY  # with the heads of the files
    kind = _with_bounded_heads(bounds.files * _ENTRY)
    with (
        _decompressed(archive) as content,
        tarfile.open(fileobj=_Bounded(content, most), mode="r|", tarinfo=kind) as opened,
    ):
        for number, member in enumerate(opened):
            if number >= bounds.files * _MEMBERS:
                raise refused(f"it has more than {bounds.files} files")
            path = _inside(member.name)
            if member.isdir() or path is None:
                continue
            if not member.isreg():
                raise refused(f"{_shown(member.name)} in it is a link or a device")
            _filtered(member, folder)
            found = opened.extractfile(member)
            assert found is not None, "it is a plain file"
            with found:
                _extract(found, folder / path, budget)


def _with_bounded_heads(most: int) -> type[tarfile.TarInfo]:
    """Members of one tar, with heads of at most so many bytes: tarfile reads each whole, some in quadratic time.

    What a head says of all members after it counts for the next one alone: tarfile keeps a copy for each of them.
    """
    left = most

    class Member(tarfile.TarInfo):
        def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
            nonlocal left
            if self.type in _HEADS:
                left -= self.size
                if not 0 <= self.size <= _LONGEST_HEAD or left < 0:
                    raise refused("what it says of its files, before them, is too long")
            if self.type == tarfile.XGLTYPE:
                self.type = tarfile.XHDTYPE
            found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
            return found

        def _refuse_sparse(self, *_: object) -> None:
            raise refused("it has a sparse file: pack it again without `--sparse`")

        _proc_sparse = _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _refuse_sparse

    return Member


def _filtered(member: tarfile.TarInfo, folder: Path) -> None:
    """Python's own rules for data in archives, where this Python has them (3.11.4)."""
    if not hasattr(tarfile, "data_filter"):
        return
    try:
        tarfile.data_filter(member, str(folder))
    except tarfile.FilterError as error:
        raise refused(str(error)) from None


@contextmanager
def _decompressed(archive: Path) -> Iterator[IO[bytes]]:
    name = archive.name.lower()
    with archive.open("rb") as packed:
        if name.endswith("gz"):
            yield io.BufferedReader(gzip.GzipFile(fileobj=packed))
        elif name.endswith("bz2"):
            yield bz2.BZ2File(packed)
        elif name.endswith("xz"):
            yield io.BufferedReader(_Xz(packed))
        else:
            yield packed


class _Xz(io.RawIOBase):
    """An xz file, unpacked within a bounded memory: Python's own reader gives it as much as it asks for."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        found = b""
        while not found and not self._decompressor.eof:
            more = self._packed.read(1 << 16) if self._decompressor.needs_input else b""
            if self._decompressor.needs_input and not more:
                raise EOFError("its end is missing")
            found = self._decompressor.decompress(more, len(buffer))
        buffer[: len(found)] = found
        return len(found)


class _Bounded(io.RawIOBase):
    """Reads at most so many bytes: tarfile reads a head as long as the head says."""

    def __init__(self, content: IO[bytes], most: int) -> None:
        self._content = content
        self._left = most
        self._most = most

    def read(self, size: int = -1) -> bytes:
        found = self._content.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(found)
        if self._left < 0:
            raise refused(f"it is larger than {megabytes(self._most)} once it is unpacked")
        return found


def _inside(name: str) -> Path | None:
    """Where a member goes, below the folder; None for what nobody needs. Raises Rejected where that is elsewhere."""
    if len(name) > _LONGEST_NAME:
        raise refused(f"{_shown(name)} in it is a name that is too long")
    pure = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in pure.parts if part != "."]
    if pure.is_absolute() or ".." in parts or "\0" in name or (parts and parts[0].endswith(":")):
        raise refused(f"{_shown(name)} in it would lie outside of its folder")
    if not parts or any(map(is_left_out, parts)):
        return None
    if len(parts) > DEEPEST + 1:  # with the file itself
        raise refused(f"it has folders within folders, more than {DEEPEST} of them")
    return Path(*parts)


def _shown(name: str) -> str:
    return visible(name, 100)


def _extract(content: IO[bytes], target: Path, budget: Budget) -> None:
    budget.add_file()
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_file():  # twice in the archive: the last one counts, as for unzip
        os.unlink(target)
    write_new(content, target, budget)
