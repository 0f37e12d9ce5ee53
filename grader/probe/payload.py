"""JSON payloads: parsed strictly (RFC 8259), and checked against a kata's JSON Schemas."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from grader.errors import BadKata, Violation
from grader.model import Spot
from grader.text import visible

if TYPE_CHECKING:
    from grader.probe.session import Session

#: A parsed JSON value. A specification looks into it without ceremony, so it is not typed further.
Json = Any

_RULE = "RFC 8259 2"


def decode(body: bytes, *, what: str) -> str:
    """UTF-8, as RFC 8259 8.1 demands of JSON between systems."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        spot = Spot(body[max(0, error.start - 60) : error.start + 60], min(60, error.start), error.start)
        raise Violation(
            expected=f"{what} in UTF-8", seen=f"{error.reason} at byte {error.start}", rule="RFC 8259 8.1", spot=spot
        ) from None


def parse(text: str, *, what: str, schema: str, session: Session, spot: Spot) -> Json:
    """``text`` as a JSON value of the shape that ``schema`` names ("" asks for no shape). Raises Violation."""
    try:
        value = json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError) as error:
        raise Violation(
            expected=f"{what} as JSON", seen=f"{_excerpt(text)}{_guess(text, error)}", rule=_RULE, spot=spot
        ) from None
    if schema:
        _check(value, text, what=what, path=session.schemas / f"{schema}.json", spot=spot)
    return value


def _check(value: Json, text: str, *, what: str, path: Path, spot: Spot) -> None:
    from jsonschema.exceptions import best_match  # heavy, and loaded while the app boots

    error = best_match(_validator(path).iter_errors(value))
    if error is not None:
        where = error.json_path if error.json_path != "$" else "the whole of it"
        raise Violation(
            expected=f"{what} by {path.name}",
            seen=f"at {visible(where)}: {visible(error.message, 160)} — in {_excerpt(text)}",
            spot=spot,
        )


@cache
def _validator(path: Path) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        schema = json.loads(path.read_text("utf-8"))
        Draft202012Validator.check_schema(schema)
    except (OSError, ValueError, SchemaError) as error:
        raise BadKata(f"The specification needs {path}, a JSON Schema: {error}") from error
    return Draft202012Validator(schema)


def _excerpt(text: str) -> str:
    return visible(text, 120) if text else "(empty)"


def _guess(text: str, error: Exception) -> str:
    """What kind of mistake it looks like."""
    start = text.lstrip()[:2]
    if isinstance(error, _NotJson):
        return f" — {error} is no JSON number"
    if start[:1] in "{[(" and "'" in text[:200] and '"' not in text[:20]:
        return " — that is Python's own notation; json.dumps() writes JSON"
    if text.startswith("data:"):
        return " — the “data:” prefix is there twice"
    return ""


class _NotJson(ValueError):
    pass


def _not_json(constant: str) -> NoReturn:
    raise _NotJson(constant)
