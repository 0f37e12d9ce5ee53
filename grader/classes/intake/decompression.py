"""The content of a tar that is packed by gzip, bzip2 or xz, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

#: Bytes that an xz file may ask for, to be unpacked.
_XZ_MEMORY: Final = 80 << 20


@contextmanager
def decompressed(archive: Path) -> Iterator[IO[bytes]]:
    """The file, opened and unpacked as its name says."""
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
