"""What a report says in words of its own: how the checks ended, and what to do next."""

from __future__ import annotations

from grader.model import CheckResult, Outcome, Report
from grader.protocol.transcript import Act
from grader.score import first_failure


def counts(report: Report) -> str:
    """``3 passed, 1 failed``: the outcomes that there are."""
    return ", ".join(f"{report.count(outcome)} {outcome.value}" for outcome in Outcome if report.count(outcome))


def by_hand(result: CheckResult) -> str:
    """How to repeat a check's requests, where the kit's stand-in takes the upstream's place."""
    which = "the first of its requests" if len(result.requests) > 3 else "it"
    fails = any(entry.act is Act.FAILED for entry in result.transcript)
    mood = "; with “fail” in its key the stand-in fails, too" if fails else ""
    return f"repeat {which} by hand (after: uvicorn app:app{mood})"


def next_step(report: Report) -> str:
    """One sentence on what to do now."""
    if report.boot_failure is not None:
        return f"Next: make the app start, then run `{report.command}` again."
    if mend := first_failure(report):
        return f"Next: mend “{mend.check.title}”."
    if report.count(Outcome.INCONCLUSIVE):
        return "Next: some checks could not be decided, which is not your fault. Run it again on a quieter machine."
    if not report.is_whole:
        return f"What was run holds. For all of it: `{report.command}`."
    return "All of it holds. `grade solution` shows another answer, `grade list` the next kata."


def alone(report: Report) -> str:
    """The command that grades the first failed check alone, with the same draw; "" when none failed, or ran at all."""
    mend = first_failure(report) if report.boot_failure is None else None
    return f"{report.command} --only {mend.check.id} --seed {report.seed}" if mend else ""


def specification(report: Report) -> str:
    """Where the specification came from, with the beginning of its digest; "" when the report does not say."""
    if report.origin is None:
        return ""
    origin = report.origin
    kata = f"{report.kata} {report.kata_version}".rstrip()
    place = f"bundled with Stream Katas {origin.location}" if origin.pack == "bundled" else f"from {origin.location}"
    return f"Specification: {kata}, {place} (SHA-256 {origin.digest[:12]}…)"
