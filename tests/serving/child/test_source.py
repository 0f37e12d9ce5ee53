"""Sources in other encodings: what Python reads is read, and any other fault is named with its line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from grader.serving.child.source import FreshLoader, TooLong, WrongEncoding


def run(folder: Path, data: bytes) -> dict[str, Any]:
    (folder / "app.py").write_bytes(data)
    found: dict[str, Any] = {}
    exec(FreshLoader("app", str(folder / "app.py")).get_code("app"), found)
    return found


RIGHT = {
    "BOM": b"\xef\xbb\xbftext = '\xc3\xa9'\n",
    "CRLF": b"if True:\r\n    text = '\xc3\xa9'\r\n",
    "CR": b"if True:\r    text = '\xc3\xa9'\r",
    "tabs": b"if True:\n\ttext = '\xc3\xa9'\n",
    "declared": b"# -*- coding: latin-1 -*-\ntext = '\xe9'\n",
    "form feed": b"\x0ctext = '\xc3\xa9'\n",
    "no line ending": b"text = '\xc3\xa9'",
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_python_reads_is_read(name: str, tmp_path: Path) -> None:
    assert run(tmp_path, RIGHT[name])["text"] == "é"


WRONG = {
    "UTF-16": ("text = 'é'\n".encode("utf-16"), "saved as UTF-16, and Python reads UTF-8", 1),
    "UTF-16 without BOM": ("text = 'é'\n".encode("utf-16-le"), "saved as UTF-16", 1),
    "UTF-16 without BOM, the other way": ("text = 'é'\n".encode("utf-16-be"), "saved as UTF-16", 1),
    "UTF-16, the other way": (b"\xfe\xff" + "text = 'é'\n".encode("utf-16-be"), "saved as UTF-16", 1),
    "UTF-32": ("text = 'é'\n".encode("utf-32"), "saved as UTF-32, and Python reads UTF-8", 1),
    "UTF-32 without BOM": ("text = 'é'\n".encode("utf-32-be"), "saved as UTF-32", 1),
    "null bytes": (b"a = 1\nb = '\0'\n", "not text: it contains null bytes", 2),
    "Latin-1": (b"a = 1\nb = 2\nc = 3\ntext = '\xe9'\n", "not encoded in utf-8, as it should be", 4),
    "Latin-1 in the first line": (b"a = '\xe9'\n", "not encoded in utf-8, as it should be", 1),
    "Latin-1 in a comment": (b"#\n# '\xe9'\n", "not encoded in utf-8, as it should be", 2),
    "a mark and another encoding": (b"\xef\xbb\xbf# coding: latin-1\n", "not readable: it begins with the mark", 1),
    "an unknown encoding": (b"# coding: klingon\n", "not readable: unknown encoding", 1),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_encoding_is_named_with_its_line(name: str, tmp_path: Path) -> None:
    data, words, line = WRONG[name]
    with pytest.raises(WrongEncoding) as wrong:
        run(tmp_path, data)
    assert words in wrong.value.msg
    assert (wrong.value.filename, wrong.value.lineno) == (str(tmp_path / "app.py"), line)


def test_mixed_tabs_and_spaces_are_named_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(TabError) as wrong:
        run(tmp_path, b"if True:\n        a = 1\n\tb = 2\n")
    assert wrong.value.lineno == 3


def test_a_source_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.touch()
    os.truncate(app, 3 << 30)
    with pytest.raises(TooLong, match=r"^app.py is longer than 8 MiB$"):
        FreshLoader("app", str(app)).get_code("app")
