"""A quick look never takes a wrong value for a right one, and the katas' right values are right at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from grader.probe.shape import quick_look

LAW = settings(deadline=None, derandomize=True, database=None, max_examples=1000)
SCHEMAS = sorted(Path(__file__).parents[2].glob("katas/*/schemas/*.json"))

NAMES = st.sampled_from("abc")
SCALARS = st.sampled_from([None, True, False, 0, 1, 2, 1.0, 0.5, "", "a", "ab"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
TYPES = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])
COUNTS = st.integers(0, 2)


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {},
        optional={
            "title": st.just("A title"),
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
            "const": SCALARS,
            "enum": st.lists(SCALARS, min_size=1, max_size=3),
            "required": st.lists(NAMES, max_size=2, unique=True),
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "items": inner,
            "minimum": SCALARS.filter(lambda one: type(one) in (int, float)),
            "maximum": SCALARS.filter(lambda one: type(one) in (int, float)),
            "minLength": COUNTS,
            "maxLength": COUNTS,
            "minItems": COUNTS,
            "maxItems": COUNTS,
        },
    )


@LAW
@given(schema=st.recursive(schemas(st.just({})), schemas, max_leaves=4), value=VALUES)
def test_what_fits_at_a_quick_look_fits(schema: Any, value: Any) -> None:
    look = quick_look(schema)
    if look is not None and look(value):
        assert Draft202012Validator(schema).is_valid(value)


@LAW
@given(schema=st.recursive(schemas(st.just({})), schemas, max_leaves=4), value=VALUES)
def test_only_fractions_need_a_second_look(schema: Any, value: Any) -> None:
    """Of schemas that it knows: Python takes 1.0, 1 and True for equal, so it leaves those to jsonschema."""
    look = quick_look(schema)
    if look is None or any("." in text for text in (json.dumps(schema), json.dumps(value))):
        return
    if '"const"' in (text := json.dumps(schema)) or '"enum"' in text:
        return
    assert look(value) == Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    "schema",
    [
        *({"type": "objekt"}, {"type": []}, {"type": ["null", "null"]}, {"type": 1}, {"required": "a"}, {"enum": 1}),
        *({"required": ["a", "a"]}, {"properties": []}, {"properties": {"a": {"type": "x"}}}, {"items": [{}]}),
        *({"minItems": -1}, {"minItems": 1.5}, {"minLength": "1"}, {"minimum": "1"}, {"minimum": True}, {"title": 1}),
        *([], "object", None, {"$ref": "#/$defs/a"}, {"additionalProperties": False}, {"const": [1]}, {"enum": [{}]}),
    ],
    ids=json.dumps,
)
def test_a_schema_that_is_wrong_or_asks_for_more_is_left_to_jsonschema(schema: object) -> None:
    assert quick_look(schema) is None


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: f"{path.parts[-3][:6]}-{path.stem}")
def test_the_katas_schemas_are_known(path: Path) -> None:
    assert quick_look(json.loads(path.read_text("utf-8"))) is not None


def test_true_is_no_integer() -> None:
    look = quick_look({"type": "integer"})
    assert look is not None
    assert look(1)
    assert not look(True)
    assert not look(1.0)
