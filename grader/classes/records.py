"""What the ledger keeps as text: settings, checks, moments and reports, both ways."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from grader.classes.model import Attempts, Bounds, Late, Settings, Student
from grader.model import Check, Report, Requirement
from grader.report.feedback import Feedback
from grader.report.json import compact
from grader.report.read_json import NotAReport, read_own
from grader.serving.limits import LaunchLimits


def of_settings(settings: Settings) -> str:
    """The settings as JSON text."""
    late, limits, bounds = settings.late, settings.limits, settings.bounds
    return json.dumps(
        {
            "title": settings.title,
            "app": settings.app,
            "deadline": of_moment(settings.deadline),
            "late": [late.percent, late.most, late.grace.total_seconds(), late.refuse],
            "attempts": settings.attempts.value,
            "limits": [limits.startup, limits.total, limits.memory],
            "bounds": [bounds.size, bounds.files],
            "seed": settings.seed,
            "feedback": settings.feedback.value,
        }
    )


def to_settings(text: str) -> Settings:
    """The settings that :func:`of_settings` wrote."""
    found = json.loads(text)
    percent, most, grace, refuse = found["late"]
    return Settings(
        title=found["title"],
        app=found["app"],
        deadline=to_moment(found["deadline"]),
        late=Late(percent, most, timedelta(seconds=grace), refuse),
        attempts=Attempts(found["attempts"]),
        limits=LaunchLimits(*found["limits"]),
        bounds=Bounds(*found["bounds"]),
        seed=found["seed"],
        feedback=Feedback(found["feedback"]),
    )


def of_students(students: Iterable[Student]) -> str:
    """Students as JSON text."""
    return json.dumps([[one.label, one.name, one.email, one.section, dict(one.columns)] for one in students])


def to_students(text: str) -> tuple[Student, ...]:
    """The students that :func:`of_students` wrote; none of an empty text."""
    return tuple(Student(*found) for found in json.loads(text or "[]"))


def of_checks(checks: Sequence[Check]) -> str:
    """Checks as JSON text."""
    return json.dumps([_of_check(check) for check in checks])


def _of_check(check: Check) -> dict[str, Any]:
    needed = check.requirement
    return {
        "id": check.id,
        "title": check.title,
        "points": check.points,
        "hints": check.hints,
        "requirement": [needed.source, needed.text] if needed else None,
        "after": check.after,
        "is_law": check.is_law,
    }


def to_checks(text: str) -> tuple[Check, ...]:
    """The checks that :func:`of_checks` wrote."""
    return tuple(_to_check(found) for found in json.loads(text))


def _to_check(found: Mapping[str, Any]) -> Check:
    needed = found["requirement"]
    return Check(
        id=found["id"],
        title=found["title"],
        points=found["points"],
        hints=tuple(found["hints"]),
        requirement=Requirement(*needed) if needed else None,
        after=tuple(found["after"]),
        is_law=found["is_law"],
    )


def of_moment(moment: datetime | None) -> str | None:
    """A moment in ISO 8601, with its time zone."""
    return moment.isoformat() if moment else None


def to_moment(text: str | None) -> datetime | None:
    """The moment that :func:`of_moment` wrote."""
    return datetime.fromisoformat(text) if text else None


def of_report(report: Report) -> bytes:
    """The JSON report, compressed."""
    return zlib.compress(compact(report).encode(), 1)  # more takes twice as long, and saves a sixth


def to_report(data: bytes) -> Report:
    """The report that :func:`of_report` wrote. Raises NotAReport."""
    try:
        return read_own(zlib.decompress(data))
    except zlib.error as error:
        raise NotAReport(f"damaged: {error}") from None
