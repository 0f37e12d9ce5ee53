"""A ledger that is made by hand: students, submissions and grades, without an app."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grader import __version__
from grader.classes.model import GradedKata, Key, NoReport, Settings, Student, Submission
from grader.classes.writing import LedgerWriter
from grader.model import Report
from tests.report.samples import MIXED, PERFECT

NAME = "kata-77-small-echo"
SPECIFICATION = "5" * 64
KATA = GradedKata(NAME, "kata-77", "Small echo", "1.0", "folder", SPECIFICATION, tuple(r.check for r in MIXED.results))
ADA, BEA = Student("ada", "Ada Lovelace", "ada@example.org", "A", {"SIS Login ID": "al"}), Student("bea")
#: As a ledger gives it back: without what JSON does not keep.
WHOLE = replace(PERFECT, kata=NAME)


def key(submission: str, *, specification: str = SPECIFICATION, seed: str = "") -> Key:
    return Key(submission, NAME, specification, __version__, seed)


def make_ledger(folder: Path, settings: Settings | None = None) -> LedgerWriter:
    """A ledger with two students and one kata, and no submission."""
    made = LedgerWriter.make(folder, settings or Settings())
    made.keep_katas([KATA])
    made.keep_students([ADA, BEA])
    return made


def hand_in(ledger: LedgerWriter, submission: Submission, result: Report | NoReport | None = None) -> None:
    """Keep a submission, and its grade if there is one."""
    ledger.keep_submission(submission)
    if result is not None:
        ledger.keep_grade(key(submission.digest, seed=ledger.settings.seed), result)
