"""Reads strict JSON, and recognises what is sent by mistake instead of it."""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from enum import Enum, auto
from typing import Final, TypeAlias, cast

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

#: Characters of JSON whitespace, RFC 8259 2.
WHITESPACE: Final = " \t\r\n"
#: Longer texts are not tried as Python notation, so that a diagnosis takes little time.
_LONGEST_REPR = 1 << 16
#: Python's own limit for int(), below which reading digits is safe.
_LONGEST_INT = 4300
#: The data of the last event of some streams, such as those of Chat Completions.
_MARK = "[DONE]"
#: A dict's repr even where it holds things that literal_eval refuses, such as datetime.datetime(...).
_DICT_REPR = re.compile(r"\[?\{'[^'\n]{0,200}': ")
#: What Python writes and JSON does not, and the strings to be skipped. The quantifiers are possessive, and a string
#: without an end takes all the rest, so that any text takes linear time.
_PYTHON_TOKEN = re.compile(
    r"""
    (?P<quoted> b?'(?:[^'\\]|\\.)*+'? | \b(?:None|True|False)\b )
    | (?P<string> b?"(?:[^"\\]|\\.)*+"? | (?<![\w.])-?\d[\d.]*+(?=\s*+:) )
    | (?P<last_comma> ,(?=\s*+[\])}]) )
    | (?P<bracket> [()] )
    """,
    re.VERBOSE | re.DOTALL,
)
_SKIP = re.compile(f"[{WHITESPACE}]*")
_BYTES_REPR = re.compile(r"""b(?:'.*'|".*")""", re.DOTALL)


class Wrong(Enum):
    """The mistakes that make a text invalid JSON."""

    NOT_JSON = auto()
    UNFINISHED = auto()  # well formed as far as it goes
    SEVERAL_VALUES = auto()
    SEVERAL_LINES = auto()  # objects or arrays, one a line
    PADDED_MARK = auto()  # [DONE], by which some streams end, with white space around it
    NOT_A_NUMBER = auto()  # NaN or Infinity, which json.dumps writes and RFC 8259 6 forbids
    TOO_DEEP = auto()
    TOO_LARGE = auto()  # a number beyond the range of a double, which clients read as infinite (RFC 8259 6)
    PYTHON_REPR = auto()
    DATA_PREFIX = auto()  # with the field name of an event stream before it
    JSON_IN_JSON = auto()  # legal: a string that contains an object or an array as JSON


#: Mistakes that no other text than one that is meant as JSON can show.
_CERTAIN = (Wrong.NOT_A_NUMBER, Wrong.PYTHON_REPR, Wrong.SEVERAL_LINES)


class NotJson(ValueError):
    """Raised by :func:`parse`; ``wrong`` says how the text fails, ``detail`` (perhaps "") where."""

    def __init__(self, wrong: Wrong, detail: str = "") -> None:
        super().__init__(wrong.name)
        self.wrong = wrong
        self.detail = detail


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _finite(number: str) -> float:
    found = float(number)
    return found if math.isfinite(found) else _refuse(number)


def _within_a_double(digits: str) -> int:
    return int(digits) if len(digits) < _MANY_DIGITS else int(_refuse(digits))


#: As many digits as no double has before its point.
_MANY_DIGITS = 309
#: Raises ValueError for the constants that only Python knows, and for numbers that may be too large.
_STRICT = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite, parse_int=_within_a_double)


def parse(text: str) -> JSON:
    """The one JSON value in ``text``, strictly after RFC 8259. Raises :class:`NotJson`."""
    stripped = text.strip(WHITESPACE)
    with suppress(ValueError, RecursionError):  # most texts are right, and need no explanation
        found, end = _STRICT.raw_decode(stripped)
        if end == len(stripped):
            return cast("JSON", found)
    return _explained(text, stripped)


