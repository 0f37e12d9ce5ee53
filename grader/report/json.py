"""The report for programs: one JSON document, by the schema in report.schema.json beside this module."""

from __future__ import annotations

import json
from typing import Any

from grader.model import BootFailure, CheckResult, Finding, Origin, Outcome, Place, Report, Requirement, Spot
from grader.protocol.transcript import Entry
from grader.requirement import link
from grader.score import exit_code

FORMAT = 2


def render(report: Report) -> str:
    """``report`` as JSON text. Learner bytes stay as they are, escaped by JSON: mind them when showing."""
    return json.dumps(document(report), ensure_ascii=True, indent=2) + "\n"


def document(report: Report) -> dict[str, Any]:
    """``report`` as a JSON value."""
    return {
        "format": FORMAT,
        "kata": report.kata,
        "kata_version": report.kata_version,
        "origin": _origin(report.origin) if report.origin else None,
        "title": report.title,
        "app": report.app,
        "seed": report.seed,
        "command": report.command,
        "points": report.points,
        "possible": report.possible,
        "exit_code": int(exit_code(report)),
        "counts": {outcome.value: report.count(outcome) for outcome in Outcome},
        "boot_failure": _boot_failure(report.boot_failure) if report.boot_failure else None,
        "checks": [_check(result) for result in report.results],
        "notes": list(report.notes),
        "log": report.log,
        "seconds": round(report.seconds, 3),
        "versions": report.versions,
    }


def _origin(origin: Origin) -> dict[str, Any]:
    return {"pack": origin.pack, "location": origin.location, "digest": origin.digest}


def _check(result: CheckResult) -> dict[str, Any]:
    return {
        "id": result.check.id,
        "title": result.check.title,
        "outcome": result.outcome.value,
        "points": result.earned,
        "possible": result.check.points,
        "hint": result.check.hint,
        "requirement": _requirement(result.check.requirement),
        "after": list(result.check.after),
        "finding": _finding(result.finding) if result.finding else None,
        "requests": list(result.requests),
        "left_out": result.left_out,
        "diverged_ms": None if result.diverged is None else round(result.diverged * 1000, 3),
        "transcript": [_entry(entry) for entry in result.transcript],
        "seconds": round(result.seconds, 4),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    spot = finding.spot
    return {
        "headline": finding.headline,
        "subject": finding.subject,
        "expected": finding.expected,
        "seen": finding.seen,
        "note": finding.note,
        "hint": finding.hint,
        "requirement": _requirement(finding.requirement),
        "place": _place(finding.place) if finding.place else None,
        "spot": _spot(spot) if spot else None,
    }


def _requirement(requirement: Requirement | None) -> dict[str, Any] | None:
    if requirement is None:
        return None
    return {"source": requirement.source, "text": requirement.text, "url": link(requirement.source)}


def _spot(spot: Spot) -> dict[str, Any]:
    excerpt = _text(spot.excerpt)
    return {"excerpt": excerpt, "caret": spot.caret, "offset": spot.offset, "request": spot.request}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "ms": round(entry.at * 1000, 3),
        "end": entry.lane.value,
        "act": entry.act.value,
        "stream": entry.stream,
        "data": _text(entry.data),
        "bytes": entry.size,
        "detail": entry.detail,
    }


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


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
