"""Reads the learner's source files: always the files as they are now, and with words for a wrong encoding."""

from __future__ import annotations

import codecs
import importlib.machinery
import io
import os
import re
import sys
import tokenize
from collections.abc import Callable
from typing import Any

#: How files in other encodings begin, the longer ones first: with a mark, or with one character of ASCII.
_WIDE = {
    "UTF-32": re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff|[^\0]\0\0\0|\0\0\0[^\0]"),
    "UTF-16": re.compile(rb"\xff\xfe|\xfe\xff|[^\0]\0|\0[^\0]"),
}


_MIB = 1 << 20
_LONGEST = 8 * _MIB  # bytes of a source file


class TooLong(ImportError):
    """A source file is longer than any that is compiled."""


class WrongEncoding(SyntaxError):
    """A source file is not encoded as it should be. ``msg`` completes "app.py is"."""


class FreshLoader(importlib.machinery.SourceFileLoader):
    """Compiles from source each time. A bytecode cache goes by whole seconds and would miss a quick second edit."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        _check_length(path)
        data = self.get_data(path)
        _check_encoding(data, path)
        return self.source_to_code(data, path)


def find_fresh(root: str) -> None:
    """From now on modules in ``root`` and below are found first, and compiled from source."""
    sys.path_hooks.insert(0, _fresh_finder(root))
    sys.path_importer_cache.pop(root, None)
    sys.path.insert(0, root)


def _fresh_finder(root: str) -> Callable[[str], importlib.machinery.FileFinder]:
    """A path hook for ``root`` and the packages in it, but not for an environment that lies in it."""
    inside = root + os.sep
    libraries = tuple(entry for entry in sys.path if entry.startswith(inside))

    def find(path: str) -> importlib.machinery.FileFinder:
        if not (path + os.sep).startswith(inside) or path.startswith(libraries):
            raise ImportError
        return importlib.machinery.FileFinder(path, (FreshLoader, [".py"]))

    return find


def wide_encoding(data: bytes) -> str:
    """The name of the encoding of a text whose characters have several bytes each; "" where it is none such."""
    return next((name for name, begins in _WIDE.items() if begins.match(data)), "")


def _check_length(path: str) -> None:
    """Raises TooLong."""
    if os.stat(path).st_size > _LONGEST:
        raise TooLong(f"{os.path.basename(path)} is longer than {_LONGEST // _MIB} MiB", path=path)


def _check_encoding(data: bytes, path: str) -> None:
    """Raises WrongEncoding, with the line. Python's own error names neither the line nor the cause."""
    if name := wide_encoding(data):
        raise WrongEncoding(f"saved as {name}, and Python reads UTF-8", (path, 1, 0, ""))
    if (at := data.find(b"\0")) >= 0:
        raise WrongEncoding("not text: it contains null bytes", (path, _line_at(data, at), 0, ""))
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        data.decode(encoding)
    except UnicodeDecodeError as error:
        line = _line_at(data, error.start)
        raise WrongEncoding(f"not encoded in {encoding}, as it should be", (path, line, 0, "")) from None
    except SyntaxError as error:  # in the first two lines, where an encoding can be declared
        raise _badly_declared(data, path, error.msg) from None


def _badly_declared(data: bytes, path: str, reason: str) -> WrongEncoding:
    """``reason`` is Python's, which does not say that the file declares no encoding at all."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return WrongEncoding("not encoded in utf-8, as it should be", (path, _line_at(data, error.start), 0, ""))
    if data.startswith(codecs.BOM_UTF8):
        reason = "it begins with the mark of UTF-8, but declares another encoding"
    return WrongEncoding(f"not readable: {reason}", (path, 1, 0, ""))


def _line_at(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1
