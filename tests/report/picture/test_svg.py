"""The picture as shapes: all of them within the drawing, words within their span, one row below the other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from grader.model import CheckResult
from grader.protocol.transcript import Act
from grader.report.picture.layout import Arrow, Divergence, Fold, Party, Pause, Remark, Row, rows
from grader.report.picture.svg import NARROW, WIDE, Drawing, Format, Words, draw
from tests.report.picture.story import LABELS, LAW, is_safe, results

CLIENT, APP, UPSTREAM = Party
WAYS = [(CLIENT, APP), (APP, CLIENT), (APP, UPSTREAM), (UPSTREAM, APP)]
EVERY_FORMAT = pytest.mark.parametrize("form", [WIDE, NARROW], ids=["wide", "narrow"])
EVERY_LABEL = pytest.mark.parametrize("label", LABELS.values(), ids=LABELS)
#: The page's letters are 11.5 pixels high: so wide is one, at most, and so much of it may stand above its baseline.
CHARACTER, LETTER = 7.0, 12


def arrow(label: str, tail: Party = APP, head: Party = CLIENT, *, at: float = 0.0123, wrong: bool = False) -> Arrow:
    return Arrow(at, tail, head, label, Act.CHUNK, 1, wrong)


def all_kinds(label: str) -> list[Row]:
    """A row of each kind."""
    return [
        *[arrow(label, tail, head) for tail, head in WAYS],
        arrow(label, wrong=True),
        Divergence(1.5, label, label),
        *[Remark(999.9, party, label) for party in Party],
        Pause(12.34),
        Fold("7 more rounds of this"),
    ]


def extent(words: Words) -> tuple[float, float]:
    """Where ``words`` begin and end."""
    width = CHARACTER * cell_len(words.text)
    return (words.x - width, words.x) if words.anchor == "end" else (words.x, words.x + width)


def lanes(drawing: Drawing) -> list[int]:
    return [lane.x for lane in drawing.lifelines]


def assert_all_within(drawing: Drawing) -> None:
    """Nothing reaches over an edge."""
    for words in drawing.words:
        left, right = extent(words)
        assert 0 <= left <= right <= drawing.width, words
        assert LETTER <= words.y <= drawing.height, words
    for shaft in drawing.shafts:
        assert {shaft.x1, shaft.x2} <= set(lanes(drawing))
        assert 0 < shaft.y < drawing.height
    for box in drawing.boxes:
        assert 0 <= box.y < box.y + box.height <= drawing.height
    assert all(0 <= x <= drawing.width for x in lanes(drawing))


@EVERY_FORMAT
def test_the_lanes_stand_in_order_under_their_names(form: Format) -> None:
    drawing = draw([], form)
    assert drawing.width == form.width
    assert [lane.name for lane in drawing.lifelines] == ["client", "app", "upstream"]
    assert lanes(drawing) == sorted(set(lanes(drawing)))
    assert (drawing.boxes, drawing.shafts, drawing.words) == ((), (), ())
    for lane in drawing.lifelines:
        width = CHARACTER * len(lane.name) * 13 / 11.5  # names are larger
        left = lane.x - {"start": 0.0, "middle": width / 2, "end": width}[lane.anchor]
        assert 0 <= left <= left + width <= drawing.width


@EVERY_FORMAT
@EVERY_LABEL
def test_everything_lies_within_the_drawing(label: str, form: Format) -> None:
    for row in all_kinds(label):
        assert_all_within(draw([row], form))
    assert_all_within(draw(all_kinds(label), form))


@pytest.mark.parametrize(("tail", "head"), WAYS)
@EVERY_LABEL
def test_an_arrow_goes_from_lane_to_lane_with_its_words_between(tail: Party, head: Party, label: str) -> None:
    drawing = draw([arrow(label, tail, head)])
    (shaft,) = drawing.shafts
    assert (shaft.x1, shaft.x2) == (lanes(drawing)[tail], lanes(drawing)[head])
    (words,) = [words for words in drawing.words if words.kind == "label"]
    left, right = extent(words)
    assert min(shaft.x1, shaft.x2) < left <= right < max(shaft.x1, shaft.x2)
    assert shaft.y - LETTER < words.y < shaft.y


@pytest.mark.parametrize(("tail", "head"), WAYS)
@EVERY_LABEL
def test_in_a_narrow_one_words_stay_between_their_two_lanes(tail: Party, head: Party, label: str) -> None:
    drawing = draw([arrow(label, tail, head)], NARROW)
    (shaft,) = drawing.shafts
    assert (shaft.x1, shaft.x2) == (lanes(drawing)[tail], lanes(drawing)[head])
    (words,) = [words for words in drawing.words if words.kind == "label"]
    (clock,) = [words for words in drawing.words if words.kind == "clock"]
    assert words.anchor == ("start" if CLIENT in (tail, head) else "end")
    first, second = sorted((extent(words), extent(clock)))
    assert lanes(drawing)[CLIENT] < first[0] <= first[1] < second[0] <= second[1] < lanes(drawing)[UPSTREAM]
    assert shaft.y - LETTER < words.y == clock.y < shaft.y
    left, right = sorted((lanes(drawing)[tail], lanes(drawing)[head]))
    assert left < extent(words)[0] <= extent(words)[1] < right


@pytest.mark.parametrize(("party", "side"), [(CLIENT, 0), (APP, 1), (UPSTREAM, 1)])
@EVERY_LABEL
def test_a_remark_stands_beside_its_lane(party: Party, side: int, label: str) -> None:
    drawing = draw([Remark(0.5, party, label)])
    (words,) = [words for words in drawing.words if words.kind == "label"]
    left, right = extent(words)
    assert lanes(drawing)[side] < left <= right < lanes(drawing)[side + 1]
    assert words.text[:3] == label[:3]
    assert not drawing.shafts


@pytest.mark.parametrize(
    ("row", "text"), [(Pause(2.04), "2.0 s pause"), (Fold("7 more times the same"), "… 7 more times the same")]
)
def test_what_is_no_moment_has_no_milliseconds_and_is_faint(row: Row, text: str) -> None:
    drawing = draw([row])
    (words,) = drawing.words
    assert (words.text, words.kind) == (text, "faint")
    left, right = extent(words)
    assert lanes(drawing)[CLIENT] < left <= right < lanes(drawing)[APP]


@pytest.mark.parametrize(("at", "text"), [(0.0, "0.0"), (0.0123, "12.3"), (999.9999, "999999.9")])
def test_rows_begin_with_their_milliseconds(at: float, text: str) -> None:
    for row in (arrow("tea", at=at), Remark(at, CLIENT, "tea"), Divergence(at, "tea", "coffee")):
        drawing = draw([row])
        (clock,) = [words for words in drawing.words if words.kind == "clock"]
        assert clock.text == text
        assert extent(clock)[1] < lanes(drawing)[CLIENT]


@EVERY_FORMAT
@EVERY_LABEL
def test_where_they_part_has_a_strip_around_its_words(label: str, form: Format) -> None:
    drawing = draw([arrow("before", wrong=True), Divergence(0.25, label, label), arrow("after")], form)
    (box,) = drawing.boxes
    inside = [words for words in drawing.words if box.y < words.y < box.y + box.height]
    firsts = {words.kind: words.text[:10].strip() for words in reversed(inside)}  # of the lines of each
    assert firsts == {"clock": "250.0", "expected": "expected", "seen": "seen"}
    kinds = [words.kind for words in inside]
    assert kinds == ["clock", *["expected"] * kinds.count("expected"), *["seen"] * kinds.count("seen")]
    assert all(box.y <= words.y - LETTER for words in inside)
    before, after = drawing.shafts
    assert before.y < box.y
    assert box.y + box.height <= min(words.y for words in drawing.words if words.y > box.y + box.height) - LETTER
    assert after.y > box.y + box.height


def test_only_the_offending_arrow_is_painted_as_wrong() -> None:
    drawing = draw([arrow("tea"), arrow("coffee", wrong=True), arrow("water")])
    assert [shaft.wrong for shaft in drawing.shafts] == [False, True, False]
    assert [words.text for words in drawing.words if words.kind == "wrong"] == ["coffee"]


@EVERY_FORMAT
@EVERY_LABEL
def test_a_drawing_grows_with_its_rows_and_leaves_those_above_as_they_are(label: str, form: Format) -> None:
    shown = all_kinds(label)
    drawings = [draw(shown[:count], form) for count in range(len(shown) + 1)]
    for fewer, more in pairwise(drawings):
        assert more.height >= fewer.height + LETTER
        assert more.words[: len(fewer.words)] == fewer.words
        assert more.shafts[: len(fewer.shafts)] == fewer.shafts
        above = [*(words.y for words in fewer.words), *(shaft.y for shaft in fewer.shafts)]
        assert min(words.y for words in more.words[len(fewer.words) :]) - LETTER > max(above, default=0)
        assert more.lifelines == fewer.lifelines


@LAW
@given(results(), st.none() | st.integers(2, 20), st.sampled_from([WIDE, NARROW]))
def test_whatever_is_recorded_can_be_drawn(checked: CheckResult, most: int | None, form: Format) -> None:
    drawing = draw(rows(checked, most=most), form)
    assert_all_within(drawing)
    assert [words.text for words in drawing.words if not is_safe(words.text)] == []
