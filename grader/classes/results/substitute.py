"""A report for each entry of a ledger, also for one without: a student gets a page in every case."""

from __future__ import annotations

from grader.classes.model import Entry, GradedKata, Why
from grader.model import BootFailure, CheckResult, Finding, Origin, Outcome, Report, UndecidedBy

#: The instructor sees more: the sentence of the ledger, which is about the machine.
_WORDS = {
    Why.INFRASTRUCTURE: "the grader or the machine failed",
    Why.UNCLEAR: "it is not clear yet what was handed in",
}


def report_of(entry: Entry, kata: GradedKata) -> Report:
    """The report of ``entry``, or one in which each check failed, or is inconclusive, for the reason in the ledger."""
    if entry.report is not None:
        return entry.report
    assert not isinstance(entry.result, Report)
    is_ours = not entry.result.why.is_decided
    words = _WORDS.get(entry.result.why, "")
    by = UndecidedBy.MACHINE if entry.result.why is Why.INFRASTRUCTURE else None
    undecided = Finding("a verdict", words, headline=words, headline_is_complete=True, undecided_by=by)
    return Report(
        kata=kata.name,
        title=kata.title,
        app=entry.student.shown,
        seed="",
        command="",
        results=tuple(
            CheckResult(check, Outcome.INCONCLUSIVE, undecided) if is_ours else CheckResult(check, Outcome.FAILED)
            for check in kata.checks
        ),
        boot_failure=None if is_ours else BootFailure(entry.result.sentence, is_of_app=False),
        origin=Origin(kata.pack, "", kata.digest),
        kata_version=kata.version,
        is_submission=True,
    )
