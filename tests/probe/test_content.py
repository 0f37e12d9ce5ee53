"""JSON payloads: strict, by the kata's schemas, with a place to look when they are not."""

from __future__ import annotations

import gc
import json
import time
from pathlib import Path
from typing import Any

import pytest

from grader.errors import BadKata, Violation
from grader.model import Spot
from grader.probe import content
from grader.probe.session import Session
from grader.requirement import cited
from tests.probe.conftest import Meet, says

SPOT = Spot(b"data: ...", 0, 42)
SCHEMA = {
    "type": "object",
    "required": ["id", "choices"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "choices": {"type": "array", "items": {"$ref": "#/$defs/choice"}},
    },
    "$defs": {"choice": {"type": "object", "properties": {"index": {"type": "integer", "minimum": 0}}}},
}


@pytest.fixture
def session(meet: Meet, tmp_path: Path) -> Session:
    (tmp_path / "chunk.json").write_text(json.dumps(SCHEMA), "utf-8")
    return meet(says(b"")).session


def parse(session: Session, text: str, schema: str = "") -> Any:
    return content.parse(text, what="the data of the step event", schema=schema, session=session, spot=lambda: SPOT)


@pytest.mark.parametrize(
    "text", ['{"a": [1, 2.5, null, true]}', ' "text" ', "7", "null", '"\\ud83d\\ude00"', "\t[]\r\n"]
)
def test_any_json_value_is_one(text: str, session: Session) -> None:
    assert parse(session, text) == json.loads(text)


@pytest.mark.parametrize("depth", [1, 2, 49])
def test_a_nested_value_is_one(depth: int, session: Session) -> None:
    text = '{"a": [' * depth + "]}" * depth
    assert parse(session, text) == json.loads(text)


@pytest.mark.parametrize("depth", [101, *range(900, 1000)])
def test_a_value_that_is_nested_too_deeply_is_refused(depth: int, session: Session) -> None:
    """Just below the limit of Python's stack a value can be read, but neither checked nor printed."""
    with pytest.raises(Violation, match="nested too deeply"):
        parse(session, '{"id": ' + "[" * depth + "]" * depth + "}", "chunk")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "(empty)"),
        ("hello", "“hello”"),
        (" hello ", "“ hello ”"),
        ("{'a': None}", "json.dumps() writes JSON"),
        ("[1, NaN]", "NaN and Infinity are not valid JSON"),
        ("-Infinity", "NaN and Infinity are not valid JSON"),
        ('{"done": 1e999}', "a number that is too large"),
        ("[-1.5E+400]", "a number that is too large"),
        ('{"done": -1' + "0" * 400 + "}", "a number that is too large"),
        ("9" * 5000, "a number that is too large"),
        ('{"a": ', "it ends in the middle"),
        ('{"a": 1}{"b": 2}', "more than one value"),
        ('{"a": 1}\n{"b": 2}', "no blank line ends the events between them"),
        ("[DONE] ", "“[DONE]” with white space around it"),
        ('{"a": "' + "x" * 300 + '" "b": 1}', 'xxx" "b": 1}'),
        ("[" * 50_000 + "]" * 50_000, "nested too deeply"),
        ("\ufeff{}", "\\ufeff{}"),
        ("01", "01"),
        ('data: {"a": 1}', "`data: ` is written twice"),
        ('{"a": "\t"}', "invalid control character at character 8"),
        ('{"a": "b" c"}', "expecting ',' delimiter at character 11"),
    ],
)
def test_what_is_no_json_is_told_what_it_is(text: str, words: str, session: Session) -> None:
    with pytest.raises(Violation) as told:
        parse(session, text)
    assert told.value.finding.expected == "the data of the step event as JSON"
    assert words in told.value.finding.seen
    assert told.value.finding.requirement == cited("RFC 8259 2")
    assert told.value.finding.spot is SPOT
    assert len(told.value.finding.seen) < 300


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"id": "", "choices": []}, "at $.id: "),
        ({"id": "7"}, "at the top level: 'choices' is a required property"),
        (
            {"id": "7", "choices": [{"index": 0}, {"index": -1}]},
            "at $.choices[1].index: -1 is less than the minimum of 0",
        ),
        ({"id": "7", "choices": {}}, "at $.choices: {} is not of type 'array'"),
        ({"id": "7", "choices": [], "extra": 1}, "'extra' was unexpected"),
        ({"id": "x" * 500, "choices": "y" * 500}, "is not of type 'array'"),
        (["1"], "at the top level: [\"1\"] is not of type 'object'"),
        ({"id": "7", "choices": [{"index": "\x1b[31m" + "x" * 10_000}]}, "at $.choices[0].index"),
    ],
)
def test_a_wrong_shape_is_told_with_the_path_to_it(value: object, words: str, session: Session) -> None:
    with pytest.raises(Violation) as told:
        parse(session, json.dumps(value), "chunk")
    assert told.value.finding.expected == "the data of the step event by chunk.json"
    assert words in told.value.finding.seen
    assert told.value.finding.spot is SPOT
    assert told.value.finding.seen.isprintable()
    assert len(told.value.finding.seen) < 600


