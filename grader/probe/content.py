"""JSON content: parsed strictly (RFC 8259), and checked against a kata's JSON Schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import BadKata, Violation
from grader.model import Spot
from grader.probe.shape import Fits, quick_look
from grader.probe.values import Json
from grader.protocol import json_text
from grader.requirement import cited
from grader.text import visible, visible_ends

if TYPE_CHECKING:
    from grader.probe.session import Session

#: Deeper values are refused (RFC 8259 9 allows that). Checking or printing one takes several Python frames a level, and
#: a RecursionError there would look like a fault of the grader. The katas' own documents have four levels.
DEEPEST = 100

#: Errors among which the best match is found. To look at each takes 30 microseconds; a body may have millions.
_MOST_ERRORS = 1000

#: Characters of an excerpt.
_LONG = 120

#: Mistakes in a text that the grammar of JSON allows (RFC 8259 9).
_LEGAL = {json_text.Wrong.TOO_LARGE, json_text.Wrong.TOO_DEEP}
_MISTAKES = {
    json_text.Wrong.PYTHON_REPR: " — this is Python notation; json.dumps() writes JSON",
    json_text.Wrong.NOT_A_NUMBER: " — NaN and Infinity are not valid JSON",
    json_text.Wrong.UNFINISHED: " — it ends in the middle",
    json_text.Wrong.SEVERAL_VALUES: " — it is more than one value",
    json_text.Wrong.DATA_PREFIX: " — `data: ` is written twice, by the app and by the library that sends the event",
    json_text.Wrong.TOO_DEEP: " — it is nested too deeply to be read",
    json_text.Wrong.TOO_LARGE: " — it has a number that is too large: clients read it as infinite",
    json_text.Wrong.SEVERAL_LINES: (
        " — each of these lines is JSON of its own, but no blank line ends the events between them, so a browser joins "
        "them to one event"
    ),
    json_text.Wrong.PADDED_MARK: " — it is “[DONE]” with white space around it: clients compare the whole data",
}
#: Of a whole body, the same beginning has another cause.
_MISTAKES_OF_BODY = _MISTAKES | {
    json_text.Wrong.DATA_PREFIX: " — this is an event stream, where one JSON document was asked for",
    json_text.Wrong.SEVERAL_LINES: " — it is one JSON value on each line, where one JSON document was asked for",
}
_BODY = "the body"
#: How a body begins that is an event stream.
_STREAM = re.compile(r"(?:data|event|id|retry)?:")


def decode(body: bytes, *, what: str) -> str:
    """``body`` as UTF-8, which RFC 8259 8.1 requires of JSON between systems. Raises Violation."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Violation(
            expected=f"{what} in UTF-8",
            seen=f"{error.reason} at byte {error.start}",
            sentence=f"{what} is not UTF-8: {error.reason} at byte {error.start}",
            requirement=cited("RFC 8259 8.1"),
            spot=Spot.around(body, error.start),
        ) from None


def parse(text: str, *, what: str, schema: str, session: Session, spot: Callable[[], Spot]) -> Json:
    """``text`` as a JSON value of the shape that ``schema`` names ("" asks for no shape). Raises Violation.

    ``spot`` finds the text in its body, for a report.

    What was found right is kept, as far as it is small: laws read the responses of all checks once more.
    So do not change it.
    """
    is_known, value = session.values.get(text, schema)
    if is_known:
        return value
    return session.values.keep(text, schema, _parsed(text, what=what, schema=schema, session=session, spot=spot))


def _parsed(text: str, *, what: str, schema: str, session: Session, spot: Callable[[], Spot]) -> Json:
    try:
        value = json_text.parse(text)
        # Each level needs a bracket, so the value of a text with few of them is not looked through.
        if text.count("[") + text.count("{") > DEEPEST and _is_deeper_than(DEEPEST, value):
            raise json_text.NotJson(json_text.Wrong.TOO_DEEP)
    except json_text.NotJson as error:
        why = f" — {error.detail}" if error.detail and text else ""
        mistakes = _MISTAKES_OF_BODY if what == _BODY else _MISTAKES
        wrong = json_text.Wrong.DATA_PREFIX if what == _BODY and _STREAM.match(text) else error.wrong
        quoted = f"“{_excerpt(text, error.detail)}”" if text else "(empty)"  # spaces at its ends are seen
        seen = quoted + mistakes.get(wrong, why)
        says = f"{what} {'cannot be read' if wrong in _LEGAL else 'is not valid JSON'}: {seen}"
        raise Violation(
            expected=f"{what} as JSON", seen=seen, sentence=says, requirement=cited("RFC 8259 2"), spot=spot()
        ) from None
    if schema:
        _check(value, text, what=what, schemas=session.schemas, schema=schema, spot=spot)
    return value


