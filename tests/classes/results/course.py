"""A class in a ledger: students of every fate, in one kata or two, and as many as are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from grader.classes.model import GradedKata, Late, NoReport, Settings, Student, Submission, Why
from grader.classes.writing import LedgerWriter
from grader.model import BootFailure, CheckResult, Finding, Outcome, Report
from tests.classes.hand import KATA, NAME, WHOLE, hand_in, key
from tests.report.samples import MIXED, UNBOOTED

CHECKS = KATA.checks
OTHER = replace(KATA, name="kata-78-large-echo", id="kata-78", title="Large echo", digest="6" * 64)
LATE = Settings(title="Streams, autumn", late=Late(percent=10), seed="s")
DECIDED = replace(
    MIXED, kata=NAME, results=(*MIXED.results[:-1], replace(MIXED.results[-1], outcome=Outcome.FAILED)), jail="A"
)


def drawn(word: str) -> Report:
    """A report whose failed check has a headline with what a seed has drawn."""
    finding = Finding("a", "b", headline=f"the event “{word}” came {len(word)} times; expected: 1")
    failed = CheckResult(CHECKS[3], Outcome.FAILED, finding)
    results = tuple(failed if check == CHECKS[3] else CheckResult(check, Outcome.PASSED) for check in CHECKS)
    return replace(WHOLE, results=results, jail="A")


FULL = replace(WHOLE, results=tuple(CheckResult(check, Outcome.PASSED) for check in CHECKS), jail="A")
BROKEN = replace(
    UNBOOTED,
    kata=NAME,
    jail="A",
    results=tuple(CheckResult(check, Outcome.FAILED) for check in CHECKS),
    boot_failure=BootFailure("app.py raises KeyError while it is imported: 'otter'"),
)
#: Label, name, what came of it, digest.
FATES: list[tuple[str, str, Report | NoReport | None, str]] = [
    ("ada", "Ada Lovelace", FULL, "a"),
    ("bea", "Béatrice =cmd|' /C calc'!A0", drawn("otter"), "b"),
    ("cem", "Cem <b>Öz</b>", drawn("otter"), "b"),
    ("dan", "دانيال", DECIDED, "d"),
    ("eve", "Ada Lovelace", BROKEN, "e"),
    ("fay", "@SUM(1+9)*cmd", MIXED, "f"),
    ("gus", "Gus", NoReport(Why.INFRASTRUCTURE, "the fork server ended in /srv/x"), "g"),
    ("hal", "Hal", NoReport(Why.NO_SUBMISSION, "nothing was handed in"), ""),
    ("ida", "Ida", NoReport(Why.UNREADABLE, "ida.zip is not a whole archive: =x"), ""),
    ("jon", "Jon", None, "j"),
    ("../kim", "Kim", FULL, "k"),
    ("lee", "Lee", drawn("a seal"), "l"),
]


def _quick(folder: Path, settings: Settings) -> LedgerWriter:
    """A ledger that does not wait for the disk: no test of results pulls the plug."""
    ledger = LedgerWriter.make(folder, settings)
    ledger._connection.execute("PRAGMA synchronous = OFF")
    return ledger


def make_course(folder: Path, settings: Settings = LATE, *, katas: tuple[GradedKata, ...] = (KATA,)) -> LedgerWriter:
    """A ledger with all fates. Cem's submission is a day and a bit late."""
    ledger = _quick(folder, settings)
    ledger.keep_katas(katas)
    ledger.keep_students(
        Student(label, name, f"{label}@example.org", "A", {"ID": str(at), "Small echo (4711)": ""})
        for at, (label, name, _, _) in enumerate(FATES)
    )
    for kata in katas:
        for label, _, result, digest in FATES:
            late = timedelta(hours=26) if label == "cem" else timedelta()
            submission = Submission(label, kata.name, digest=digest, late_by=late)
            if isinstance(result, NoReport) and result.why is not Why.INFRASTRUCTURE:
                ledger.keep_submission(replace(submission, attempt=int(result.why is not Why.NO_SUBMISSION)), result)
            elif kata == KATA:
                hand_in(ledger, submission, result)
            else:
                ledger.keep_submission(submission, form=f"form {digest == 'a' or digest == 'd' or digest}")
                if isinstance(result, Report):
                    of = replace(key(digest, specification=kata.digest, seed="s"), kata=kata.name)
                    ledger.keep_grade(of, replace(result, kata=kata.name, title=kata.title))
    return ledger


def many(count: int) -> Iterator[tuple[Student, Report | NoReport]]:
    """Students of all fates, over and over."""
    graded = [(name, result) for _, name, result, _ in FATES if result is not None]
    for number in range(count):
        name, result = graded[number % len(graded)]
        yield Student(f"student-{number:03}", f"{name} {number}", "", "AB"[number % 2]), result


def make_large(folder: Path, count: int) -> LedgerWriter:
    """A ledger with so many students."""
    ledger = _quick(folder, replace(LATE, title="A large class"))
    ledger.keep_katas([KATA])
    found = list(many(count))
    ledger.keep_students(student for student, _ in found)
    for number, (student, result) in enumerate(found):
        submission = Submission(student.label, NAME, digest=f"digest {number - number % 3}")
        if isinstance(result, NoReport) and result.why is not Why.INFRASTRUCTURE:
            ledger.keep_submission(submission, result)
        else:
            hand_in(ledger, submission, None if ledger.has(key(submission.digest, seed="s")) else result)
    return ledger
