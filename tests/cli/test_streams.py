"""What is written to standard output arrives whole, or the exit code says that it did not."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from grader.cli.streams import Lines, NotWritten, Whole
from tests.conftest import ROOT, environment

WRITES = "import sys\nfrom grader.cli import streams\nstreams.replace()\n"


def text_of(text: str, *, encoding: str = "utf-8") -> bytes:
    """The bytes that ``text`` becomes on its way to a program."""
    reading, writing = os.pipe()
    lines = Lines(Whole(writing), encoding=encoding, line_buffering=False)
    lines.write(text)
    lines.flush()
    os.close(writing)
    with open(reading, "rb") as pipe:
        return pipe.read()


def test_a_program_gets_no_spaces_at_the_end_of_a_line() -> None:
    assert text_of("a  \n  b c   \n\n   \nend ") == b"a\n  b c\n\n\nend "
    assert text_of("\x1b[31mred   \x1b[0m\n") == b"\x1b[31mred\x1b[0m\n"


def test_what_the_encoding_lacks_is_an_escape() -> None:
    assert text_of("“é”", encoding="latin-1") == b"\\u201c\xe9\\u201d"


COMMANDS = "::error::x\n  ::add-mask::1\n\n\t::y\nsee ##[group]z\na ::b\n"


def test_on_a_terminal_a_command_is_text() -> None:
    ours, theirs = pty.openpty()
    lines = Lines(Whole(theirs), encoding="utf-8", line_buffering=False)
    lines.write(COMMANDS)
    lines.flush()
    assert os.read(ours, 1000).replace(b"\r\n", b"\n") == COMMANDS.encode()
    os.close(ours)
    os.close(theirs)


def test_in_a_log_nothing_is_a_command() -> None:
    assert text_of(COMMANDS) == b"|::error::x\n|  ::add-mask::1\n\n|\t::y\nsee ## [group]z\na ::b\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_has_an_error_of_its_own() -> None:
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(NotWritten, match="No space"):
        Whole(full.fileno()).write(b"x")


def test_a_reader_that_has_gone_is_a_broken_pipe() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb", buffering=0), pytest.raises(BrokenPipeError):
        Whole(writing).write(b"x")


@pytest.mark.parametrize("more", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
def test_each_line_of_a_complaint_is_written_at_once(more: dict[str, str]) -> None:
    code = f"{WRITES}sys.stderr.write('grade: so\\n')\nimport os\nos._exit(0)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(**more), capture_output=True, text=True, check=True
    )
    assert done.stderr == "grade: so\n"
