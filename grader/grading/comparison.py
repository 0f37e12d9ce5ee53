"""Reads a failed ``assert seen == expected``: what was expected, and what was seen instead."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from grader.errors import Violation
from grader.probe.feeds.feed import StreamFault
from grader.requirement import cited
from grader.text import plural, visible_ends

_ORDER = {"<=": "at most", "<": "less than", ">=": "at least", ">": "more than"}
#: Two values that take fewer characters together are shown whole; longer ones only at the place where they differ.
_SHORT = 100
#: The same for two lists that differ from the first item on: the mistake may be their order, or one about all items.
_SHORT_LISTS = 200
_DEEP = 4  # levels of nested values within which a difference is looked for
_MANY = 12  # items of an enumeration that are shown
_RUN = 4  # so many equal items in a row are counted instead of repeated


class _Absence:
    """Stands for a missing value."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __repr__(self) -> str:
        return self._words


_NOTHING: Final = _Absence("(nothing)")
_NO_MORE: Final = _Absence("(no more)")


def violation(op: str, left: object, right: object) -> Violation:
    """The Violation for a comparison ``left op right`` that is false; ``left`` is what was seen."""
    faults = [item for item in left if isinstance(item, StreamFault)] if isinstance(left, list) else []
    if faults:
        return _of_faults(faults)
    expected, seen = _expected_and_seen(op, left, right)
    return Violation(expected=expected, seen=seen, statuses=frozenset(_numbers(right)))


def _numbers(value: object) -> Iterator[int]:
    """The numbers that a value was compared with: the number itself, or those in an enumeration."""
    match value:
        case bool():
            return
        case int():
            yield value
        case list() | tuple() | set() | frozenset():
            for item in value:
                if not isinstance(item, list | tuple | set | frozenset):  # a list can hold itself
                    yield from _numbers(item)


def _expected_and_seen(op: str, left: object, right: object) -> tuple[str, str]:
    match op:
        case "==" | "is":
            return _difference(left, right)
        case "!=" | "is not":
            return f"anything but {pretty(right)}", pretty(left)
        case "in" if isinstance(right, list | tuple | set | frozenset):
            return f"one of {_enumeration(right)}", pretty(left)
        case "in":
            return f"a value containing {pretty(left)}", pretty(right)
        case "not in":
            return f"no {pretty(left)}", _held(left, right)
        case _:
            return f"{_ORDER.get(op, op)} {pretty(right)}", pretty(left)


def pretty(value: object, limit: int = 200) -> str:
    """A value as a learner writes it: JSON where it is JSON, text in quotes, bytes as text."""
    if isinstance(value, bytes):
        return visible_ends(value.decode("utf-8", "backslashreplace"), limit) if value else repr(_NOTHING)
    if isinstance(value, str) and not value:
        return "(empty)"
    if isinstance(value, tuple):
        return _enumeration(value)
    if isinstance(value, list) and (runs := _runs(value)):
        return visible_ends(f"[{', '.join(runs)}]", limit)
    if isinstance(value, Mapping):
        value = dict(value)
    for write in (partial(json.dumps, ensure_ascii=False), repr):
        try:
            return visible_ends(write(value), limit)
        except (TypeError, ValueError, RecursionError):  # not JSON; a number of 5000 digits; nested too deeply
            continue
    return f"(a value of type {type(value).__name__} that cannot be shown)"


def _enumeration(items: Collection[object]) -> str:
    found = list(items) if isinstance(items, list | tuple) else sorted(items, key=pretty)
    more = f", … ({plural(len(found), 'item')} in all)" if len(found) > _MANY else ""
    return ", ".join(pretty(item, 100) for item in found[:_MANY]) + more


def _runs(items: list[object]) -> list[str]:
    """``items`` with equal ones in a row counted, as in ``5 × "message"``; [] when that makes nothing shorter."""
    if not all(isinstance(item, str | int | float | None) for item in items):
        return []
    groups = [(text, len(list(same))) for text, same in itertools.groupby(pretty(item, 100) for item in items)]
    if max((count for _, count in groups), default=0) < _RUN:
        return []
    return [text if count == 1 else f"{count} × {text}" for text, count in groups]


def _difference(left: object, right: object, depth: int = 0) -> tuple[str, str]:
    """Both values, the expected one first; of long ones, the place where they differ."""
    expected, seen = pretty(right), pretty(left)
    if isinstance(left, list) and right == []:
        return "none", f"{plural(len(left), 'item')}: {seen}"
    where, left_there, right_there = _divergence(left, right)
    short = _SHORT_LISTS if where == "at item 1" else _SHORT
    plain = len(expected) + len(seen) < short or where == "at character 1"
    if depth == _DEEP or not where or (plain and expected != seen):
        return expected, seen + _count(left, right)
    if isinstance(left, str):
        expected, seen = pretty(right_there, 400), pretty(left_there, 400)
    else:
        expected, seen = _difference(left_there, right_there, depth + 1)
    return f"{where}: {expected}", f"{where}: {seen}{_count(left, right)}"


def _divergence(left: object, right: object) -> tuple[str, object, object]:
    """The place where two values of one type first differ, and both values there; of text, the characters around it.

    The place is "" where the types differ, or where nothing says more than the whole values.
    """
    match left, right:
        case str(), str():
            at = _first_difference(left, right)
            around = slice(max(0, at - 20), at + 60)
            return f"at character {at + 1}", left[around], right[around]
        case (list() | tuple(), list() | tuple()) if type(left) is type(right):
            at = _first_difference(left, right)
            return f"at item {at + 1}", _item(left, at), _item(right, at)
        case dict(), dict():
            pairs = ((key, left.get(key, _NOTHING), right.get(key, _NOTHING)) for key in [*right, *left])
            for key, left_there, right_there in pairs:
                if not _same(left_there, right_there):
                    return f"under {pretty(key)}", left_there, right_there
    return "", left, right


def _first_difference(left: Sequence[object], right: Sequence[object]) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((at for at, (a, b) in pairs if not _same(a, b)), min(len(left), len(right)))


def _item(items: Sequence[object], at: int) -> object:
    return items[at] if at < len(items) else _NO_MORE


def _same(left: object, right: object) -> bool:
    try:
        return left == right
    except RecursionError:
        return False


def _count(left: object, right: object) -> str:
    if isinstance(left, list) and isinstance(right, list) and len(left) != len(right):
        return f" ({plural(len(left), 'item')} for {len(right)})"
    return ""


def _held(left: object, right: object) -> str:
    """The value of a name in a mapping; anything else is returned whole."""
    return f"{pretty(left)}: {pretty(right[left])}" if isinstance(right, Mapping) else pretty(right)


def _of_faults(faults: list[StreamFault]) -> Violation:
    first = faults[0]
    more = f" (and {plural(len(faults) - 1, 'more fault')})" if len(faults) > 1 else ""
    seen = first.message + more
    requirement = cited(first.rule)
    return Violation(
        expected="a stream without faults",
        seen=seen,
        sentence=seen,
        requirement=requirement,
        spot=first.spot,
        told=first.message,
    )
