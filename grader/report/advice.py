"""The sentences that all formats of a report share: how the checks ended, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from grader.errors import NO_LOOPBACK, NO_THREADS, NO_UPSTREAM
from grader.model import Check, CheckResult, Outcome, Report
from grader.score import first_broken, first_failure, is_decided
from grader.text import plural

#: What a learner is to know of a check that broke.
_UNTIL_THEN = "This is not your fault, and it happens again until the author has corrected it."


def heading(report: Report) -> str:
    """The kata's number and title, such as ``Kata 2: Progress reporter``."""
    number = re.match(r"kata-(\d+)-", report.kata)
    return f"Kata {number[1]}: {report.title}" if number else report.title


def counts(report: Report) -> str:
    """The number of checks with each outcome, such as ``3 passed, 1 failed``; "" where it is not shown.

    And where there was nothing to grade: then no check has failed, either, though it has no points.
    """
    if report.is_summed or _has_no_app(report):
        return ""
    return ", ".join(f"{report.count(outcome)} {outcome.value}" for outcome in Outcome if report.count(outcome))


def outcome(result: CheckResult, report: Report) -> str:
    """The outcome of a check in a word, or that there was nothing to grade."""
    return "not graded" if _has_no_app(report) and result.outcome is Outcome.FAILED else result.outcome.value


def _has_no_app(report: Report) -> bool:
    return report.boot_failure is not None and not report.boot_failure.is_of_app


def score(report: Report) -> str:
    """The points, such as ``3 of 8 points``; where some check is inconclusive, they are not final."""
    points = f"{report.points} of {report.possible} points"
    return points if is_decided(report) else f"{points} so far, not final"


def next_step(report: Report, focus: CheckResult | None = None) -> str:
    """The next step for the learner, in one or two sentences; "" where what they are shown allows none.

    ``focus`` is the failed check that they look at, if that is not the first one.
    """
    if not report.command:
        return _next_for_student(report)
    if report.boot_failure is not None:
        return f"Next: make the app start, then run `{report.command}` again."
    broken = f"tell the author of the kata about {_broken(report)}. {_UNTIL_THEN}" if _broken(report) else ""
    if failed := focus or first_failure(report):
        return f"Next: fix “{failed.check.title}”.{f' And {broken}' if broken else ''}"
    if broken:
        return f"Next: {broken}"
    if report.count(Outcome.INCONCLUSIVE):
        return f"Next: {_undecided(report)} Some checks could not be decided, which is not your fault."
    if not report.is_whole:
        return f"The selected checks passed. To run all of them: `{report.command}`."
    if any("event loop was blocked" in note for note in report.notes):
        return "The event loop was blocked for a while: see the note above. No check failed because of it."
    solution = "" if _is_of_pack(report) else "`grade solution` shows another solution or how to install it, "
    return f"All checks passed. {solution}`grade next`{'' if solution else ' shows'} what is next."


def _broken(report: Report) -> str:
    """Which check broke, and how; "" where none did, or where that is not shown."""
    found = first_broken(report)
    return f"“{found.check.title}”, which could not be decided: {cause(found)}" if found else ""


def cause(result: CheckResult) -> str:
    """Why a check is inconclusive, without a full stop."""
    found = result.finding
    return (found.seen or found.headline).rstrip(".") if found else ""


def why_undecided(report: Report) -> str:
    """For an instructor: the check that has no verdict, and why, without a full stop; "" where all have one.

    What broke comes first: nobody else can do something about it.
    """
    undecided = (result for result in report.results if result.outcome is Outcome.INCONCLUSIVE)
    found = None if is_decided(report) else first_broken(report) or next(undecided, None)
    return f"“{found.check.title}” could not be decided: {cause(found)}".rstrip(": ") if found else ""


def _undecided(report: Report) -> str:
    """What may help where checks are inconclusive: to wait, or to fix the machine, if it could not grade anything."""
    undecided = [one.finding for one in report.results if one.finding and one.outcome is Outcome.INCONCLUSIVE]
    reasons = {finding.seen.partition(":")[0] for finding in undecided}
    for reason in (NO_LOOPBACK, NO_UPSTREAM, NO_THREADS):
        if reason in reasons:
            return f"fix this machine, and run it again: {reason.replace('this machine', 'it')}."
    return "run it again on a quieter machine."


