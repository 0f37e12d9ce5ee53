"""Whatever is written to a descriptor is written whole, or raises."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from grader.output import write_all, write_some
from tests.conftest import DEADLINE

MUCH = bytes(range(256)) * 2000  # more than any pipe holds


def test_a_full_pipe_that_does_not_block_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    got = bytearray()
    filled = write_some(writing, MUCH)  # as much as there is room for: nobody reads yet
    assert 0 < filled < len(MUCH)

    def read() -> None:
        while data := os.read(reading, 4096):
            got.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    write_all(writing, MUCH[filled:])
    assert not os.get_blocking(writing)  # the flag is as it was: others share the pipe
    os.close(writing)
    reader.join(DEADLINE)
    os.close(reading)
    assert bytes(got) == MUCH


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_raises() -> None:
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError, match="No space"):
        write_all(full.fileno(), b"x")
