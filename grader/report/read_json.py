"""Reads a report back from JSON, after the schema in report.schema.json beside this module."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from grader.model import (
    BootFailure,
    Check,
    CheckResult,
    Finding,
    Origin,
    Outcome,
    Place,
    Raised,
    Report,
    Requirement,
    Spot,
    UndecidedBy,
)
from grader.protocol.transcript import Act, Entry, Lane
from grader.report.reasons import of_boot_failure


class NotAReport(ValueError):
    """The text is not a report in this format; the message says where it differs."""


def read(text: str | bytes) -> Report:
    """The report that :func:`render` wrote. Times come back to the microsecond. Raises NotAReport."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAReport(f"not JSON: {error}") from None
    if fault := next(_schema().iter_errors(document), None):
        raise NotAReport(f"{fault.json_path}: {fault.message[:200]}")
    try:
        return _read_report(document)
    except ValueError as error:  # Base64 that is not, or an excerpt shorter than its caret
        raise NotAReport(str(error)) from None


def read_own(text: str | bytes) -> Report:
    """Like :func:`read`, for what this grader has written and kept itself: 30 times as fast. Raises NotAReport."""
    try:
        return _read_report(json.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise NotAReport(f"damaged: {error!r}") from None


@cache
def _schema() -> Draft202012Validator:
    file = Path(__file__).with_name("report.schema.json")
    return Draft202012Validator(json.loads(file.read_text("utf-8")))


def _read_report(found: Mapping[str, Any]) -> Report:
    failure, origin = found["boot_failure"], found["origin"]
    boot_failure = _read_boot_failure(failure) if failure else None
    return Report(
        kata=found["kata"],
        title=found["title"],
        app=found["app"],
        seed=found["seed"],
        command=found["command"],
        results=tuple(_read_check(check, boot_failure) for check in found["checks"]),
        boot_failure=boot_failure,
        notes=tuple(found["notes"]),
        is_whole=found["is_whole"],
        log=found["log"],
        seconds=float(found["seconds"]),
        versions=dict(found["versions"]),
        origin=Origin(**origin) if origin else None,
        kata_version=found["kata_version"],
        jail=found.get("jail", ""),  # reports of this format had none at first
        is_submission=found.get("is_submission", False),
        is_summed=found["counts"] is None,
    )


def _read_check(found: Mapping[str, Any], boot_failure: BootFailure | None) -> CheckResult:
    finding, diverged = _read_finding(found["finding"]), found["diverged_ms"]
    if boot_failure is not None and finding == of_boot_failure(boot_failure):
        finding = None  # the report says it once
    return CheckResult(
        Check(
            id=found["id"],
            title=found["title"],
            points=found["possible"],
            hints=tuple(found["hints"]),
            requirement=_read_requirement(found["requirement"]),
            after=tuple(found["after"]),
        ),
        Outcome(found["outcome"]),
        finding=finding,
        transcript=tuple(_read_entry(entry) for entry in found["transcript"]),
        left_out=found["left_out"],
        diverged=None if diverged is None else _seconds(diverged),
        requests=tuple(found["requests"]),
        at_request=found.get("at_request", 0),
        raised=_read_raised(found.get("raised")),
        printed=found.get("printed", ""),
        seconds=float(found["seconds"]),
    )


def _read_finding(found: Mapping[str, Any] | None) -> Finding | None:
    if found is None:
        return None
    place, spot, by = found["place"], found["spot"], found.get("undecided_by")  # which was not there at first
    return Finding(
        expected=found["expected"],
        seen=found["seen"],
        requirement=_read_requirement(found["requirement"]),
        subject=found["subject"],
        headline=found["headline"],
        headline_is_complete=found["headline_is_complete"],
        hint=found["hint"],
        note=found["note"],
        spot=_read_spot(spot) if spot else None,
        place=_read_place(place) if place else None,
        undecided_by=UndecidedBy(by) if by else None,
    )


def _read_requirement(found: Mapping[str, Any] | None) -> Requirement | None:
    return Requirement(found["source"], found["text"]) if found else None


def _read_spot(found: Mapping[str, Any]) -> Spot:
    return Spot(_read_bytes("excerpt", found), found["caret"], found["offset"], found["request"])


def _read_entry(found: Mapping[str, Any]) -> Entry:
    return Entry(
        at=_seconds(found["ms"]),
        lane=Lane(found["end"]),
        act=Act(found["act"]),
        stream=found["stream"],
        data=_read_bytes("data", found),
        size=found["bytes"],
        detail=found["detail"],
    )


def _read_raised(found: Mapping[str, Any] | None) -> Raised | None:
    return Raised(found["headline"], tuple(map(_read_place, found["frames"]))) if found else None


def _read_boot_failure(found: Mapping[str, Any]) -> BootFailure:
    frames = tuple(_read_place(place) for place in found["frames"])
    return BootFailure(found["headline"], found["advice"], frames)


def _read_place(found: Mapping[str, Any]) -> Place:
    return Place(**{**found, "seconds": float(found["seconds"])})


def _read_bytes(name: str, found: Mapping[str, Any]) -> bytes:
    base64 = found.get(f"{name}_base64")
    return str(found[name]).encode() if base64 is None else b64decode(base64, validate=True)


def _seconds(milliseconds: float) -> float:
    """The division alone can differ in the last bit from the number that was written."""
    return round(milliseconds / 1000, 6)
