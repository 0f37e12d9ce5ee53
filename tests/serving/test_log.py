"""The log: of what an app prints the first and the last is kept."""

from __future__ import annotations

import pytest

from grader.serving.log import Log


def test_a_short_log_is_kept_as_it_is() -> None:
    log = Log()
    for piece in (b"one\n", b"", b"caf\xc3", b"\xa9 \xff"):
        log.write(piece)
    assert log.text() == "one\ncafé \\xff"


@pytest.mark.parametrize("piece", [1000, 65536, 200_000])
def test_of_a_flood_the_first_and_the_last_are_kept(piece: int) -> None:
    log = Log()
    data = b"".join(b"%07d\n" % number for number in range(100_000))
    for start in range(0, len(data), piece):
        log.write(data[start : start + piece])
    first, _, last = log.text().partition(" bytes left out …\n")[0].rpartition("\n… ")
    assert data.startswith(first.encode())
    assert len(first) == Log.FIRST
    kept = log.text().partition(" bytes left out …\n")[2].encode()
    assert data.endswith(kept)
    assert Log.LAST <= len(kept) <= 2 * Log.LAST
    assert len(first) + int(last) + len(kept) == len(data)


def test_a_log_of_exactly_what_is_kept_has_no_gap() -> None:
    log = Log()
    log.write(b"x" * (Log.FIRST + Log.LAST))
    assert log.text() == "x" * (Log.FIRST + Log.LAST)
