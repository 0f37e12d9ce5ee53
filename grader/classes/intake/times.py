"""When files were changed, as they and archives say it; None where they say nothing that can be used."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zipfile import ZipInfo

#: What programs write that have no time is 1970, or in a zip the first day of 1980, in whatever zone.
_EARLIEST: Final = datetime(1980, 1, 2, tzinfo=UTC).timestamp()
#: More than four bytes.
_LATEST: Final = 1 << 32
#: The field of a zip that has times in UTC, and what in it says that the time of the last change is among them.
_EXTENDED, _HAS_CHANGE = 0x5455, 1


def usable(seconds: float) -> float | None:
    """The time itself, where it can be that of a change."""
    return seconds if _EARLIEST <= seconds < _LATEST else None


def of_file(file: Path) -> float | None:
    """Of a link its own. Raises OSError."""
    return usable(os.lstat(file).st_mtime)


def of_zip(member: ZipInfo) -> float | None:
    """In UTC where the zip says it so; else it is taken for a time in the zone of this machine."""
    for kind, content in _fields(member.extra):
        if kind == _EXTENDED and len(content) >= 5 and content[0] & _HAS_CHANGE:
            found = usable(struct.unpack_from("<l", content, 1)[0])
            if found is not None:
                return found
    try:
        return usable(datetime(*member.date_time).timestamp())
    except (ValueError, OverflowError, OSError):
        return None


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size


def put(file: Path, seconds: float | None) -> None:
    """Give the file this time, or one that is of no use. Raises OSError."""
    os.utime(file, (seconds or 0, seconds or 0))
