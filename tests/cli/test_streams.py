"""What is written to standard output arrives whole, or the exit code says that it did not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from grader.cli.streams import NotWritten, Whole
from tests.conftest import DEADLINE, ROOT, environment

MUCH = b"x" * 500_000  # more than any pipe holds
WRITES = "import sys\nfrom grader.cli import streams\nstreams.replace()\n"


def test_a_full_pipe_that_does_not_block_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    got = bytearray()

    def read() -> None:
        while data := os.read(reading, 4096):
            got.extend(data)

    with open(writing, "wb", buffering=0, closefd=True):
        reader = threading.Thread(target=read)
        raw = Whole(writing)
        written = raw.write(MUCH)  # as much as there is room for: nobody has read yet
        reader.start()
        while written < len(MUCH):
            written += raw.write(MUCH[written:])
        assert not os.get_blocking(writing)
    reader.join(DEADLINE)
    os.close(reading)
    assert bytes(got) == MUCH


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