ITEMS = 400_000


@pytest.mark.parametrize("choices", [[0] * ITEMS, [{"index": 1}] * ITEMS + [0]], ids=["all wrong", "the last wrong"])
def test_very_many_items_take_seconds_and_not_minutes(choices: list[object], session: Session) -> None:
    schema = {"type": "object", "properties": {"choices": {"type": "array", "items": {"type": "object"}}}}
    (session.schemas / "large.json").write_text(json.dumps(schema), "utf-8")
    text = json.dumps({"choices": choices})
    gc.freeze()  # what other tests have left is not to be looked at with each collection
    try:
        began = time.thread_time()
        json.loads(text)
        read = time.thread_time()
        with pytest.raises(Violation) as told:
            parse(session, text, "large")
        assert time.thread_time() - read < 15 * (read - began)  # it is 3 to 5, and was 20 to 200
    finally:
        gc.unfreeze()
    assert "]: 0 is not of type 'object'" in told.value.finding.seen


@pytest.mark.parametrize("text", ["1e999", "[" * 50_000 + "]" * 50_000])
def test_what_the_grammar_allows_is_not_said_to_be_invalid(text: str, session: Session) -> None:
    with pytest.raises(Violation) as told:
        parse(session, text)
    assert told.value.sentence.startswith("the data of the step event cannot be read: ")


def test_a_right_shape_is_given_out(session: Session) -> None:
    value = {"id": "é", "choices": [{"index": 3}]}
    assert parse(session, json.dumps(value), "chunk") == value


def test_a_right_value_is_parsed_once_for_each_shape(session: Session) -> None:
    text = '{"id": "a", "choices": []}'
    assert parse(session, text, "chunk") is parse(session, text, "chunk")
    assert parse(session, text) is parse(session, text)
    with pytest.raises(Violation):
        parse(session, '{"id": 1}', "chunk")
    assert parse(session, '{"id": 1}') == {"id": 1}
    with pytest.raises(Violation):
        parse(session, '{"id": 1}', "chunk")


def test_what_values_have_in_common_is_in_memory_once(session: Session) -> None:
    one, other = (parse(session, json.dumps({"id": "chatcmpl-1", "choices": [{"index": n}], "n": n})) for n in (1, 2))
    assert (one, other) == tuple({"id": "chatcmpl-1", "choices": [{"index": n}], "n": n} for n in (1, 2))
    assert one["id"] is other["id"]
    assert all(mine is its for mine, its in zip(one, other, strict=True))


def test_large_values_are_not_kept(session: Session) -> None:
    text = json.dumps(["x" * 200] * 2000)
    assert parse(session, text) == parse(session, text)
    assert parse(session, text) is not parse(session, text)


def test_bytes_that_are_no_utf_8_are_told_with_their_place() -> None:
    body = b'{"text": "' + b"x" * 100 + b'caf\xe9"}'
    with pytest.raises(Violation) as told:
        content.decode(body, what="the body")
    assert told.value.finding.requirement == cited("RFC 8259 8.1")
    assert told.value.finding.spot is not None
    assert told.value.finding.spot.offset == body.index(b"\xe9")
    assert told.value.finding.spot.excerpt[told.value.finding.spot.caret] == 0xE9


FAULTY = {"missing": None, "no JSON": "{", "no schema": '{"type": "objekt"}', "no UTF-8": "caf\xe9"}


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_schema_is_the_katas_fault_when_it_is_used(name: str, session: Session) -> None:
    text = FAULTY[name]
    if text is not None:
        (session.schemas / "faulty.json").write_text(text, "latin-1")
    content.prepare(session.schemas)
    with pytest.raises(BadKata, match=r"needs .*faulty\.json"):
        parse(session, "{}", "faulty")
