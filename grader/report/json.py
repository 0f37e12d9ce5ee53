"""The report for programs, both ways: one JSON document, by the schema in report.schema.json beside this module."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from typing import Any

from grader.model import BootFailure, CheckResult, Finding, Origin, Outcome, Place, Raised, Report, Requirement, Spot
from grader.protocol.transcript import Entry
from grader.report.reasons import reason
from grader.requirement import link
from grader.score import exit_code, is_decided

FORMAT = 3


def render(report: Report) -> str:
    """``report`` as JSON text in ASCII, which every strict parser reads (RFC 8259).

    What the app sent and printed is in there unchanged, only escaped by JSON: escape it again before showing it.
    """
    text = json.dumps(_strict(document(report)), ensure_ascii=True, allow_nan=False, indent=2) + "\n"
    return text.replace("##[", "##\\u005b")  # GitHub's runner takes it for a command, anywhere in a line of its log


def compact(report: Report) -> str:
    """The same document without white space, for what keeps many reports and reads them by :mod:`read_json` again.

    Python reads what other parsers may refuse: to make it strict would take twice as long as all the rest.
    """
    return json.dumps(document(report), separators=(",", ":"))


def document(report: Report) -> dict[str, Any]:
    """``report`` as a JSON value.

    Points that are not final are null: a program that books them must not take them for those of a decided grade.
    """
    return {
        "format": FORMAT,
        "kata": report.kata,
        "kata_version": report.kata_version,
        "origin": _origin(report.origin) if report.origin else None,
        "title": report.title,
        "app": report.app,
        "jail": report.jail,
        "is_submission": report.is_submission,
        "seed": report.seed,
        "command": report.command,
        "is_whole": report.is_whole,
        "points": report.points if is_decided(report) else None,
        "possible": report.possible,
        "exit_code": int(exit_code(report)),
        "counts": None if report.is_summed else {outcome.value: report.count(outcome) for outcome in Outcome},
        "boot_failure": _boot_failure(report.boot_failure) if report.boot_failure else None,
        "checks": [_check(result, report) for result in report.results],
        "notes": list(report.notes),
        "log": report.log,
        "seconds": report.seconds,
        "versions": report.versions,
    }


def _origin(origin: Origin) -> dict[str, Any]:
    return {
        "pack": origin.pack,
        "location": origin.location,
        "digest": origin.digest,
        "pack_version": origin.pack_version,
        "pack_digest": origin.pack_digest,
    }


def _check(result: CheckResult, report: Report) -> dict[str, Any]:
    finding = reason(result, report)
    return {
        "id": result.check.id,
        "title": result.check.title,
        "outcome": result.outcome.value,
        "points": None if result.outcome is Outcome.INCONCLUSIVE else result.earned,
        "possible": result.check.points,
        "hints": list(result.check.hints),
        "requirement": _requirement(result.check.requirement),
        "after": list(result.check.after),
        "finding": _finding(finding) if finding else None,
        "requests": list(result.requests),
        "at_request": result.at_request,
        "raised": _raised(result.raised) if result.raised else None,
        "printed": result.printed,
        "left_out": result.left_out,
        "diverged_ms": None if result.diverged is None else _milliseconds(result.diverged),
        "transcript": [_entry(entry) for entry in result.transcript],
        "seconds": result.seconds,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "headline": finding.headline,
        "headline_is_complete": finding.headline_is_complete,
        "subject": finding.subject,
        "expected": finding.expected,
        "seen": finding.seen,
        "note": finding.note,
        "hint": finding.hint,
        "requirement": _requirement(finding.requirement),
        "place": _place(finding.place) if finding.place else None,
        "spot": _spot(finding.spot) if finding.spot else None,
        "undecided_by": finding.undecided_by.value if finding.undecided_by else None,
    }


def _requirement(requirement: Requirement | None) -> dict[str, Any] | None:
    if requirement is None:
        return None
    return {"source": requirement.source, "text": requirement.text, "url": link(requirement.source)}


def _spot(spot: Spot) -> dict[str, Any]:
    numbers = {"caret": spot.caret, "offset": spot.offset, "request": spot.request}
    return {**_bytes("excerpt", spot.excerpt), **numbers}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "ms": _milliseconds(entry.at),
        "end": entry.lane.value,
        "act": entry.act.value,
        "stream": entry.stream,
        **_bytes("data", entry.data),
        "bytes": entry.size,
        "detail": entry.detail,
    }


def _raised(raised: Raised) -> dict[str, Any]:
    return {"headline": raised.headline, "frames": [_place(place) for place in raised.frames]}


def _boot_failure(failure: BootFailure) -> dict[str, Any]:
    return {
        "headline": failure.headline,
        "advice": failure.advice,
        "frames": [_place(place) for place in failure.frames],
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "file": place.file,
        "line": place.line,
        "function": place.function,
        "text": place.text,
        "doing": place.doing,
        "seconds": place.seconds,
    }


def _bytes(name: str, data: bytes) -> dict[str, str]:
    """Bytes as text, and in Base64, too, where they are not UTF-8: then the text does not say all."""
    text = data.decode("utf-8", "backslashreplace")
    return {name: text} if text.encode() == data else {name: text, f"{name}_base64": b64encode(data).decode()}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _strict(value: Any) -> Any:
    """The same value, as any JSON parser takes it: without NaN, Infinity and lone surrogates (RFC 8259 6, 8.2).

    They can come from the app: as a time on one of its status lines, in a file's name, in the text of an exception.
    """
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case float():
            return round(value, 6) if math.isfinite(value) else 0.0
        case dict():
            return {_strict(name): _strict(member) for name, member in value.items()}
        case list():
            return [_strict(member) for member in value]
        case _:
            return value
