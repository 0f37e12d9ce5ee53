"""Every place of a report where text can come from the learner, in groups that can be filled all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Any, TypeVar, cast

from grader.model import BootFailure, CheckResult, Finding, Outcome, Place, Report, Spot
from grader.protocol.transcript import Act
from tests.hostile.corpus import as_bytes, as_text
from tests.report.samples import FAILED, MIXED, UNBOOTED, entry

#: Returns the report with ``item`` in one more place.
Put = Callable[[Report, str | bytes], Report]

Facts = TypeVar("Facts")

_PLACE = Place("app.py", 17, "answer", "return helper()", "sleep")
_RESULT = CheckResult(
    FAILED.check,
    Outcome.FAILED,
    Finding("404", "200", headline="status: it is wrong", hint="Say so.", place=_PLACE),
    tuple(entry(0.01 * at, act, b"data", f"{act.value} it") for at, act in enumerate(Act)),
    diverged=0.9,
)
#: A report with one check, which failed, and one of an app that did not start: all places are in one of them.
_GRADED = replace(MIXED, results=(_RESULT,), notes=())
_UNBOOTED = replace(UNBOOTED, boot_failure=BootFailure("it raises KeyError", "Look there.", (_PLACE,)))


def _with(facts: Facts | None, **changes: object) -> Facts:
    assert facts is not None
    changed: Facts = replace(cast("Any", facts), **changes)
    return changed


def _in_report(name: str) -> Put:
    return lambda report, item: _with(report, **{name: as_text(item)})


def _in_result(change: Callable[[CheckResult, str | bytes], CheckResult]) -> Put:
    return lambda report, item: replace(report, results=(change(report.results[0], item),))


def _in_finding(name: str) -> Put:
    return _in_result(lambda result, item: replace(result, finding=_with(result.finding, **{name: as_text(item)})))


def _in_place(name: str) -> Put:
    def change(result: CheckResult, item: str | bytes) -> CheckResult:
        finding = _with(result.finding)
        return replace(result, finding=replace(finding, place=_with(finding.place, **{name: as_text(item)})))

    return _in_result(change)


def _in_act(act: Act, change: Callable[[str | bytes], dict[str, object]]) -> Put:
    return _in_result(
        lambda result, item: replace(
            result,
            transcript=tuple(_with(one, **change(item)) if one.act is act else one for one in result.transcript),
        )
    )


def _in_data(act: Act) -> Put:
    return _in_act(act, lambda item: {"data": as_bytes(item)[:512], "size": len(as_bytes(item))})


def _in_detail(act: Act) -> Put:
    return _in_act(act, lambda item: {"data": b"", "detail": as_text(item)})


def _excerpt(result: CheckResult, item: str | bytes) -> CheckResult:
    """With the caret in the middle of it."""
    data = as_bytes(item)[:400]
    return replace(result, finding=_with(result.finding, spot=Spot(data, len(data) // 2, 4711)))


def _in_failure(name: str) -> Put:
    return lambda report, item: replace(report, boot_failure=_with(report.boot_failure, **{name: as_text(item)}))


def _in_frame(name: str) -> Put:
    def put(report: Report, item: str | bytes) -> Report:
        failure = _with(report.boot_failure)
        frames = tuple(_with(frame, **{name: as_text(item)}) for frame in failure.frames)
        return replace(report, boot_failure=replace(failure, frames=frames))

    return put


_OF_A_PLACE = ("file", "function", "text", "doing")
_UNSTARTED = "boot failure"

#: What hides others has a group of its own: a headline that says what was seen, a request's body.
GROUPS: dict[str, dict[str, Put]] = {
    "headline": {"headline": _in_finding("headline")},
    "data": {act.value: _in_data(act) for act in Act},
    "all else": {
        **{name: _in_finding(name) for name in ("expected", "seen", "subject", "note", "hint")},
        **{f"{name} of the place": _in_place(name) for name in _OF_A_PLACE},
        "excerpt": _in_result(_excerpt),
        **{f"{act.value} in detail": _in_detail(act) for act in Act},
        "requests": _in_result(lambda result, item: replace(result, requests=(as_text(item),))),
        **{name: _in_report(name) for name in ("app", "seed", "command", "log")},
        "notes": lambda report, item: replace(report, notes=(as_text(item),)),
    },
    _UNSTARTED: {
        **{name: _in_failure(name) for name in ("headline", "advice")},
        **{f"{name} of a frame": _in_frame(name) for name in _OF_A_PLACE},
        **{f"{name} of the report": _in_report(name) for name in ("app", "command", "log")},
    },
}
PLACES = [(group, place) for group, places in GROUPS.items() for place in places]


def filled(item: str | bytes, group: str, place: str = "") -> Report:
    """A report with ``item`` in one place of ``group``, or in all of them."""
    report = _UNBOOTED if group == _UNSTARTED else _GRADED
    puts = [put for name, put in GROUPS[group].items() if place in ("", name)]
    return reduce(lambda found, put: put(found, item), puts, report)
