"""The rules of the programs that read our reports, as they document them: what a report breaks of them."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

from jsonschema import Draft202012Validator

_TEXT = {"type": "string"}
_SHOWN = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
_VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
_COUNT = {"type": "integer", "minimum": 0}
_MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None, *, closed: bool = True) -> dict[str, Any]:
    properties = required | (optional or {})
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": not closed,
    }


GRADESCOPE = _object(
    {},
    {
        "score": {"type": "number"},
        "execution_time": {"type": "number"},
        "output": _TEXT,
        "output_format": _SHOWN,
        "visibility": _VISIBILITY,
        "stdout_visibility": _VISIBILITY,
        "extra_data": {"type": "object"},
        "leaderboard": {"type": "array"},
        "tests": {
            "type": "array",
            "items": _object(
                {},
                {
                    "score": {"type": "number"},
                    "max_score": {"type": "number"},
                    "status": {"enum": ["passed", "failed"]},
                    "name": _TEXT,
                    "name_format": _SHOWN,
                    "number": _TEXT,
                    "output": _TEXT,
                    "output_format": _SHOWN,
                    "tags": {"type": "array", "items": _TEXT},
                    "visibility": _VISIBILITY,
                    "extra_data": {"type": "object"},
                },
            ),
        },
    },
)
#: Points and the most of them in every test, or PrairieLearn hides the whole table.
PRAIRIELEARN = _object(
    {"gradable": {"type": "boolean"}},
    {
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "format_errors": {"type": ["string", "array"], "items": _TEXT, "minLength": 1, "minItems": 1},
        "message": _TEXT,
        "output": _TEXT,
        "tests": {
            "type": "array",
            "items": _object(
                {"name": _TEXT, "points": {"type": "number"}, "max_points": {"type": "number"}},
                {"description": _TEXT, "message": _TEXT, "output": _TEXT},
            ),
        },
    },
) | {
    "if": {"properties": {"gradable": {"const": True}}},
    "then": {"required": ["score"]},
    "else": {"required": ["format_errors"], "not": {"required": ["score"]}},
}
EXERCISM = _object(
    {
        "version": {"const": 3},
        "status": {"enum": ["pass", "fail", "error"]},
        "message": {"type": ["string", "null"]},
        "tests": {
            "type": "array",
            "items": _object(
                {
                    "name": {"type": "string", "minLength": 1},
                    "status": {"enum": ["pass", "fail", "error"]},
                    "test_code": _TEXT,
                },
                {
                    "message": {"type": ["string", "null"]},
                    "output": {"type": ["string", "null"], "maxLength": 500},
                    "task_id": {"type": ["integer", "null"]},
                },
            ),
        },
    }
) | {
    "if": {"properties": {"status": {"const": "error"}}},
    "then": {"properties": {"message": {"type": "string", "minLength": 1}}},
}
GITHUB_CLASSROOM = _object(
    {
        "version": {"const": 1},
        "status": {"enum": ["pass", "fail", "error"]},
        "max_score": _COUNT,
        "tests": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {
                    "name": _TEXT,
                    "status": {"enum": ["pass", "fail", "error"]},
                    "message": _TEXT,
                    "test_code": _TEXT,
                    "line_no": _COUNT,
                    "score": {"type": "number", "minimum": 0},
                }
            ),
        },
    }
)
CLASSROOM50 = _object(
    {
        "schema": {"const": "classroom50/result/v1"},
        **{name: {"type": "string", "minLength": 1} for name in ("classroom", "assignment", "owner")},
        "assignment_type": {"enum": ["individual", "group"]},
        "submission": {"type": "string", "pattern": "^submit/"},
        **{name: {"type": "string", "minLength": 1} for name in ("commit", "release", "review")},
        "datetime": _MOMENT,
        "score": _COUNT,
        "max-score": _COUNT,
        "tests": {
            "type": "array",
            "items": _object(
                {
                    "test-name": {"type": "string", "minLength": 1},
                    "passed": {"type": "boolean"},
                    "score": _COUNT,
                    "max-score": _COUNT,
                },
                closed=False,
            ),
        },
    },
    {"graded_at": _MOMENT, "submitted_by": {"type": "object"}},
)
SCHEMAS = {
    "gradescope": GRADESCOPE,
    "prairielearn": PRAIRIELEARN,
    "exercism": EXERCISM,
    "github-classroom": GITHUB_CLASSROOM,
    "classroom50": CLASSROOM50,
}


def parsed(name: str, text: str) -> Any:
    """What the consumer ``name`` gets."""
    if name == "github-classroom":
        assert "\n" not in text.removesuffix("\n")  # an output of a step is one line
        text = base64.b64decode(text, validate=False).decode()
    return json.loads(text)


def faults(name: str, text: str) -> list[str]:
    """What its consumer would refuse in the JSON report ``text`` in the format ``name``."""
    document = parsed(name, text)
    found = [
        f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(SCHEMAS[name]).iter_errors(document)
    ]
    tests = document.get("tests", [])
    total, most = (
        sum(test.get(key, 0) for test in tests)
        for key in (("points", "max_points") if name == "prairielearn" else ("score", _most_of(name)))
    )
    for key, value, expected in (("score", total, document.get("score")), ("max", most, document.get("max-score"))):
        if name in ("gradescope", "classroom50") and expected is not None and value != expected:
            found.append(f"{key}: the tests come to {value}, the whole to {expected}")
    if name == "prairielearn" and len(text) > 1_000_000:
        found.append("more than 1 MB")
    if name == "classroom50" and not all(test["score"] <= test["max-score"] for test in tests):
        found.append("more points than there are")
    return found


def _most_of(name: str) -> str:
    return "max-score" if name == "classroom50" else "max_score"


#: The elements of JUnit, with the attributes that they may have; a star is one that they need.
_JUNIT = {
    "testsuites": "name time tests failures errors",
    "testsuite": "name* tests* failures* errors* group time skipped timestamp hostname id package file log url version",
    "properties": "",
    "property": "name* value*",
    "testcase": "name* time classname group",
    "failure": "type message",
    "error": "type message",
    "skipped": "type message",
    "system-out": "",
    "system-err": "",
}
_IN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped", "system-out", "system-err"},
}


def junit_faults(text: str) -> list[str]:
    """What Jenkins' xUnit plugin would refuse in ``text``, and sums that do not agree."""
    root = ET.fromstring(text)
    found = [] if root.tag == "testsuites" else [f"the root is {root.tag}"]
    for element in root.iter():
        allowed = _JUNIT.get(element.tag, "").split()
        known = {name.rstrip("*") for name in allowed}
        found += [f"{element.tag} has {name}" for name in element.attrib if name not in known]
        found += [
            f"{element.tag} lacks {name}" for name in allowed if name[-1] == "*" and name[:-1] not in element.attrib
        ]
        found += [f"{child.tag} in {element.tag}" for child in element if child.tag not in _IN.get(element.tag, ())]
        if not re.fullmatch(r"[0-9]*(\.[0-9]{0,3})?", element.get("time", "")):
            found.append(f"time {element.get('time')}")
    for suite in (root, *root.iter("testsuite")):
        for name, tag in (("tests", ""), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            cases = list(suite.iter("testcase"))
            count = len([case for case in cases if not tag or case.find(tag) is not None])
            if int(suite.get(name, count)) != count:
                found.append(f"{name} of {suite.get('name')}: {suite.get(name)}, not {count}")
    return found


def marks(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands in ``text`` as GitHub's runner reads them: kind, properties, message."""
    found = []
    for line in text.splitlines():
        command = re.match(r"\s*::(?P<kind>[\w-]+)(?: (?P<properties>[^:]*))?::(?P<data>.*)", line)
        assert command, line
        pairs = (pair.partition("=") for pair in filter(None, (command["properties"] or "").split(",")))
        found.append((command["kind"], {name: _read(value) for name, _, value in pairs}, _read(command["data"])))
    return found


def _read(text: str) -> str:
    for escape, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, char)
    return text
