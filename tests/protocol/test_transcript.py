"""The transcript: what both ends did, in order, within bounds, and honest about what was left out."""

from __future__ import annotations

import threading

import pytest

from grader.protocol.transcript import Act, Entry, Lane, Transcript, clip

BOUND = Transcript.FIRST + Transcript.LAST


def entry(at: float, stream: int = 1, lane: Lane = Lane.CLIENT) -> Entry:
    return Entry(at, lane, Act.CHUNK, stream)


def filled(count: int) -> Transcript:
    transcript = Transcript()
    for number in range(count):
        transcript.add(entry(float(number)))
    return transcript


def test_everything_is_kept_while_it_fits() -> None:
    transcript = filled(BOUND)
    assert [found.at for found in transcript.entries()] == [float(number) for number in range(BOUND)]
    assert transcript.left_out == 0


@pytest.mark.parametrize("beyond", [1, 399, 400, 401, 12_345])
def test_the_first_and_the_last_are_kept_and_the_rest_is_counted(beyond: int) -> None:
    total = BOUND + beyond
    transcript = filled(total)
    times = [found.at for found in transcript.entries()]
    assert times[: Transcript.FIRST] == [float(number) for number in range(Transcript.FIRST)]
    assert times[Transcript.FIRST :] == [float(number) for number in range(total - Transcript.LAST, total)]
    assert transcript.left_out == beyond


def test_entries_of_both_ends_stand_in_the_order_in_which_they_happened() -> None:
    transcript = Transcript()
    for at, lane in [(0.1, Lane.CLIENT), (0.3, Lane.CLIENT), (0.2, Lane.UPSTREAM), (0.3, Lane.UPSTREAM)]:
        transcript.add(entry(at, lane=lane))
    assert [(found.at, found.lane) for found in transcript.entries()] == [
        (0.1, Lane.CLIENT),
        (0.2, Lane.UPSTREAM),
        (0.3, Lane.CLIENT),  # of the same moment: as they were told
        (0.3, Lane.UPSTREAM),
    ]


def test_two_threads_may_add_entries() -> None:
    transcript = Transcript()

    def add(stream: int) -> None:
        for number in range(250):
            transcript.add(entry(number, stream))

    threads = [threading.Thread(target=add, args=(stream,)) for stream in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = transcript.entries()
    assert [item.at for item in found if item.stream == 1] == [float(number) for number in range(250)]
    assert [item.at for item in found if item.stream == 2] == [float(number) for number in range(250)]


def test_a_clip_is_bounded() -> None:
    assert clip(b"short") == b"short"
    assert clip(b"x" * 100_000) == b"x" * Transcript.KEEP
