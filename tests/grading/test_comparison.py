"""A comparison that does not hold is read as a report reads it: what was expected, what was seen instead."""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grader.grading.comparison import pretty, violation
from grader.model import Finding, Spot
from grader.probe.feeds.feed import StreamFault
from grader.requirement import cited

LAW = settings(deadline=None, derandomize=True, database=None, max_examples=200)
LONG = "x" * 300
DEEP: list[object] = []
for _ in range(100_000):
    DEEP = [DEEP]
ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)

COMPARISONS: list[tuple[str, object, object, str, str]] = [
    ("==", 404, 200, "200", "404"),
    ("==", None, "x", '"x"', "null"),
    ("==", True, 1.5, "1.5", "true"),
    ("==", "", "text/plain", '"text/plain"', "(empty)"),
    ("==", (500, "text/html"), (200, "text/plain"), '200, "text/plain"', '500, "text/html"'),
    ("==", b"", b"\xff\n", "\\xff\\n", "(nothing)"),
    ("==", 1, [1], "[1]", "1"),
    ("==", {"a": 1}, {"a": "é"}, '{"a": "é"}', '{"a": 1}'),
    ("==", "a\x1b[31m", "a", '"a"', '"a\\u001b[31m"'),
    ("==", [1, 2], [1, 2, 3], "[1, 2, 3]", "[1, 2] (2 items for 3)"),
    ("==", [], ["a"], '["a"]', "[] (0 items for 1)"),
    ("==", ["a", "b"], [], "none", '2 items: ["a", "b"]'),
    ("==", ["b"], ["a"], '["a"]', '["b"]'),
    ("==", ["b"] * 5, ["b"] * 4 + ["a"], '[4 × "b", "a"]', '[5 × "b"]'),
    ("==", [None] * 3, [None] * 4, "[4 × null]", "[null, null, null] (3 items for 4)"),
    ("==", [[]] * 4, [[]] * 5, "[[], [], [], [], []]", "[[], [], [], []] (4 items for 5)"),
    ("is", "true", True, "true", '"true"'),
    ("!=", 5, 5, "anything but 5", "5"),
    ("is not", None, None, "anything but null", "null"),
    ("<=", 7, 1, "at most 1", "7"),
    ("<", 1, 1, "less than 1", "1"),
    (">=", 0, 1, "at least 1", "0"),
    (">", 1, 1, "more than 1", "1"),
    ("in", "text/html", ("application/json", "application/problem+json"), "one of", '"text/html"'),
    ("in", 500, {422, 400}, "one of 400, 422", "500"),
    ("in", "lost", "an error", 'a value containing "lost"', '"an error"'),
    ("in", b"lost", b"an error", "a value containing lost", "an error"),
    ("in", "id", {"name": 1}, 'a value containing "id"', '{"name": 1}'),
    ("not in", "\n", "two\nlines", 'no "\\n"', '"two\\nlines"'),
    ("not in", "content-length", {"content-length": "5"}, 'no "content-length"', '"content-length": "5"'),
    ("not in", 1, [1, 2], "no 1", "[1, 2]"),
    ("not in", 1, {1}, "no 1", "{1}"),
]


@pytest.mark.parametrize(
    ("op", "left", "right", "expected", "seen"), COMPARISONS, ids=[f"{c[1]!r} {c[0]} {c[2]!r}" for c in COMPARISONS]
)
def test_a_comparison_becomes_expected_and_seen(op: str, left: object, right: object, expected: str, seen: str) -> None:
    found = violation(op, left, right).finding
    assert found.expected.startswith(expected) if expected == "one of" else found.expected == expected
    assert found.seen == seen


