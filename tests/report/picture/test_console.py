"""The picture as lines of text: exactly as wide as there is room, with its lanes in place, whatever the labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from grader.model import CheckResult
from grader.protocol.transcript import Act
from grader.report.picture.console import ASCII, LINES, Glyphs, Pen, PictureLine, Tone
from grader.report.picture.layout import Arrow, Divergence, Fold, Party, Pause, Remark, Row, rows
from tests.report.picture.story import LABELS, LAW, is_safe, results

CLIENT, APP, UPSTREAM = Party
WIDTHS = range(60, 161)
WAYS = [(CLIENT, APP), (APP, CLIENT), (APP, UPSTREAM), (UPSTREAM, APP)]

EVERY_LABEL = pytest.mark.parametrize("label", LABELS.values(), ids=LABELS)


def arrow(label: str, tail: Party = APP, head: Party = CLIENT, *, at: float = 0.0123, wrong: bool = False) -> Arrow:
    return Arrow(at, tail, head, label, Act.CHUNK, 1, wrong)


def all_kinds(label: str) -> list[Row]:
    """A row of each kind that stands between the lanes."""
    return [
        *[arrow(label, tail, head) for tail, head in WAYS],
        arrow(label, wrong=True),
        *[Remark(999.9, party, label) for party in Party],
        Pause(12.34),
        Fold(label),
    ]


def divergence(label: str) -> Divergence:
    return Divergence(1.5, label, label)


def drawn(pen: Pen, *shown: Row) -> list[PictureLine]:
    return list(pen.lines(shown))


def columns(text: str) -> dict[int, str]:
    """The character in each column; of a wide one the first column, of those that share a column the last."""
    found: dict[int, str] = {}
    column, before = 0, ""  # what stands before a character, and may be widened by it
    for char in text:
        found[column] = char
        column += cell_len(before + char) - cell_len(before)
        before = char if cell_len(char) else before + char
    return found


def lanes(pen: Pen) -> list[int]:
    """The columns of the lanes, by the heading above them: the app's name stands around its lane."""
    names = pen.heading().text
    return [names.index("client"), names.index("app") + 1, names.index("upstream") + len("upstream") - 1]


# -- the frame --------------------------------------------------------------------------------------------------------


def test_the_heading_names_the_lanes() -> None:
    heading = Pen(60).heading()
    assert heading.text.split() == ["ms", "client", "app", "upstream"]
    assert heading.tone is Tone.FAINT


@pytest.mark.parametrize("glyphs", [LINES, ASCII], ids=["lines", "ascii"])
@EVERY_LABEL
def test_every_line_is_exactly_as_wide_as_there_is_room_and_has_its_lanes_in_place(label: str, glyphs: Glyphs) -> None:
    for width in WIDTHS:
        pen = Pen(width, glyphs)
        assert cell_len(pen.heading().text) == width
        for line in drawn(pen, *all_kinds(label)):
            assert cell_len(line.text) == width, line.text
            found = columns(line.text)
            seen = [found[lane] for lane in lanes(pen)]
            expected = {glyphs.quiet} if line.tone is Tone.FAINT else {glyphs.lane}
            assert set(seen[1:]) == expected, line.text
            assert seen[0] == (glyphs.cross if line.tone is Tone.WRONG else seen[1]), line.text


@EVERY_LABEL
def test_where_they_part_is_never_wider_than_the_picture(label: str) -> None:
    for width in WIDTHS:
        lines = drawn(Pen(width), divergence(label))
        assert 2 <= len(lines) <= 10
        assert all(cell_len(line.text) <= width for line in lines)


@pytest.mark.parametrize("width", [-1, 0, 1, 20, 59])
def test_a_picture_is_never_narrower_than_can_be_read(width: int) -> None:
    assert drawn(Pen(width), *all_kinds(LABELS["long"])) == drawn(Pen(60), *all_kinds(LABELS["long"]))
    assert Pen(width).heading() == Pen(60).heading()


def test_more_room_is_given_to_both_sides() -> None:
    narrow, wide = lanes(Pen(60)), lanes(Pen(160))
    assert wide[1] - wide[0] > narrow[1] - narrow[0]
    assert wide[2] - wide[1] > narrow[2] - narrow[1]


# -- the rows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tail", "head"), WAYS)
@pytest.mark.parametrize("glyphs", [LINES, ASCII], ids=["lines", "ascii"])
def test_an_arrow_touches_the_lane_that_it_points_at(tail: Party, head: Party, glyphs: Glyphs) -> None:
    pen = Pen(80, glyphs)
    (line,) = drawn(pen, arrow("tea", tail, head))
    step = 1 if head > tail else -1
    touched = lanes(pen)[head] - step
    assert line.text[touched] == (glyphs.right if step > 0 else glyphs.left)
    assert line.text[touched - step] == glyphs.line
    assert line.text.count(glyphs.right) + line.text.count(glyphs.left) == 1
    left, right = sorted([lanes(pen)[tail], lanes(pen)[head]])
    assert left < line.text.index("tea") < right
    around = line.text[9:left] + line.text[right + 1 :]
    assert not around.replace(glyphs.lane, "").strip()