def _explained(text: str, stripped: str) -> JSON:
    """The same for a text that has a mistake, or many digits in a row."""
    constants: list[str] = []
    too_large: list[str] = []

    def finite(number: str) -> int | float:
        if math.isinf(found := float(number)):
            too_large.append(number)
        return int(number) if number.lstrip("-").isdecimal() and math.isfinite(found) else found

    decoder = json.JSONDecoder(parse_constant=constants.append, parse_float=finite, parse_int=finite)
    try:
        value, end = decoder.raw_decode(stripped)
    except RecursionError:
        raise NotJson(Wrong.TOO_DEEP) from None
    except json.JSONDecodeError as error:
        wrong = Wrong.PADDED_MARK if stripped == _MARK != text else _what_else(stripped, error)
        raise NotJson(wrong, _detail(error)) from None
    if end < len(stripped):
        raise NotJson(Wrong.SEVERAL_LINES if _is_a_value_a_line(stripped) else _after_a_value(stripped, end, decoder))
    if constants:
        # Only now: "[Infinity War] is a film" is plain text, and "[Infinity]" is a list that JSON cannot express.
        raise NotJson(Wrong.NOT_A_NUMBER)
    if too_large:
        raise NotJson(Wrong.TOO_LARGE)
    result: JSON = value
    return result


def _is_a_value_a_line(text: str) -> bool:
    """Whether ``text`` has several lines, and each is an object or an array as JSON."""
    lines = text.split("\n")
    return len(lines) > 1 and all(_is_structured(line) for line in lines)


def remark(text: str) -> Wrong | None:
    """The mistake in data that may be meant as JSON; None unless it is certain."""
    if text.startswith(("b'", 'b"')):
        return Wrong.PYTHON_REPR if _is_repr(text) else None
    if not text.lstrip(WHITESPACE).startswith(("{", "[", '"')):
        return None
    try:
        return Wrong.JSON_IN_JSON if holds_json(parse(text)) else None
    except NotJson as error:
        return error.wrong if error.wrong in _CERTAIN else None


def holds_json(value: JSON) -> bool:
    """True for a string that contains a JSON object or array."""
    return isinstance(value, str) and _is_structured(value)


def _is_structured(text: str) -> bool:
    """Whether ``text`` is an object or an array as JSON."""
    if not text.lstrip(WHITESPACE).startswith(("{", "[")):
        return False
    try:
        parse(text)
    except NotJson:
        return False
    return True


def _detail(error: json.JSONDecodeError) -> str:
    what = error.msg.removesuffix(" at")  # "Invalid control character at"
    return f"{what[:1].lower()}{what[1:]} at character {error.pos + 1}"


def _what_else(text: str, error: json.JSONDecodeError) -> Wrong:
    if text.startswith("data:"):
        return Wrong.DATA_PREFIX
    if _is_repr(text):
        return Wrong.PYTHON_REPR
    if error.pos >= len(text) or error.msg.startswith("Unterminated string"):
        return Wrong.UNFINISHED
    return Wrong.NOT_JSON


def _after_a_value(text: str, end: int, decoder: json.JSONDecoder) -> Wrong:
    """A value was read up to ``end``: SEVERAL_VALUES when only more values follow."""
    while end < len(text):
        rest = _SKIP.match(text, end)
        assert rest is not None  # it matches nothing as well
        try:
            _, end = decoder.raw_decode(text, rest.end())
        except (json.JSONDecodeError, RecursionError):
            return Wrong.NOT_JSON
    return Wrong.SEVERAL_VALUES


def _is_repr(text: str) -> bool:
    """Whether ``text`` is what str() makes of a dict, a list or bytes, and not JSON."""
    if _BYTES_REPR.fullmatch(text) or _DICT_REPR.match(text):
        return True
    if not text.startswith(("{", "[")) or len(text) > _LONGEST_REPR:
        return False
    as_json, only_python = _as_json(text)
    if not only_python:
        return False
    try:
        json.loads(as_json, parse_int=_read_int)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


def _as_json(text: str) -> tuple[str, bool]:
    """A Python literal rewritten as JSON of the same shape, and whether it contained what only Python writes.

    ast.literal_eval could read it, but Python's compiler prints warnings about it, and the text is the app's.
    """
    only_python = False

    def rewrite(token: re.Match[str]) -> str:
        nonlocal only_python
        match token.lastgroup:
            case "last_comma":
                return ""
            case "bracket":
                return "[" if token[0] == "(" else "]"
            case "quoted":
                only_python = True
        return '"_"'

    return _PYTHON_TOKEN.sub(rewrite, text), only_python


def _read_int(digits: str) -> int | float:
    # int() raises beyond this length, and RFC 8259 6 lets a reader limit range and precision.
    return int(digits) if len(digits) <= _LONGEST_INT else float(digits)