@pytest.mark.parametrize(
    ("left", "right", "expected", "seen"),
    [
        (LONG + "b" + LONG, LONG + "a" + LONG, "at character 301: ", "at character 301: "),
        (LONG, LONG + "a", 'a"', 'x"'),
        ([*range(90), 5], [*range(90), 90], "at item 91: 90", "at item 91: 5"),
        ([*range(90)], [*range(91)], "at item 91: 90", "at item 91: (no more)"),
        ([*range(91)], [*range(90)], "at item 91: (no more)", "at item 91: 90"),
        ([LONG, LONG + "b"], [LONG, LONG + "a"], "at item 2: at character 301: ", "at item 2: at character 301: "),
        ([LONG + "b"], [LONG + "a"], "at item 1: at character 301: ", "at item 1: at character 301: "),
        ({"same": LONG, "text": 1}, {"same": LONG, "text": 2}, 'under "text": 2', 'under "text": 1'),
        ({"same": LONG}, {"same": LONG, "text": 2}, 'under "text": 2', 'under "text": (nothing)'),
        ({"same": LONG, "more": 1}, {"same": LONG}, 'under "more": (nothing)', 'under "more": 1'),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_long_is_shown_where_it_parts(left: object, right: object, expected: str, seen: str) -> None:
    found = violation("==", left, right).finding
    assert expected in found.expected
    assert seen in found.seen
    assert len(found.expected) + len(found.seen) < 300


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)
values = json_values | st.binary() | st.tuples(json_values, json_values)
HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
    "is": operator.is_,
    "is not": operator.is_not,
}


def fails(op: str, left: object, right: object) -> bool:
    """Whether the comparison does not hold: what does, or cannot be made, is never asked about."""
    try:
        return not HOLDS[op](left, right)
    except (TypeError, ValueError, RecursionError):
        return False


def is_safe(shown: str) -> bool:
    return not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@LAW
@given(values, values)
def test_any_values_make_a_finding_that_can_be_shown(left: object, right: object) -> None:
    for found in (violation(op, left, right).finding for op in HOLDS if fails(op, left, right)):
        for words in (found.expected, found.seen):
            assert words
            assert is_safe(words)
            assert len(words) < 1500


prefixes = st.sampled_from(["", LONG, "\U000f0000" * 50, "\ud800" * 70, '"\\' * 40])
texts = st.tuples(prefixes, st.text(max_size=5)).map("".join)


@LAW
@given(*[st.lists(texts, max_size=4) | texts | st.dictionaries(st.sampled_from("abc"), texts)] * 2)
def test_what_differs_never_reads_alike(left: object, right: object) -> None:
    assume(left != right)
    found = violation("==", left, right).finding
    assert found.expected != found.seen


@pytest.mark.parametrize(
    "value",
    [
        "y" * 10_000_000,
        b"\xff" * 1_000_000,
        list(range(20_000)),
        tuple(range(20_000)),
        set(range(20_000)),
        {str(number): number for number in range(20_000)},
        10**5000,
        float("nan"),
        DEEP,
        ENDLESS,
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("op", HOLDS)
def test_odd_and_huge_values_are_shown_briefly(op: str, value: object) -> None:
    pairs: list[tuple[object, object]] = [(value, "x"), ("x", value), (value, [value]), (value, value), (0, value)]
    for found in (violation(op, left, right).finding for left, right in pairs if fails(op, left, right)):
        assert is_safe(found.expected + found.seen)
        assert len(found.expected) < 1500
        assert len(found.seen) < 1500


def fault(number: int, at: int = 3) -> StreamFault:
    return StreamFault(f"fault {number}", "WHATWG HTML 9.2.6", Spot(b"data 1", at, at))


@pytest.mark.parametrize(
    ("count", "seen"), [(1, "fault 0"), (2, "fault 0 (and 1 more fault)"), (50, "fault 0 (and 49 more faults)")]
)
def test_faults_of_a_stream_bring_their_requirement_and_their_place(count: int, seen: str) -> None:
    found = violation("==", [fault(number) for number in range(count)], [])
    assert (found.sentence, found.finding) == (
        seen,
        Finding("a stream without faults", seen, cited("WHATWG HTML 9.2.6"), spot=Spot(b"data 1", 3, 3)),
    )


def test_text_in_quotes_differs_from_the_value_that_it_names() -> None:
    assert pretty("null") != pretty(None)
    assert pretty("(empty)") != pretty("")
    assert pretty("a\nb") != pretty("a\\nb")


@pytest.mark.parametrize(
    ("right", "statuses"),
    [
        (404, {404}),
        ((404, "text/plain"), {404}),
        ([200, 206], {200, 206}),
        ("404", set()),
        (True, set()),
        (DEEP, set()),
    ],
)
def test_the_numbers_that_were_expected_are_kept(right: object, statuses: set[int]) -> None:
    assert violation("==", None, right).statuses == statuses