def _is_of_pack(report: Report) -> bool:
    """Whether the kata was handed out in a pack: learners have no solution of it."""
    return report.origin is not None and report.origin.pack not in ("bundled", "folder")


def _next_for_student(report: Report) -> str:
    """For a learner whose submission was graded elsewhere: nothing to run, and nothing that is not shown."""
    if report.boot_failure is not None:
        return f"{report.boot_failure.title}, so no check could pass."
    if failed := first_failure(report):
        return f"Next: fix “{failed.check.title}”." if failed.finding else ""
    if broken := _broken(report):
        return f"The author of the kata has to correct {broken}. This is not a fault of the app, and costs no points."
    if report.count(Outcome.INCONCLUSIVE):
        return "Some checks could not be decided. This is not a fault of the app, and costs no points."
    return "All checks passed."


def blocked(report: Report) -> list[str]:
    """The number of checks that are blocked by each check that did not pass, and their points."""
    by_id = {result.check.id: result for result in report.results}
    counts: dict[str, list[CheckResult]] = {}
    for result in report.results:
        if result.outcome is Outcome.BLOCKED:
            counts.setdefault(_root(result, by_id), []).append(result)
    return [
        f"{plural(len(found), 'check')} blocked by {root}, {plural(sum(one.check.points for one in found), 'point')}"
        for root, found in counts.items()
    ]


def _root(result: CheckResult, by_id: Mapping[str, CheckResult]) -> str:
    """The first check that did not pass and was run, of those that block ``result`` or that it comes after."""
    left = dict(by_id)  # each is gone to once: a report that was read from a file may name checks in a circle
    while result.outcome is Outcome.BLOCKED:
        before = [left[name] for name in (result.blocked_by, *result.check.after) if name in left]
        missing = next((one for one in before if one.outcome is not Outcome.PASSED), None)
        if missing is None:
            return _only_failed(by_id.values())
        result = left.pop(missing.check.id)
    return f"“{result.check.title}”"


def _only_failed(results: Iterable[CheckResult]) -> str:
    """What blocks a check that comes after none that did not pass: what failed, so that it had nothing to look at."""
    failed = [one for one in results if one.outcome is Outcome.FAILED]
    return f"“{failed[0].check.title}”" if len(failed) == 1 else "checks that did not pass"


def all_hints(check: Check, cause: str) -> tuple[str, ...]:
    """The hints of a check; first the one about what was seen, if it is not one of them."""
    return check.hints if not cause or cause in check.hints[:1] else (cause, *check.hints)


def single_check(report: Report, focus: CheckResult | None = None) -> str:
    """The command that runs only the first failed check, or ``focus``, with the same seed; "" when none could run."""
    failed = (focus or first_failure(report)) if report.boot_failure is None and report.command else None
    return f"{report.command} --only {failed.check.id} --seed {report.seed}" if failed else ""


def specification(report: Report) -> str:
    """The origin of the specification, with the beginning of its digest; "" when the report has none."""
    if report.origin is None:
        return ""
    origin = report.origin
    kata = f"{report.kata} {report.kata_version}".rstrip()
    where = origin.location or origin.pack
    place = f"bundled with Stream Katas {origin.location}".rstrip() if origin.pack == "bundled" else f"from {where}"
    whole = f"; of the pack: {origin.pack_digest[:12]}…" if origin.pack_digest and origin.pack != "bundled" else ""
    return f"Specification: {kata}, {place} (SHA-256 {origin.digest[:12]}…{whole})"


def jail(report: Report) -> str:
    """What the app could reach, by its jail; "" when the report does not say which one it was in."""
    whose = "a submission" if report.is_submission else "an app of one's own"
    match report.jail:
        case "":
            return ""
        case "none":
            return "Jail: none. The app could reach everything that the person who graded it can reach."
        case tier:
            return f"Jail: tier {tier}, for {whose}."
