"""What a sequence picture shows: who tells whom, when nothing happens, where they part, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import CheckResult, Finding, Outcome, Spot
from grader.protocol.transcript import Act, Entry
from grader.report.picture.layout import Arrow, Divergence, Fold, Party, Pause, Remark, Row, rows, stretch
from tests.report.picture.story import LAW, arrived, chunk, entry, failed, is_safe, result, results, spot

CLIENT, APP, UPSTREAM = Party

#: Each act with what is recorded of it: from whom it comes, to whom it goes, in which words.
ACTS: dict[Act, tuple[Party, Party, str]] = {
    Act.SENT: (CLIENT, APP, "GET /tea"),
    Act.HEAD: (APP, CLIENT, "GET /tea"),
    Act.CHUNK: (APP, CLIENT, "data: tea\\n\\n"),
    Act.ENDED: (APP, CLIENT, "end of the response"),
    Act.BROKEN: (APP, CLIENT, "broken off: GET /tea"),
    Act.DISCONNECTED: (CLIENT, APP, "disconnects (GET /tea)"),
    Act.STALLED: (CLIENT, CLIENT, "stops reading: GET /tea"),
    Act.OPENED: (APP, UPSTREAM, "opens “GET /tea”"),
    Act.PULLED: (APP, UPSTREAM, "GET /tea"),
    Act.GAVE: (UPSTREAM, APP, "item “data: tea\\n\\n”"),
    Act.FAILED: (UPSTREAM, APP, "fails: GET /tea"),
    Act.FINISHED: (UPSTREAM, APP, "no more items"),
    Act.CLOSED: (APP, UPSTREAM, "closes the connection"),
}


def told(act: Act, at: float = 0.5) -> Entry:
    data = b"data: tea\n\n" if act in (Act.CHUNK, Act.GAVE) else b""
    return entry(at, act, data=data, detail="GET /tea")


def labels(found: Sequence[Row]) -> list[str]:
    return [row.label for row in found if isinstance(row, Arrow | Remark | Fold)]


def times(found: Sequence[Row]) -> list[float]:
    return [row.at for row in found if isinstance(row, Arrow | Remark)]


def only(found: Sequence[Row], kind: type[Row]) -> list[Row]:
    return [row for row in found if isinstance(row, kind)]


# -- who tells whom -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", Act)
def test_whatever_happens_goes_from_who_does_it_to_who_learns_of_it(act: Act) -> None:
    tail, head, words = ACTS[act]
    expected = Remark(0.5, tail, words) if tail is head else Arrow(0.5, tail, head, words, act, 1)
    assert rows(result([told(act)])) == [expected]


def test_arrows_go_between_neighbours() -> None:
    drawn = only(rows(result([told(act) for act in Act])), Arrow)
    assert len(drawn) == len(Act) - 1
    assert {abs(row.tail - row.head) for row in drawn if isinstance(row, Arrow)} == {1}


def test_of_nothing_there_is_no_picture() -> None:
    assert rows(result([])) == []
    assert rows(failed([], diverged=1.0)) == []
    assert stretch([]) == []


@pytest.mark.parametrize(
    ("detail", "body", "words"),
    [
        ("GET /tea", b"", "GET /tea"),
        ("GET /tea?", b"", "GET /tea"),
        ("GET /tea?prompt=a+short+one&stream=true", b"", "GET /tea?prompt=a short one&stream=true"),
        ("GET /tea?prompt=a%20rather%20long%20one&stream=true", b"", "GET /tea?prompt=a rather lon…&stream=true"),
        ("GET /tea?stream&kind=", b"", "GET /tea?stream&kind="),
        ("GET /tea?a=%0A%1B%E2%80%AE", b"", "GET /tea?a=\\n\\x1b\\u202e"),
        ("GET /tea?%1B%26=%FF", b"", "GET /tea?\\x1b&=\ufffd"),
        ("POST /tea", b'{"task": "tea", "steps": 3}', 'POST /tea {task: "tea", steps: 3}'),
        (
            "POST /tea",
            b'{"t": "one that takes its time to say", "n": 1}',
            'POST /tea {t: "one that takes its time…, n: 1}',
        ),
        ("POST /tea", '{"task": "茶", "s": "\\ud800"}'.encode(), 'POST /tea {task: "茶", s: "\\ud800"}'),
        ("POST /tea", b'["tea"]', 'POST /tea ["tea"]'),
        ("POST /tea", b'{"tea": ', 'POST /tea {"tea":'),
        ("POST /tea", b"[" * 500, f"POST /tea {'[' * 190}…"),
        ("POST /tea", b"\xff\n", "POST /tea \\xff\\n"),
    ],
)
def test_a_request_is_told_with_the_names_of_its_parameters_and_short_values(
    detail: str, body: bytes, words: str
) -> None:
    assert labels(rows(result([entry(0, Act.SENT, data=body, detail=detail)]))) == [words]


@pytest.mark.parametrize(("size", "words"), [(513, "(513 bytes) "), (70_000, "(70000 bytes) ")])
def test_a_chunk_that_was_not_kept_as_a_whole_tells_its_size(size: int, words: str) -> None:
    assert labels(rows(result([chunk(0, size=size)]))) == [words + "x" * 200 + "…"]


def test_a_chunk_that_was_kept_as_a_whole_shows_how_it_ends() -> None:
    assert labels(rows(result([chunk(0, size=512)]))) == ["x" * 134 + "…" + "x" * 66]


# -- which request, which stream --------------------------------------------------------------------------------------


def test_a_single_request_and_a_single_stream_need_no_number() -> None:
    record = [told(act) for act in Act]
    assert labels(rows(result(record))) == [ACTS[act][2] for act in Act]


def test_requests_and_streams_are_told_apart_where_there_are_several() -> None:
    requests = [entry(0, Act.SENT, 1, detail="GET /a"), entry(0, Act.SENT, 2, detail="GET /b"), chunk(0, 1, size=1)]
    streams = [entry(0, Act.OPENED, 1, detail="x"), entry(0, Act.OPENED, 2, detail="y"), entry(0, Act.CLOSED, 1)]
    last = entry(0, Act.STALLED, 2, detail="full")
    assert labels(rows(result([*requests, *streams, last]))) == [
        "#1 GET /a",
        "#2 GET /b",
        "#1 x",
        "(a) opens “x”",
        "(b) opens “y”",
        "(a) closes the connection",
        "#2 stops reading: full",
    ]
    assert labels(rows(result([*requests, streams[0]])))[-1] == "opens “x”"
    assert labels(rows(result([requests[0], *streams])))[0] == "GET /a"


def test_streams_beyond_the_alphabet_still_have_different_numbers() -> None:
    record = [entry(0, Act.CLOSED, stream) for stream in range(1, 31)]
    found = labels(rows(result(record)))
    assert (found[0], found[25], found[26]) == (
        "(a) closes the connection",
        "(z) closes the connection",
        "#27 closes the connection",
    )
    assert len(set(found)) == 30


# -- pauses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "seconds"),
    [(0.0, 0.05, None), (0.0, 0.099, None), (0.0, 0.1, 0.1), (5.0, 5.125, 0.125), (5.0, 6.0, 1.0)],
)
def test_nothing_happening_for_a_while_is_seen_between_two_rows(
    first: float, second: float, seconds: float | None
) -> None:
    before, *between, after = rows(result([told(Act.SENT, first), told(Act.HEAD, second)]))
    assert times([before, after]) == [first, second]
    assert between == ([] if seconds is None else [Pause(seconds)])


def test_whatever_a_lane_does_ends_a_pause() -> None:
    record = [told(Act.SENT, 0.0), told(Act.STALLED, 0.25), told(Act.PULLED, 1.0)]
    assert only(rows(result(record)), Pause) == [Pause(0.25), Pause(0.75)]


def test_a_pause_before_they_part_is_seen() -> None:
    found = rows(failed([told(Act.SENT, 0.25), told(Act.HEAD, 0.25)], diverged=2.0))
    assert found[2:] == [Pause(1.75), Divergence(2.0, "tea", "coffee")]
    found = rows(failed([told(Act.SENT, 0.25)], diverged=0.25))
    assert found[1:] == [Divergence(0.25, "tea", "coffee")]


def test_a_pause_is_not_cut_short_by_what_is_left_out() -> None:
    record = [told(Act.CHUNK, 1.0), told(Act.DISCONNECTED, 3.0), told(Act.CLOSED, 4.0)]
    assert rows(failed(record, diverged=2.0))[1:] == [Pause(1.0), Divergence(2.0, "tea", "coffee")]
    assert rows(failed(record, diverged=2.0, spot=spot(0)))[1:] == [Divergence(1.0, "tea", "coffee")]


def test_any_part_of_a_record_has_its_pauses_and_folds() -> None:
    found = stretch([told(Act.SENT, 0.0), *[told(Act.CHUNK, 1.0)] * 7, told(Act.ENDED, 1.5)])
    assert [type(row) for row in found] == [Arrow, Pause, Arrow, Fold, Arrow, Pause, Arrow]


# -- where they part --------------------------------------------------------------------------------------------------

#: Two requests whose answers come by turns; the time of a chunk names it.
INTERLEAVED = [
    entry(0.0, Act.SENT, 1, detail="GET /a"),
    entry(0.0, Act.SENT, 2, detail="GET /b"),
    chunk(0.01, 1, size=10),
    chunk(0.02, 2, size=700),  # more than is kept of it
    chunk(0.03, 1, size=10),
    chunk(0.04, 2, size=10),
    entry(0.05, Act.ENDED, 1),
]


@pytest.mark.parametrize(
    ("byte", "at"),
    [
        (spot(0, 1), 0.01),
        (spot(9, 1), 0.01),
        (spot(10, 1), 0.03),
        (spot(19, 1), 0.03),
        (spot(0, 2), 0.02),
        (spot(699, 2), 0.02),
        (spot(700, 2), 0.04),
        (spot(709, 2), 0.04),
    ],
)
def test_they_part_at_the_chunk_that_holds_the_offending_byte(byte: Spot, at: float) -> None:
    found = rows(failed(INTERLEAVED, diverged=0.06, spot=byte))
    wrong = [row for row in found if isinstance(row, Arrow) and row.wrong]
    assert [(row.at, row.stream, row.act) for row in wrong] == [(at, byte.request, Act.CHUNK)]
    assert found[found.index(wrong[0]) + 1] == Divergence(at, "tea", "coffee")
    assert times(found) == [one.at for one in INTERLEAVED]


@pytest.mark.parametrize(
    ("byte", "left_out"),
    [
        (None, 0),
        (spot(20, 1), 0),  # the end of what has arrived
        (spot(710, 2), 0),
        (spot(0, 3), 0),
        (spot(0, 0), 0),
        (spot(0, 1), 1),  # what is left out may have been bytes: nobody knows any longer
    ],
    ids=["no byte", "the end", "the other's end", "no such request", "of no request", "some left out"],
)
@pytest.mark.parametrize("diverged", [0.045, 0.06])
def test_otherwise_they_part_when_the_check_gave_up(byte: Spot | None, left_out: int, diverged: float) -> None:
    found = rows(failed(INTERLEAVED, diverged=diverged, spot=byte, left_out=left_out))
    assert found[-1] == Divergence(diverged, "tea", "coffee")
    assert times(found) == [one.at for one in INTERLEAVED if one.at <= diverged]
    assert not any(row.wrong for row in found if isinstance(row, Arrow))


def test_of_two_chunks_at_one_moment_the_one_with_the_byte_is_the_wrong_one() -> None:
    found = rows(failed([chunk(0.5), chunk(0.5)], diverged=0.5, spot=spot(10)))
    assert [getattr(row, "wrong", None) for row in found] == [False, True, None]


@pytest.mark.parametrize("byte", [None, spot(0)], ids=["no byte", "a byte"])
def test_what_the_failure_itself_brought_about_is_left_out(byte: Spot | None) -> None:
    record = [told(Act.SENT, 0.0), told(Act.CHUNK, 0.01), told(Act.PULLED, 0.02)]
    after = [told(Act.DISCONNECTED, 0.04), told(Act.CLOSED, 0.05)]
    assert times(rows(failed([*record, *after], diverged=0.03, spot=byte))) == [0.0, 0.01, 0.02]


@pytest.mark.parametrize("byte", [None, spot(0)], ids=["no byte", "a byte"])
def test_a_leaving_that_the_check_wanted_is_shown(byte: Spot | None) -> None:
    record = [told(Act.SENT, 0.0), told(Act.CHUNK, 0.01), told(Act.DISCONNECTED, 0.02), told(Act.CLOSED, 0.03)]
    assert times(rows(failed(record, diverged=0.04, spot=byte))) == [0.0, 0.01, 0.02, 0.03]


WHOLE = Finding("tea", "coffee", spot=spot(0))


@pytest.mark.parametrize(
    ("outcome", "finding", "diverged"),
    [
        (Outcome.PASSED, None, None),
        (Outcome.PASSED, WHOLE, 0.02),
        (Outcome.BLOCKED, WHOLE, 0.02),
        (Outcome.INCONCLUSIVE, WHOLE, 0.02),
        (Outcome.FAILED, None, 0.02),
        (Outcome.FAILED, WHOLE, None),
    ],
)
def test_without_a_failure_that_is_told_nothing_parts(
    outcome: Outcome, finding: Finding | None, diverged: float | None
) -> None:
    found = rows(result(INTERLEAVED, outcome=outcome, finding=finding, diverged=diverged))
    assert found == rows(result(INTERLEAVED))
    assert times(found) == [one.at for one in INTERLEAVED]
    assert not only(found, Divergence)


# -- rounds that repeat -----------------------------------------------------------------------------------------------

#: Any first so many of these make a round.
ROUND = [Act.PULLED, Act.GAVE, Act.CHUNK, Act.FAILED, Act.HEAD, Act.SENT, Act.OPENED]


def rounds(length: int, count: int) -> list[Entry]:
    return [told(ROUND[at % length], at / 1000) for at in range(length * count)]


@pytest.mark.parametrize("length", range(1, 7))
@pytest.mark.parametrize("count", [5, 6, 100])
def test_of_rounds_that_repeat_the_first_and_the_last_are_shown(length: int, count: int) -> None:
    record = [told(Act.ENDED, 0.0), *rounds(length, count), told(Act.CLOSED, 1.0)]
    found = [row for row in rows(result(record)) if not isinstance(row, Pause)]
    times_of_rounds = [at / 1000 for at in [*range(length), *range(length * (count - 1), length * count)]]
    assert times(found) == [0.0, *times_of_rounds, 1.0]
    words = f"{count - 2} more times the same" if length == 1 else f"{count - 2} more rounds of this"
    assert found[1 + length] == Fold(words)
    assert only(found, Fold) == [Fold(words)]


@pytest.mark.parametrize(("length", "count"), [(1, 4), (2, 4), (6, 4), (7, 20)])
def test_few_rounds_and_long_rounds_are_shown_one_by_one(length: int, count: int) -> None:
    record = rounds(length, count)
    assert times(rows(result(record))) == [one.at for one in record]


def test_rounds_of_two_requests_are_not_one_round() -> None:
    record = [chunk(at / 1000, stream) for at, stream in enumerate([1, 1, 1, 1, 2, 2, 2, 2])]
    assert len(rows(result(record))) == 8


def test_pauses_are_part_of_a_round() -> None:
    found = rows(result([told(Act.CHUNK, float(at)) for at in range(20)]))
    assert [type(row) for row in found] == [Arrow, Pause, Fold, Arrow, Pause, Arrow]
    assert times(found) == [0.0, 18.0, 19.0]


@pytest.mark.parametrize("at", [0, 1, 4, 5, 10, 15, 18, 19])
def test_the_offending_row_is_never_folded_away(at: int) -> None:
    record = [chunk(number / 1000) for number in range(20)]
    found = rows(failed(record, diverged=1.0, spot=spot(10 * at)))
    wrong = [place for place, row in enumerate(found) if isinstance(row, Arrow) and row.wrong]
    assert len(wrong) == 1
    assert times(found[wrong[0] : wrong[0] + 1]) == [at / 1000]
    assert found[wrong[0] + 1] == Divergence(at / 1000, "tea", "coffee")
    hidden = [int(fold.split()[0]) for fold in labels(only(found, Fold))]
    assert len(times(found)) + sum(hidden) == 20


# -- a picture of few rows --------------------------------------------------------------------------------------------

#: A hundred rows of which no two are alike.
LONG = [chunk(number / 1000, number + 1) for number in range(100)]
MOST = [2, 3, 6, 18, 24, 60, 99]


def hidden_rows(found: Sequence[Row]) -> int:
    """How many rows the picture says it lacks."""
    return sum(int(words.removesuffix(" rows left out")) for words in labels(only(found, Fold)))


def test_no_row_is_left_out_alone() -> None:
    assert rows(result(LONG), most=99) == rows(result(LONG))
    assert labels(only(rows(result(LONG), most=98), Fold)) == ["2 rows left out"]


@pytest.mark.parametrize("most", MOST)
def test_of_a_long_picture_beginning_and_end_are_kept(most: int) -> None:
    found = rows(result(LONG), most=most)
    assert len(found) == min(most + 1, 100)
    assert times(found[-1:]) == [0.099]
    assert times(found[:1]) == ([0.0] if most >= 3 else [])
    assert len(times(found)) + hidden_rows(found) == 100


@pytest.mark.parametrize("most", MOST)
@pytest.mark.parametrize("at", [0, 1, 2, 10, 17, 18, 30, 50, 90, 98, 99])
def test_of_a_long_picture_where_they_part_is_always_kept(most: int, at: int) -> None:
    found = rows(failed(LONG, diverged=0.2, spot=spot(0, at + 1)), most=most)
    mark = next(place for place, row in enumerate(found) if isinstance(row, Divergence))
    culprit = found[mark - 1]
    assert isinstance(culprit, Arrow)
    assert (culprit.at, culprit.wrong) == (at / 1000, True)
    assert len(found) <= most + 2
    assert len(times(found)) + hidden_rows(found) == 100
    assert times(found[:1]) == ([0.0] if most >= 3 or at <= 1 else [])


@pytest.mark.parametrize("most", [18, 24, 60])
def test_of_what_came_after_they_parted_a_little_is_kept(most: int) -> None:
    found = rows(failed(LONG, diverged=0.2, spot=spot(0, 51)), most=most)
    mark = next(place for place, row in enumerate(found) if isinstance(row, Divergence))
    assert times(found[mark + 1 : mark + 3]) == [0.051, 0.052]
    assert len(times(found[mark:])) < len(times(found[:mark])) / 2


@pytest.mark.parametrize("most", MOST)
@pytest.mark.parametrize("at", [0, 1, 17, 50, 99])
def test_of_a_long_picture_the_end_is_kept_when_they_part_there(most: int, at: int) -> None:
    found = rows(failed(LONG, diverged=at / 1000), most=most)
    assert isinstance(found[-1], Divergence)
    assert times(found[-2:]) == [at / 1000]
    assert len(times(found)) + hidden_rows(found) == at + 1


@pytest.mark.parametrize("most", [100, 101, None])
def test_a_picture_that_fits_is_whole(most: int | None) -> None:
    assert rows(result(LONG), most=most) == rows(result(LONG))
    assert times(rows(result(LONG), most=most)) == [one.at for one in LONG]


# -- whatever the app does --------------------------------------------------------------------------------------------


@LAW
@given(results(), st.none() | st.integers(1, 30))
def test_whatever_is_recorded_is_safe_to_show_and_in_order(checked: CheckResult, most: int | None) -> None:
    found = rows(checked, most=most)
    words = [
        *labels(found),
        *(text for row in found if isinstance(row, Divergence) for text in (row.expected, row.seen)),
    ]
    assert [text for text in words if not is_safe(text)] == []
    moments = [row.at for row in found if isinstance(row, Arrow | Remark | Divergence)]
    assert all(earlier <= later for earlier, later in pairwise(moments))
    assert all(row.seconds >= 0.1 for row in found if isinstance(row, Pause))
    assert bool(found) == bool(checked.transcript)


@LAW
@given(results())
def test_whatever_is_recorded_parts_once_if_it_failed_and_at_the_byte_if_that_is_there(checked: CheckResult) -> None:
    found, finding = rows(checked), checked.finding
    marks = [at for at, row in enumerate(found) if isinstance(row, Divergence)]
    wrong = [at for at, row in enumerate(found) if isinstance(row, Arrow) and row.wrong]
    has_failed = checked.outcome is Outcome.FAILED and finding is not None and checked.diverged is not None
    assert len(marks) == (has_failed and bool(checked.transcript))
    byte = finding.spot if finding and has_failed and not checked.left_out else None
    has_arrived = byte is not None and byte.offset < arrived(checked.transcript, byte.request)
    assert wrong == [at - 1 for at in marks if has_arrived]
