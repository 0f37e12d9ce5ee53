"""The result of a check: its verdict, with what was recorded at both ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from grader.errors import Inconclusive, Violation
from grader.grading.verdict import verdict
from grader.grading.wording import blocked_loop, seen_in
from grader.model import Check, CheckResult, Outcome, Raised
from grader.probe.recorded import Recorded
from grader.probe.session import Session
from grader.protocol.brief import brief
from grader.protocol.transcript import Act
from grader.serving.app import App

#: Characters that are kept of the beginning, and of the end, of what the app printed during a check.
_PRINTED = 2000
#: Characters of a request in a headline.
_LONG = 100
#: Seconds after a response until the error that ended it is known, on a machine that is not busy.
_LOGGED = 0.1
#: Stands for a comparison where there was none.
NOTHING = Violation(expected="", seen="")


def ended(
    check: Check, session: Session | None, error: BaseException | None, *, compared: Violation | None
) -> CheckResult:
    """The result of ``check``, which raised ``error``; ``compared`` is the last comparison that did not hold."""
    if session is None or error is None:
        result = CheckResult(check, *verdict(check, error, compared=compared))
        return _recorded(result, session) if session is not None else result
    session.mark_divergence()
    raised = session.app.account.raised(since=session.born)
    statuses = (error if isinstance(error, Violation) else compared or NOTHING).statuses
    outcome, finding = verdict(
        check,
        error,
        compared=compared,
        remarks=session.remarks(is_refusal=any(400 <= status < 500 for status in statuses)),
        hints=session.hints(),
        request=_one_of_several(session),
        raised=raised,
        fault=session.first_fault(),
    )
    result = CheckResult(
        check,
        outcome,
        finding,
        at_request=session.touched,
        raised=raised,
        printed=_kept(session.printed()),
    )
    return _recorded(result, session)


def so_far(results: Iterable[CheckResult], app: App) -> str:
    """What is wrong with an app in mid-grade: the first failure, or else where the event loop was blocked; or ""."""
    first = next((one for one in results if one.outcome is Outcome.FAILED), None)
    if first is not None:
        return f"{first.check.title}: {first.finding.headline}" if first.finding else first.check.title
    return blocked_loop(stuck) if (stuck := app.longest_blockage) is not None else ""


def excused(
    error: BaseException | None,
    session: Session | None,
    *,
    overtime: Inconclusive | Violation | None,
    machine_fault: Callable[[], str],
) -> BaseException | None:
    """``error``, or Inconclusive where not the app is at fault, but the time limit or the machine."""
    if error is not None and overtime is not None:
        return overtime  # the app was ended, so what the check has seen since then is not its fault
    if isinstance(error, AssertionError) and session is not None:
        _hear_errors(session)
    # Nobody asks after a check that has passed: it takes up to 50 ms, and a grade has dozens of checks.
    if isinstance(error, AssertionError) and (fault := machine_fault()):
        return Inconclusive(fault)
    return error


def _hear_errors(session: Session) -> None:
    """Return when the app has told what it raised: servers send a response of 500 first, and log the error then."""
    if any(request.is_server_error for request in session.sent):
        with suppress(Inconclusive):  # the time is over, or the machine too busy: it stays untold
            session.waiter.iterate(1)


def _kept(printed: str) -> str:
    """The first and the last lines of what the app printed."""
    if len(printed) <= 2 * _PRINTED:
        return printed
    first, last = printed[:_PRINTED].rpartition("\n")[0], printed[-_PRINTED:].partition("\n")[2]
    return f"{first}\n…\n{last}"


def _one_of_several(session: Session) -> str:
    """The request that was looked at last, in words, where the check has sent several that differ; else ""."""
    sent = {entry.stream: entry for entry in reversed(session.transcript.entries()) if entry.act is Act.SENT}
    words = {number: brief(entry.detail, entry.data, _LONG) for number, entry in sent.items()}
    if len(set(words.values())) < 2 or session.touched not in words:
        return ""
    return f"request {session.touched} of {session.numbers}: {words[session.touched]}"


def broken(law: Check, response: Recorded, error: BaseException, *, compared: Violation | None) -> CheckResult:
    """The result of a law that ``response`` breaks, with what was recorded in the check that asked for it."""
    where = seen_in(response.check) if response.check != law.title else ""
    raised = _raised_in(response)
    outcome, finding = verdict(law, error, compared=compared, remarks=[where] if where else [], raised=raised)
    result = _recorded(CheckResult(law, outcome, finding, raised=raised), response.session)
    return replace(result, diverged=None, requests=(response.curl,), at_request=1, seconds=0.0)


def _raised_in(response: Recorded) -> Raised | None:
    """What the app raised instead of ``response``, if it was that: servers log the error after their 500."""
    if response.status != 500:
        return None
    since_epoch = time.time() - time.monotonic()
    began, ended_at = response.began - since_epoch, response.ended_at - since_epoch
    return response.session.app.account.raised(since=began, until=ended_at + _LOGGED)


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
