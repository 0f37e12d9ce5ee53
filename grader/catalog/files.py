"""The files of a kata, and how a file of somebody else's is read.

They may be untrusted, so they are read with limits: reading a named pipe would block, and reading a huge file would
fill the memory.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from grader.errors import BadKata

#: Bytes of the longest file that is read whole: the longest specification of the bundled katas has a fiftieth of it.
LIMIT = 1 << 20
#: The files of a kata's folder on which a verdict depends.
SPECIFICATION = ("kata.toml", "schemas", "spec")


def read_text(file: Path) -> str:
    """The text of a regular file of at most LIMIT bytes. Raises OSError for any other, and UnicodeDecodeError.

    A byte order mark, which editors on Windows write, is not part of it.
    """
    return read_bytes(file).decode("utf-8-sig")


def read_bytes(file: Path, limit: int = LIMIT) -> bytes:
    """The content of a regular file of at most ``limit`` bytes. Raises OSError for any other; it never waits.

    A link is followed, as Python and editors follow it: what counts is where it leads to.
    """
    _must_be_regular(os.stat(file), file)  # before it is opened: to open a device can do something
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
        _must_be_regular(os.fstat(opened.fileno()), file)  # it may be another one by now
        content = opened.read(limit + 1)
    if len(content) > limit:
        most = f"{limit >> 20} MiB" if limit >= LIMIT else f"{limit} bytes"
        raise OSError(errno.EFBIG, f"longer than {most}", str(file))
    return content


def _must_be_regular(status: os.stat_result, file: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a file", str(file))


def digest_of(kata: Path) -> str:
    """SHA-256 over the specification in a kata's folder: kata.toml, schemas/ and spec/, each file with its name.

    It is the digest of the lines that sha256sum prints for these files, sorted by name, so that anybody can compute it
    without the grader (docs/authoring.md shows how). Raises BadKata when a file cannot be read.
    """
    import hashlib  # late: it loads OpenSSL, which takes 4 ms, and a grade has started its app by now

    try:
        files = {file.relative_to(kata).as_posix(): file for part in SPECIFICATION for file in _below(kata / part)}
        lines = [_line_of_sha256sum(name, files[name]) for name in sorted(files, key=os.fsencode)]
    except OSError as error:
        raise BadKata(f"{kata.name}: {error.filename} cannot be read: {error.strerror}.") from None
    return hashlib.sha256(b"".join(lines)).hexdigest()


def _below(part: Path, above: tuple[str, ...] = ()) -> Iterator[Path]:
    """The file itself, or all files below the folder. Links are followed, as pytest and Python follow them."""
    real = os.path.realpath(part)
    if part.is_file():
        yield part
    # Python writes __pycache__ at the first run: a digest over it would differ at the second.
    elif part.is_dir() and part.name != "__pycache__" and real not in above:
        for child in part.iterdir():
            yield from _below(child, (*above, real))


def _line_of_sha256sum(name: str, file: Path) -> bytes:
    """A name with a line feed is escaped, as sha256sum does it: or one file could pass for two."""
    import hashlib  # late, as above

    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "" if escaped == name else "\\"
    return os.fsencode(f"{mark}{found}  {escaped}\n")
