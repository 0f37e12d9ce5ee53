"""What is written into a ledger comes back, in order, and says by which attempt a student is graded."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader.classes.ledger import FILE, Ledger
from grader.classes.model import (
    Attempts,
    Bounds,
    Entry,
    Late,
    NoReport,
    Settings,
    Submission,
    Why,
)
from grader.classes.writing import LedgerWriter
from grader.errors import Inconclusive, UsageError
from grader.report.feedback import Feedback
from grader.serving.limits import LaunchLimits
from tests.classes.hand import ADA, BEA, KATA, NAME, WHOLE, hand_in, key, make_ledger
from tests.report.samples import MIXED

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
FAILED = replace(WHOLE, results=MIXED.results[:-1])


def only(ledger: Ledger) -> Entry:
    (entry,) = ledger.entries()
    return entry


def test_all_comes_back_as_it_was_written(tmp_path: Path) -> None:
    settings = Settings(
        title="Streams",
        app="src/app.py",
        deadline=NOON,
        late=Late(10, 50, timedelta(minutes=5), refuse=True),
        attempts=Attempts.BEST,
        limits=LaunchLimits(1.5, 30, 1 << 29),
        bounds=Bounds(1000, 10),
        seed="s",
        feedback=Feedback.TITLES,
    )
    handed_in = Submission("ada", NAME, 2, "d" * 64, NOON, timedelta(hours=1), True, "ada/app.py")
    with make_ledger(tmp_path, settings) as ledger:
        hand_in(ledger, handed_in, WHOLE)
    with Ledger.open(tmp_path) as found:
        assert found.settings == settings
        assert found.katas() == (KATA,)
        assert list(found.students()) == [ADA, BEA]
        entry = only(found)
    assert entry.student == ADA
    assert entry.student.columns == {"SIS Login ID": "al"}
    assert entry.submission == handed_in
    assert entry.result == WHOLE
    assert (entry.key, entry.grading, entry.counts) == (key("d" * 64, seed="s"), 1, True)
    assert (entry.earned, entry.possible, entry.taken) == (WHOLE.points, WHOLE.possible, 10)
    assert entry.graded_at is not None


def test_what_is_still_to_be_graded_is_a_row_and_not_an_entry(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"))
        assert [row.is_waiting for row in ledger.rows()] == [True]
        assert list(ledger.entries()) == []


def test_nothing_is_taken_where_there_is_nothing_to_take_it_from(tmp_path: Path) -> None:
    with make_ledger(tmp_path, Settings(late=Late(10))) as ledger:
        late = Submission("ada", NAME, late_by=timedelta(hours=1))
        ledger.keep_submission(late, NoReport(Why.REFUSED, "it was handed in 1 hour too late"))
        assert only(ledger).taken == 0


def test_a_part_of_a_percent_is_taken_too(tmp_path: Path) -> None:
    with make_ledger(tmp_path, Settings(late=Late(12.5))) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a", late_by=timedelta(hours=1)), WHOLE)
    with Ledger.open(tmp_path) as found:
        assert (only(found).taken, only(found).points) == (12.5, round(WHOLE.points * 0.875, 2))


def test_a_submission_without_a_report_earns_nothing_and_says_why(tmp_path: Path) -> None:
    reason = NoReport(Why.UNREADABLE, "ada.zip is broken")
    with make_ledger(tmp_path) as ledger:
        ledger.keep_submission(Submission("ada", NAME), reason)
        entry = only(ledger)
    assert (entry.result, entry.points, entry.possible, entry.key) == (reason, 0, KATA.possible, None)


def test_a_failure_of_the_machine_books_nothing_until_a_grade_takes_its_place(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), NoReport(Why.INFRASTRUCTURE, "no memory"))
        entry = only(ledger)
        assert (entry.result, entry.points, entry.is_decided) == (
            NoReport(Why.INFRASTRUCTURE, "no memory"),
            None,
            False,
        )
        ledger.keep_grade(key("a"), WHOLE)
        ledger.keep_grade(key("a"), NoReport(Why.INFRASTRUCTURE, "no memory again"))
        assert (only(ledger).result, only(ledger).grading) == (WHOLE, 2)


def test_an_undecided_check_books_nothing(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), MIXED)
        assert (only(ledger).points, only(ledger).result) == (None, MIXED)


@pytest.mark.parametrize(("attempts", "counting"), [(Attempts.LAST, 3), (Attempts.BEST, 1)])
def test_one_attempt_counts(attempts: Attempts, counting: int, tmp_path: Path) -> None:
    late = Submission("ada", NAME, 2, digest="b", late_by=timedelta(days=3))
    with make_ledger(tmp_path, Settings(attempts=attempts, late=Late(10))) as ledger:
        hand_in(ledger, Submission("ada", NAME, 1, digest="a"), WHOLE)
        hand_in(ledger, late, WHOLE)
        hand_in(ledger, Submission("ada", NAME, 3, digest="c"), FAILED)
        ledger.keep_submission(Submission("ada", NAME, 4), NoReport(Why.UNREADABLE, "broken"))
        found = {entry.submission.attempt: entry for entry in ledger.entries()}
    assert [attempt for attempt, entry in found.items() if entry.counts] == [counting]
    assert found[2].points == round(WHOLE.points * 0.7, 2)


def test_of_attempts_that_cannot_be_graded_one_counts_too(tmp_path: Path) -> None:
    with make_ledger(tmp_path, Settings(attempts=Attempts.BEST)) as ledger:
        for attempt in (1, 2):
            ledger.keep_submission(Submission("ada", NAME, attempt), NoReport(Why.UNREADABLE, "broken"))
        assert sum(entry.counts for entry in ledger.entries()) == 1


def test_equal_submissions_share_a_grade(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), WHOLE)
        hand_in(ledger, Submission("bea", NAME, digest="a"))
        assert [(entry.student.label, entry.points) for entry in ledger.entries()] == [("ada", 7 - 3), ("bea", 4)]


def test_grades_by_an_earlier_specification_stay(tmp_path: Path) -> None:
    later = replace(KATA, digest="6" * 64)
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), WHOLE)
        ledger.keep_katas([later])
        assert (only(ledger).result, only(ledger).is_current) == (WHOLE, False)
        ledger.keep_grade(key("a", specification=later.digest), FAILED)
        assert (only(ledger).result, only(ledger).is_current) == (FAILED, True)
        assert not ledger.has(key("a", specification="7" * 64))
        assert ledger.has(key("a", specification=later.digest))
        assert [entry.result for entry in ledger.entries(specification=KATA.digest)] == [WHOLE]


def test_entries_of_one_student(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        for label in ("ada", "bea"):
            hand_in(ledger, Submission(label, NAME, digest=label), WHOLE)
        assert [entry.student for entry in ledger.entries(student="bea")] == [BEA]


def test_where_there_is_none_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no ledger in .*; ?|`grade class SUBMISSIONS"):
        Ledger.open(tmp_path)


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(UsageError, match="cannot be read as a ledger"):
        Ledger.open(tmp_path)
    (tmp_path / FILE).unlink()
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("CREATE TABLE other (value)")
    with pytest.raises(UsageError, match="is not a ledger of format 1"):
        Ledger.open(tmp_path)


def test_a_damaged_report_is_said_to_be_one(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), WHOLE)
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("UPDATE grades SET report = x'00'")
        other.commit()
    with Ledger.open(tmp_path) as found, pytest.raises(Inconclusive, match="report of ada"):
        list(found.entries())


def test_a_full_disk_is_one_sentence_and_keeps_what_is_there(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), WHOLE)
        pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        long = replace(WHOLE, log="".join(f"{number:x}" for number in range(50_000)))
        with pytest.raises(
            Inconclusive, match=r"cannot be written \(database or disk is full\).*give the same command"
        ):
            ledger.keep_grade(key("b"), long)
        assert only(ledger).result == WHOLE


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Inconclusive, match=r"cannot be written \(Not a directory\)"):
        LedgerWriter.make(tmp_path / "file" / "results", Settings())


def test_a_later_run_has_its_own_settings(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), WHOLE)
    with LedgerWriter.make(tmp_path, Settings(late=Late(20))) as again:
        assert again.settings.late.percent == 20
        assert only(again).result == WHOLE


def test_what_a_roster_says_is_anothers_has_one_row(tmp_path: Path) -> None:
    """Files that had the label of their folder, and a group of students who share theirs."""
    with make_ledger(tmp_path) as ledger:
        for student, source in (("ada", "x"), ("bea", "shared"), ("ada", "shared")):
            ledger.keep_submission(Submission(student, NAME, 1 + (source == "shared"), digest="a", source=source))
        ledger.keep_submission(Submission("bea", NAME, 3, digest="a", source="elsewhere"))
        now = [Submission("bea", NAME, 1, source="x"), Submission("bea", NAME, 2, source="shared")]
        ledger.forget_others(now)
        found = [(row.student.label, row.submission.source) for row in ledger.rows()]
        assert found == [("bea", "shared"), ("bea", "elsewhere")]
        assert list(ledger.students()) == [BEA]
