"""Unpacks archives that nobody has read: plain files only, below one folder, and not more than their bounds.

Names that lead out of the folder, links and devices are refused. No archive says how large it becomes: what comes out
is counted while it is written. The tables of an archive are bounded before they are read into memory.
"""

from __future__ import annotations

import errno
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final

from grader.classes.intake import times
from grader.classes.intake.decompression import decompressed
from grader.classes.intake.files import write_new
from grader.classes.intake.places import must_fit, place_of, shown
from grader.classes.intake.rejection import Budget, Rejected, megabytes, refused, unreadable
from grader.classes.intake.zips import ENTRY, opened_zip
from grader.classes.model import Bounds

_TARS: Final = (".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
#: What is sometimes handed in, and is not read.
_OTHERS: Final = (".rar", ".7z", ".gz", ".bz2", ".xz", ".zst")
#: In a zip; zipfile unpacks all others whole, before it gives a part of it.
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
#: Bytes of what may stand before a member of a tar to say its name, its owner and the like.
_LONGEST_HEAD: Final = 4096
#: Members of a tar for each file that is allowed, with folders and what is left out.
_MEMBERS: Final = 10
_HEADS: Final = {
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
}
_BROKEN: Final = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, NotImplementedError)
#: What this machine says of a name that a file cannot have: beside others, or at all.
_SAME_NAME: Final = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR)
_NOT_A_NAME: Final = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)


def is_archive(name: str) -> bool:
    """Whether a file of this name is read as an archive, or refused as one of a kind that is not read."""
    return name.lower().endswith((".zip", *_TARS, *_OTHERS))


def stem(name: str) -> str:
    """The name without the ending that says what archive it is."""
    ending = next((one for one in (*_TARS, ".zip", *_OTHERS) if name.lower().endswith(one)), "")
    return name[: len(name) - len(ending)] if ending else name


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of an archive: where it goes in a folder, when it was changed, and how it is opened to go there.

    ``open`` raises Rejected for what is not a plain file below the folder. ``faults`` are those of its content that
    say nothing of other files.
    """

    path: Path
    when: float | None
    open: Callable[[Path], IO[bytes]]
    faults: tuple[type[Exception], ...] = ()


def unpack(archive: Path, folder: Path, bounds: Bounds, *, with_times: bool = False) -> None:
    """Write what is in ``archive`` below ``folder``. Raises Rejected, and OSError where this machine cannot.

    ``with_times``: each file has the time that the archive says, or where it says none, one that is of no use.
    """
    for _, rejected in unpack_all(archive, folder, bounds, with_times=with_times):
        raise rejected


def unpack_all(
    archive: Path, folder: Path, bounds: Bounds, *, with_times: bool = False
) -> Iterator[tuple[Path, Rejected]]:
    """As :func:`unpack`, but what is wrong with one file is yielded, with a path below ``folder``, and the rest comes.

    The path says whose the file is, and there is a file, or a folder around it, when the next one comes.
    """
    budget = Budget(bounds)
    with _faults(archive.name):
        for member in _members(archive, bounds):
            target = folder / member.path
            if rejected := _put(member, folder, budget, name=archive.name):
                yield target, rejected
                _leave_trace(target)
            if with_times and target.is_file():
                times.put(target, member.when)


def undated_in(archive: Path, bounds: Bounds) -> list[str]:
    """The files in it of which it does not say when they were changed. Raises like :func:`unpack`."""
    with _faults(archive.name):
        return [member.path.as_posix() for member in _members(archive, bounds) if member.when is None]


def _members(archive: Path, bounds: Bounds) -> Iterator[_Member]:
    name = archive.name.lower()
    try:
        with archive.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
    except OSError as error:
        raise unreadable(f"{archive.name} cannot be read: {error.strerror}") from None
    if size > bounds.size:
        raise refused(f"{archive.name} is larger than {megabytes(bounds.size)}")
    if name.endswith(".zip"):
        yield from _in_zip(archive, bounds)
    elif name.endswith(_TARS):
        yield from _in_tar(archive, bounds)
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
    except OSError as error:
        if error.errno is None:  # of gzip and bz2: what they read is not what they write
            raise unreadable(f"{name} is not a whole archive: {error}") from None
        raise


def _in_zip(archive: Path, bounds: Bounds) -> Iterator[_Member]:
    with opened_zip(archive, bounds) as opened:
        if sum(member.compress_size for member in opened.infolist()) > archive.stat().st_size:
            raise refused(f"{archive.name} has files that share their content")
        for member in opened.infolist():
            path = place_of(member.filename)
            if path and not member.is_dir():
                yield _Member(path, times.of_zip(member), partial(_of_zip, opened, member), _BROKEN)


def _of_zip(opened: zipfile.ZipFile, member: zipfile.ZipInfo, _: Path) -> IO[bytes]:
    must_fit(member.filename)
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise refused(f"{shown(member.filename)} in it is a link or a device")
    if member.compress_type not in _METHODS:
        raise unreadable(f"{shown(member.filename)} in it is packed by a method that is not read")
    return opened.open(member)


def names_in(archive: Path, bounds: Bounds) -> list[str]:
    """The names in a zip, of which nothing is unpacked. Raises Rejected, and OSError where this machine cannot."""
    with _faults(archive.name), opened_zip(archive, bounds) as opened:
        return opened.namelist()


def _in_tar(archive: Path, bounds: Bounds) -> Iterator[_Member]:
    most = bounds.size + bounds.files * 2 * ENTRY  # with the heads of the files
    kind = _with_bounded_heads(bounds.files * ENTRY, largest=most)
    with (
        decompressed(archive) as content,
        tarfile.open(fileobj=_Bounded(content, most), mode="r|", tarinfo=kind) as opened,
    ):
        for number, member in enumerate(opened):
            if number >= bounds.files * _MEMBERS:
                raise refused(f"it has more than {bounds.files} files")
            path = place_of(member.name)
            if path and not member.isdir():
                yield _Member(path, times.usable(member.mtime), partial(_of_tar, opened, member))


def _of_tar(opened: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> IO[bytes]:
    must_fit(member.name)
    if not member.isreg():
        raise refused(f"{shown(member.name)} in it is a link or a device")
    _filtered(member, folder)
    found = opened.extractfile(member)
    assert found is not None, "it is a plain file"
    return found


def _with_bounded_heads(most: int, *, largest: int) -> type[tarfile.TarInfo]:
    """Members of one tar, with heads of at most so many bytes: tarfile reads each whole, some in quadratic time.

    What a head says of all members after it counts for the next one alone: tarfile keeps a copy for each of them.
    No member states a size that is more than ``largest``: tarfile reads to its end, also where nothing is taken of it.
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
            _must_be_possible(self.size, largest)
            found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
            _must_be_possible(found.size, largest)  # as a head says it
            return found

        def _refuse_sparse(self, *_: object) -> None:
            raise refused("it has a sparse file: pack it again without `--sparse`")

        _proc_sparse = _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _refuse_sparse

    return Member