@pytest.mark.parametrize(("party", "side"), [(CLIENT, 0), (APP, 1), (UPSTREAM, 1)])
def test_a_remark_stands_beside_its_lane(party: Party, side: int) -> None:
    pen = Pen(80)
    (line,) = drawn(pen, Remark(0.5, party, "stops reading"))
    assert line.text.index("stops reading") == lanes(pen)[side] + 2
    assert not {LINES.right, LINES.left} & set(line.text)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (0.0, "     0.0 "),
        (0.0123, "    12.3 "),
        (1.5, "  1500.0 "),
        (999.8, "999800.0 "),
        (999.9999, " 1000000 "),  # there is no room for more digits
        (86400.0, "86400000 "),
    ],
)
def test_rows_begin_with_their_milliseconds(at: float, words: str) -> None:
    for row in (arrow("tea", at=at), Remark(at, CLIENT, "tea"), Divergence(at, "tea", "coffee")):
        assert drawn(Pen(80), row)[0].text.startswith(words)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Pause(2.04), "2.0 s pause"),
        (Fold("7 more times the same"), "… 7 more times the same"),
    ],
)
def test_what_is_no_moment_has_no_milliseconds_and_is_faint(row: Row, words: str) -> None:
    (line,) = drawn(Pen(80), row)
    assert line.tone is Tone.FAINT
    assert line.text.strip(f" {LINES.quiet}").startswith(words)
    assert line.text.startswith(" " * 9)


def test_where_they_part_stands_what_was_expected_above_what_was_seen() -> None:
    expected, seen = drawn(Pen(80), Divergence(0.25, "tea", "coffee"))
    assert (expected.text, expected.tone) == ("   250.0 ✗ expected tea", Tone.PLAIN)
    assert (seen.text, seen.tone) == ("           seen     coffee", Tone.WRONG)


def test_an_offending_arrow_is_seen_without_colours() -> None:
    pen = Pen(80)
    (right,), (wrong,) = drawn(pen, arrow("tea")), drawn(pen, arrow("tea", wrong=True))
    assert (right.tone, wrong.tone) == (Tone.PLAIN, Tone.WRONG)
    assert LINES.cross not in right.text
    assert wrong.text.count(LINES.cross) == 1
    assert wrong.text.replace(LINES.cross, LINES.lane) == right.text


@pytest.mark.parametrize("name", ["long", "Japanese", "emoji"])
def test_a_label_that_is_too_long_loses_its_middle(name: str) -> None:
    label = LABELS[name]
    arrows = [arrow(label, tail, head) for tail, head in WAYS]
    for line in drawn(Pen(80), *arrows, Remark(0.5, CLIENT, label), Remark(0.5, APP, label)):
        assert label[:6] in line.text
        assert "…" in line.text
        assert label[-4:].strip() in line.text


def test_how_a_chunk_ends_is_in_sight() -> None:
    chunk = 'data: {"index": 12, "text": " a long text of an item that goes on"}\\n'
    (line,) = drawn(Pen(80), arrow(chunk))
    assert line.text.startswith("    12.3 │◄─ data: {")
    assert '"}\\n' in line.text


def test_what_was_seen_is_not_cut_at_one_row() -> None:
    seen = "a value that is longer than one row of the picture, and whose end is what is wrong with it: " + "x" * 30
    lines = drawn(Pen(80), Divergence(0.25, "tea", seen))
    assert "".join(line.text[20:] for line in lines[1:]).endswith("x" * 30)
    assert {line.tone for line in lines[1:]} == {Tone.WRONG}


def test_a_label_that_just_fits_is_whole() -> None:
    pen = Pen(80)
    room = lanes(pen)[1] - lanes(pen)[0] - 5  # between two blanks, a shaft and a point
    assert "x" * room + " " in drawn(pen, arrow("x" * room))[0].text
    assert LINES.more in drawn(pen, arrow("x" * (room + 1)))[0].text


# -- letters ----------------------------------------------------------------------------------------------------------


def test_the_graders_own_words_are_ascii_where_the_picture_is() -> None:
    opened = Arrow(0.0, Party.APP, Party.UPSTREAM, f"opens “{60 * 'tea'}…”", Act.OPENED, 1)
    (line,) = drawn(Pen(80, ASCII), opened)
    assert line.text.isascii()
    assert 'opens "tea' in line.text
    assert cell_len(line.text) == 80


def test_without_odd_labels_a_plain_picture_is_ascii() -> None:
    pen = Pen(80, ASCII)
    for label in (LABELS["empty"], LABELS["short"], LABELS["long"]):
        lines = [pen.heading(), *drawn(pen, *all_kinds(label), divergence(label))]
        assert [line.text for line in lines if not line.text.isascii()] == []


@LAW
@given(results(), st.sampled_from(WIDTHS), st.sampled_from([LINES, ASCII]))
def test_whatever_is_recorded_keeps_the_lanes_in_place(checked: CheckResult, width: int, glyphs: Glyphs) -> None:
    pen = Pen(width, glyphs)
    for row in rows(checked):
        for line in pen.draw(row):
            assert is_safe(line.text)
            if isinstance(row, Divergence):
                assert cell_len(line.text) <= width
                continue
            assert cell_len(line.text) == width
            found = columns(line.text)
            assert {found[lane] for lane in lanes(pen)} <= {glyphs.lane, glyphs.quiet, glyphs.cross}
