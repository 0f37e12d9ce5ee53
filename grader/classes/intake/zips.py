"""Opens zips that nobody has read, with a bounded list of files, and the names that their files had."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from grader.classes.intake.rejection import refused
from grader.classes.model import Bounds

#: Bytes of one entry in a table; a long path has fewer.
ENTRY: Final = 1024
#: What says of a member that its name is in UTF-8.
_UTF_8: Final = 1 << 11


@contextmanager
def opened_zip(archive: Path, bounds: Bounds) -> Iterator[zipfile.ZipFile]:
    """Raises Rejected where the list of files is longer than any that is allowed."""
    with _ZipFile(io.FileIO(archive)) as file:
        if not os.fstat(file.fileno()).st_size:
            raise zipfile.BadZipFile("it is empty")
        file.bounds = bounds
        with zipfile.ZipFile(file) as opened:
            file.bounds = None
            for member in opened.infolist():
                member.filename = _own_name(member)
            yield opened


def _own_name(member: zipfile.ZipInfo) -> str:
    """The name as it was packed: where a zip does not say that its names are in UTF-8, Python reads them as CP437.

    `zip` on Linux and the Finder of macOS write UTF-8 without saying it; a word in CP437 is not valid UTF-8.
    """
    if not member.flag_bits & _UTF_8:
        with suppress(UnicodeError):
            return member.filename.encode("cp437").decode("utf-8")
    return member.filename


class _ZipFile(io.BufferedReader):
    """The file of a zip. zipfile reads the list of files at once, as long as one of several places says that it is."""

    bounds: Bounds | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        if self.bounds and size and size > self.bounds.files * ENTRY:
            raise refused(f"it has more than {self.bounds.files} files")
        return super().read(size)

    def seek(self, target: int, origin: int = os.SEEK_SET, /) -> int:
        try:
            return super().seek(target, origin)
        except (OSError, OverflowError):
            kind = OSError if origin == os.SEEK_END else zipfile.BadZipFile  # zipfile looks for its end in vain
            raise kind("it says that a part of it lies outside of it") from None
