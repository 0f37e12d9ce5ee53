"""What a fork server and its clients send to each other arrives as it was sent."""

from __future__ import annotations

from grader.serving.forks import PIDS_SIZE, STATUS_SIZE, NewProcess, Pids, encode_status, read_status


def test_a_process_keeps_every_byte_of_its_environment() -> None:
    asked = NewProcess("{}", "/tmp/caf\udce9", {"A": "\udcff=é\n"}, has_output=True, is_tree=False)
    assert NewProcess.decode(asked.encode()) == asked


def test_what_a_link_tells_is_read_and_its_end_is_told_from_it() -> None:
    assert Pids.decode(Pids(7, 1 << 22).encode()) == (7, 1 << 22)
    assert [read_status(encode_status(status)) for status in (0, 255, -9)] == [0, 255, -9]
    assert len(Pids(1, 2).encode()) == PIDS_SIZE
    assert len(encode_status(1)) == STATUS_SIZE
    assert (Pids.decode(b""), read_status(b"")) == (None, None)