def prepare(schemas: Path, *, in_full: bool = False) -> None:
    """Load the kata's schemas while the app boots, ``in_full`` with jsonschema, which only a failure needs.

    An invalid schema is reported when it is used.
    """
    for path in schemas.glob("*.json"):
        _quick_look(schemas, path.stem)
        with suppress(BadKata):
            if in_full:
                _validator(path)


def _check(value: Json, text: str, *, what: str, schemas: Path, schema: str, spot: Callable[[], Spot]) -> None:
    quick = _quick_look(schemas, schema)
    if quick is not None and quick(value):
        return
    from jsonschema.exceptions import best_match  # heavy, and of no use where all is right

    path = schemas / f"{schema}.json"
    error = best_match(islice(_validator(path).iter_errors(value), _MOST_ERRORS))
    if error is not None:
        where = error.json_path if error.json_path != "$" else "the top level"
        inner = isinstance(error.instance, dict | list) and error.json_path != "$"
        excerpt = _excerpt(json.dumps(error.instance, ensure_ascii=False) if inner else text)
        wrong = f"{visible_ends(error.message, 160)} — in {excerpt}"
        if error.json_path == "$" and error.validator == "type":  # the message has the whole value, as Python writes it
            wrong = f"{excerpt} is not of type {error.message.rpartition(' is not of type ')[2]}"
        within = "" if error.json_path == "$" else f", at {visible(where)}"
        raise Violation(
            expected=f"{what} by {path.name}",
            seen=f"at {visible(where)}: {wrong}",
            sentence=f"{what} does not fit {path.name}{within}: {wrong}",
            spot=spot(),
        )


@cache
def _quick_look(schemas: Path, schema: str) -> Fits | None:
    try:
        return quick_look(json.loads((schemas / f"{schema}.json").read_text("utf-8")))
    except (OSError, ValueError):
        return None  # _validator() says what is wrong


@cache
def _validator(path: Path) -> Any:
    from jsonschema import Draft202012Validator, validators  # heavy, as above
    from jsonschema.exceptions import SchemaError

    try:
        schema = json.loads(path.read_text("utf-8"))
        Draft202012Validator.check_schema(schema)
    except (OSError, ValueError, SchemaError) as error:
        why = error.message if isinstance(error, SchemaError) else str(error)
        raise BadKata(f"The specification needs {path.parent.name}/{path.name}, a JSON Schema: {why}") from error
    extend: Any = validators.extend  # it has no types
    return extend(Draft202012Validator, {"items": _wrong_items})(schema)


def _wrong_items(validator: Any, asked: Any, value: Json, schema: Json) -> Iterator[Any]:
    """The errors of the keyword "items" (Core 10.3.1.2), without asking jsonschema about items that are right.

    It takes minutes for the millions that a body may have.
    """
    if not validator.is_type(value, "array"):
        return
    fits, first = quick_look(asked), len(schema.get("prefixItems", ()))
    for index, item in enumerate(value[first:], first):
        if fits is None or not fits(item):
            yield from validator.descend(item, asked, path=index)


def _is_deeper_than(levels: int, value: Json) -> bool:
    layer = [value]
    for _ in range(levels):
        if not layer:
            return False
        inner = [item.values() if isinstance(item, dict) else item for item in layer if isinstance(item, dict | list)]
        layer = [child for children in inner for child in children]
    return bool(layer)


def _excerpt(text: str, detail: str = "") -> str:
    """``text``, without its middle where it is long; or what stands around the character that ``detail`` names."""
    named = re.search(r"character (\d+)", detail)
    if named is None or len(text) <= _LONG or int(named[1]) < _LONG // 2:
        return visible_ends(text, _LONG)
    start = int(named[1]) - _LONG // 2
    return "…" + visible(text[start:], _LONG)