def _must_be_possible(size: int, largest: int) -> None:
    if size < 0:
        raise unreadable("it is not a whole archive: it has a file whose size is below zero")
    if size > largest:
        raise _too_large(largest)


def _too_large(most: int) -> Rejected:
    return refused(f"it is larger than {megabytes(most)} once it is unpacked")


def _filtered(member: tarfile.TarInfo, folder: Path) -> None:
    """Python's own rules for data in archives, where this Python has them (3.11.4)."""
    if not hasattr(tarfile, "data_filter"):
        return
    try:
        tarfile.data_filter(member, str(folder))
    except tarfile.FilterError as error:
        raise refused(str(error)) from None


class _Bounded(io.RawIOBase):
    """Reads at most so many bytes, and not on after the end: tarfile reads as long as a head says."""

    def __init__(self, content: IO[bytes], most: int) -> None:
        self._content = content
        self._left = most
        self._most = most
        self._has_ended = False

    def read(self, size: int = -1) -> bytes:
        if self._has_ended:
            raise EOFError("its end is missing")
        found = self._content.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._has_ended = size != 0 and not found
        self._left -= len(found)
        if self._left < 0:
            raise _too_large(self._most)
        return found


def _put(member: _Member, folder: Path, budget: Budget, *, name: str) -> Rejected | None:
    """Why it cannot be unpacked, where this says nothing of others. Raises Rejected where all of it is too large."""
    try:
        try:
            content = member.open(folder)
        except Rejected as rejected:
            return rejected
        with content:
            _extract(content, folder / member.path, budget)
    except member.faults as error:
        return unreadable(f"{name} is not a whole archive: {error}")
    except OSError as error:
        if error.errno in _SAME_NAME:
            return unreadable(f"{name} has a file and a folder of the same name")
        if error.errno in _NOT_A_NAME:
            return unreadable("it has a name that is too long, or that this machine does not take")
        raise
    return None


def _leave_trace(target: Path) -> None:
    """So that whose it is has something in the folder, also where there is nothing else of theirs."""
    try:
        for parent in reversed(target.parents):
            parent.mkdir(exist_ok=True)
        target.touch()
    except OSError as error:
        if error.errno not in (*_SAME_NAME, *_NOT_A_NAME):
            raise


def _extract(content: IO[bytes], target: Path, budget: Budget) -> None:
    budget.add_file()
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_file():  # twice in the archive: the last one counts, as for unzip
        os.unlink(target)
    write_new(content, target, budget)
