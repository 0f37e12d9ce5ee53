"""JSON values: those of a wrong type, and keys that a contract does not mention."""

from __future__ import annotations

from random import Random
from types import NoneType
from typing import TypeAlias

from grader.probe.domains.words import word

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"


#: What functions call their parameters: an app may pass the keys of a body on by their names.
_PARAMETERS = ("self", "cls", "args", "kwargs", "request", "body", "data", "key")


#: Levels of a value, as schemas of tools have them; each is an object with a list.
_DEEP = 8


def wrong_values(random: Random, *right: type | None) -> dict[str, Value]:
    """An instance of every class of JSON value whose type is none of ``right``.

    A type is one of None, bool, int, float, str, list and dict. A whole number is a float, too; a bool is not an int.
    That some libraries take a text for the number in it, or 1 for true, is for a contract to allow or to forbid.
    """
    types = {NoneType if each is None else each for each in right}
    return {name: value for name, value in _values(random).items() if not _is(value, types)}


def _values(random: Random) -> dict[str, Value]:
    some = word(random)
    return {
        "null": None,
        "true": True,
        "false": False,
        "zero": 0,
        "one": 1,
        "a whole number": random.randint(2, 99),
        "a negative number": -random.randint(2, 99),
        "a fraction": random.randint(2, 99) + 0.5,
        "an empty text": "",
        "a text": some,
        "a number in text": str(random.randint(2, 99)),
        "true in text": "true",
        "an empty list": [],
        "a list of a number": [random.randint(2, 99)],
        "a list of a text": [some],
        "an empty object": {},
        "an object": {some: some},
    }


def _is(value: Value, types: set[type]) -> bool:
    return type(value) in types or (type(value) is int and float in types)


def every_extra(random: Random) -> dict[str, Value]:
    """Keys that a contract does not mention, with values that tempt: limits, counts, stop words, nulls, objects."""
    return {
        "max_tokens": 1,
        "max_completion_tokens": 2,
        "maxTokens": 1,
        "limit": 1,
        "count": 1,
        "n": 2,
        "offset": 1,
        "timeout": 0,
        "stop": [" "],
        "end": "",
        "temperature": round(random.uniform(1.1, 1.9), 2),
        "top_p": 0.0,
        "presence_penalty": -1.5,
        "seed": random.randrange(10**6),
        "user": word(random),
        "metadata": {word(random): None},
        "streamOptions": {"includeUsage": True},
        "logit_bias": {},
        "tools": [],
        "response_format": {"type": "text"},
        "service_tier": "auto",
        "store": False,
        "format": "json",
        "priority": "high",
        "debug": True,
        **dict.fromkeys(_PARAMETERS, 1),
        word(random): None,
    }


def _nested(random: Random) -> Value:
    found: Value = word(random)
    for _ in range(_DEEP):
        found = {"properties": [found]}
    return found


def every_extreme(random: Random) -> dict[str, Value]:
    """Keys that a contract does not mention, with values at the ends of what they usually may have, and beyond."""
    return {
        "max_tokens": 0,
        "max_completion_tokens": 10**9,
        "limit": 0,
        "n": 0,
        "temperature": round(random.uniform(2.1, 9.9), 2),
        "top_p": 1.5,
        "presence_penalty": 9,
        "frequency_penalty": -9,
        "logprobs": True,
        "top_logprobs": 99,
        "seed": -1,
        "user": "",
        "tools": [{"type": "function", "function": {"name": word(random)}}],
        "tool_choice": "required",
        "parallel_tool_calls": True,
        "response_format": {"type": "json_object"},
        "modalities": ["audio"],
        "reasoning_effort": "high",
        "metadata": {},
        "background": True,
        "schema": _nested(random),
    }
