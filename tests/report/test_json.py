"""The JSON report: strict parsers read it, and it is read back as the report that was written."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from grader.model import Report, Spot
from grader.report.json import FORMAT, render
from grader.report.read_json import NotAReport, read
from tests.conftest import ROOT
from tests.report.generated import ANY_TEXT, MICROSECONDS, reports
from tests.report.samples import FAILED, FINDING, MIXED, PERFECT, UNBOOTED, UNDECIDED

SCHEMA = Draft202012Validator(json.loads((ROOT / "grader/report/report.schema.json").read_text("utf-8")))


def strict(text: str) -> Any:
    """``text`` as a parser reads it that knows RFC 8259 and nothing else."""

    def refuse(word: str) -> float:
        raise ValueError(word)

    document = json.loads(text, parse_constant=refuse)
    json.dumps(document, ensure_ascii=False).encode("utf-8")  # fails on a lone surrogate
    return document


@given(reports(st.text(), MICROSECONDS))
@settings(max_examples=150, deadline=None)
def test_all_that_is_written_is_read_back_equal(report: Report) -> None:
    text = render(report)
    SCHEMA.validate(strict(text))
    assert read(text) == report


@given(reports(ANY_TEXT, st.floats(min_value=0)))
@settings(max_examples=100, deadline=None)
def test_whatever_an_app_makes_of_a_report_it_is_json_and_the_same_when_written_again(report: Report) -> None:
    text = render(report)
    SCHEMA.validate(strict(text))
    assert render(read(text)) == text


@pytest.mark.parametrize("report", [MIXED, UNBOOTED, PERFECT], ids=["mixed", "not started", "perfect"])
def test_samples_are_read_back(report: Report) -> None:
    assert read(render(report)) == report
    assert read(render(report).encode()) == report


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_not_a_number_is_zero(number: float) -> None:
    assert FINDING.place is not None
    stuck = replace(FINDING, place=replace(FINDING.place, seconds=number))
    found = strict(render(replace(MIXED, seconds=number, results=(replace(FAILED, finding=stuck),))))
    assert found["seconds"] == 0
    assert found["checks"][0]["finding"]["place"]["seconds"] == 0


def test_a_lone_surrogate_is_written_as_an_escape() -> None:
    found = strict(render(replace(MIXED, app="/tmp/\udcff.py", log="\ud800")))
    assert (found["app"], found["log"]) == ("/tmp/\\udcff.py", "\\ud800")


def test_bytes_that_are_not_text_are_there_twice() -> None:
    spot = Spot(b"\xff!", 1, 1)
    found = strict(render(replace(MIXED, results=(replace(FAILED, finding=replace(FINDING, spot=spot)),))))
    assert found["checks"][0]["finding"]["spot"]["excerpt"] == "\\xff!"
    assert found["checks"][0]["finding"]["spot"]["excerpt_base64"] == "/yE="
    assert "data_base64" not in found["checks"][0]["transcript"][0]


def test_points_that_are_not_final_cannot_be_booked() -> None:
    found = strict(render(MIXED))
    assert (found["points"], found["possible"], found["counts"]["inconclusive"]) == (None, MIXED.possible, 1)
    assert [check["points"] for check in found["checks"]] == [1, 1, 0, 0, 0, None]
    decided = replace(MIXED, results=tuple(one for one in MIXED.results if one is not UNDECIDED))
    assert strict(render(decided))["points"] == decided.points == 2


def test_that_the_app_did_not_start_is_the_finding_of_each_check() -> None:
    assert UNBOOTED.boot_failure is not None
    found = strict(render(UNBOOTED))
    assert found["points"] == 0
    for check in found["checks"]:
        finding = check["finding"]
        assert finding["headline"] == f"the app did not start: {UNBOOTED.boot_failure.headline}"
        assert (finding["hint"], finding["place"]["line"]) == (UNBOOTED.boot_failure.advice, 9)


def test_nothing_in_it_is_a_command_of_githubs_runner() -> None:
    text = render(replace(MIXED, log="##[group]x\n::error::y\n##[[", notes=("##[add-mask]1",)))
    assert "##[" not in text
    assert not [line for line in text.splitlines() if line.strip().startswith("::")]
    assert read(text).log == "##[group]x\n::error::y\n##[["


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "is not of type 'object'"),
        ("{}", "is a required property"),
        (render(MIXED).replace(f'"format": {FORMAT}', '"format": 1'), "$.format: 3 was expected"),
        (render(MIXED).replace('"outcome": "passed"', '"outcome": "won"', 1), "$.checks[0].outcome"),
        (render(MIXED).replace('"data": ""', '"data": "", "data_base64": "?"', 1), "base64"),
    ],
    ids=["empty", "deep", "a list", "an object", "another format", "another outcome", "not Base64"],
)
def test_what_is_not_a_report_is_refused(text: str, words: str) -> None:
    with pytest.raises(NotAReport) as refused:
        read(text)
    assert words in str(refused.value)
