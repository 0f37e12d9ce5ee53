"""The result of a check: its verdict, with what was recorded at both ends."""

from __future__ import annotations

import time
from dataclasses import replace

from grader.errors import Violation
from grader.grading.verdict import verdict
from grader.model import Check, CheckResult
from grader.probe.recorded import Recorded
from grader.probe.session import Session


def ended(
    check: Check, session: Session | None, error: BaseException | None, *, compared: Violation | None
) -> CheckResult:
    """The result of ``check``, which raised ``error``; ``compared`` is the last comparison that did not hold."""
    remarks: list[str] = []
    hints: dict[int, str] = {}
    if session is not None and error is not None:
        session.mark_divergence()
        remarks, hints = session.remarks(), session.hints()
    outcome, finding = verdict(check, error, compared=compared, remarks=remarks, hints=hints)
    result = CheckResult(check, outcome, finding)
    return _recorded(result, session) if session is not None else result


def broken(law: Check, response: Recorded, error: BaseException, *, compared: Violation | None) -> CheckResult:
    """The result of a law that ``response`` breaks, with what was recorded in the check that asked for it."""
    where = f"this is a response of the check “{response.check}”" if response.check != law.title else ""
    outcome, finding = verdict(law, error, compared=compared, remarks=[where] if where else [])
    result = _recorded(CheckResult(law, outcome, finding), response.session)
    return replace(result, diverged=None, requests=(response.curl,), seconds=0.0)


def _recorded(result: CheckResult, session: Session) -> CheckResult:
    """``result`` with what was recorded at both ends."""
    return replace(
        result,
        transcript=session.transcript.entries(),
        left_out=session.transcript.left_out,
        diverged=session.diverged,
        requests=tuple(session.requests),
        seconds=time.monotonic() - session.born,
    )
