"""The ledger of a class, to write: each grade is one transaction, so that a kill at any moment loses none."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from grader import __version__
from grader.classes import records
from grader.classes.ledger import FILE, FORMAT, Ledger, Place, uri_of
from grader.classes.model import GradedKata, Key, NoReport, Settings, Student, Submission, Why
from grader.errors import Inconclusive
from grader.model import Outcome, Report
from grader.score import is_decided

_FACT: Final = "INSERT OR REPLACE INTO facts VALUES (?, ?)"
_SUBMISSION: Final = " INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FORM: Final = "INSERT OR REPLACE INTO forms VALUES (?, ?, ?)"
_FORGET: Final = """
DELETE FROM submissions WHERE source IN (SELECT source FROM present)
    AND NOT EXISTS (SELECT 1 FROM present p WHERE p.source = submissions.source
        AND p.student = submissions.student AND p.attempt = submissions.attempt)
"""
_FORGET_STUDENTS: Final = "DELETE FROM students WHERE label NOT IN (SELECT student FROM submissions)"
#: The row of a student in a shard that is missing: nothing was handed in, as far as one knows, and nobody is sure.
_LOST: Final = f"attempt = 0 AND why IN ('{Why.UNCLEAR.value}', '{Why.INFRASTRUCTURE.value}')"  # older ledgers
#: What a ledger takes of another one, by table.
_MERGED: Final = {"students": "", "submissions": f"WHERE NOT ({_LOST}) OR why IS NULL", "forms": "", "grades": ""}
_SCHEMA: Final = Path(__file__).with_name("schema.sql")


class LedgerWriter(Ledger):
    """A ledger that grades are written to. One process at a time writes; others may read meanwhile.

    A disk that is full, and a folder that cannot be written, raise Inconclusive; what is written already stays.
    """

    @classmethod
    def make(cls, folder: Path, settings: Settings) -> LedgerWriter:
        """The ledger in ``folder``, which is made where there is none. The settings of an earlier run are replaced."""
        file = folder / FILE
        facts = {"settings": records.of_settings(settings), "grader": __version__}
        with writing(file):
            folder.mkdir(parents=True, exist_ok=True)
            if not file.exists():
                _make(file, facts)
            made = cls(file)
        made._connection.execute("PRAGMA synchronous = FULL")
        made.keep_facts(facts)
        made.settings, made.grader = settings, __version__
        return made

    def keep_facts(self, facts: Mapping[str, str]) -> None:
        """Texts by their names, such as the settings."""
        with self._transaction():
            self._connection.executemany(_FACT, facts.items())

    def keep_katas(self, katas: Sequence[GradedKata]) -> None:
        """These are the class's katas from now on. Specifications of earlier runs are kept, and their grades."""
        with self._transaction():
            self._connection.execute("UPDATE katas SET is_current = 0")
            for position, kata in enumerate(katas):
                self._connection.execute(
                    "INSERT OR REPLACE INTO katas VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)",
                    (
                        kata.name,
                        kata.digest,
                        kata.id,
                        kata.title,
                        kata.version,
                        kata.pack,
                        records.of_checks(kata.checks),
                        position,
                    ),
                )

    def keep_students(self, students: Iterable[Student]) -> None:
        """Students, with what a roster says of them now."""
        rows = ((one.label, one.name, one.email, one.section, json.dumps(dict(one.columns))) for one in students)
        with self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO students VALUES (?, ?, ?, ?, ?)", rows)

    def expect(self, submissions: Sequence[Submission]) -> None:
        """Rows for what is going to be read, so that nothing can be overlooked; those that are there stay as they are.

        A student who has handed in something is none any more who has handed in nothing.
        """
        handed_in = {(one.student, one.kata) for one in submissions if one.attempt}
        with self._transaction():
            self._connection.executemany(
                f"INSERT OR IGNORE{_SUBMISSION}", [_of_submission((one, None)) for one in submissions]
            )
            query = "DELETE FROM submissions WHERE student = ? AND kata = ? AND attempt = 0"
            self._connection.executemany(query, handed_in)

    def keep_stub(self, kata: str, form: str) -> None:
        """The normal form of a kata's stub: who hands it in unchanged has not copied it from another student."""
        with self._transaction():
            self._connection.execute(_FORM, (kata, "", form))

    def forget_others(self, submissions: Iterable[Submission]) -> None:
        """Remove rows of the same files under other labels or attempts: a roster has said since whose they are.

        ``submissions`` are all that a class, or its shard, has now. No grade is removed.
        """
        rows = [(one.source, one.student, one.attempt) for one in submissions if one.source]
        with self._transaction():
            self._connection.execute("CREATE TEMP TABLE present (source TEXT, student TEXT, attempt INTEGER)")
            self._connection.executemany("INSERT INTO present VALUES (?, ?, ?)", rows)
            self._connection.execute("CREATE INDEX temp.places ON present (source, student, attempt)")
            self._connection.execute(_FORGET)
            self._connection.execute(_FORGET_STUDENTS)
            self._connection.execute("DROP TABLE present")

    def forget_lost(self) -> None:
        """Remove the rows of students of whom only was known that they are in a shard that was missing."""
        with self._transaction():
            self._connection.execute(f"DELETE FROM submissions WHERE {_LOST}")

    def forget(self, places: Iterable[Place]) -> None:
        """Remove submissions from the class, and students who then have none. No grade is removed."""
        with self._transaction():
            query = "DELETE FROM submissions WHERE student = ? AND kata = ? AND attempt = ?"
            self._connection.executemany(query, list(places))
            self._connection.execute(_FORGET_STUDENTS)

    def keep_submission(self, submission: Submission, refusal: NoReport | None = None, *, form: str = "") -> None:
        """A submission, of a student that is kept already, and the reason where it is not to be graded.

        ``form`` is the normal form of its app (see :mod:`grader.syntax`).
        """
        with self._transaction():
            self._connection.execute(f"INSERT OR REPLACE{_SUBMISSION}", _of_submission((submission, refusal)))
            if form:
                self._connection.execute(_FORM, (submission.kata, submission.digest, form))

    def keep_grade(self, key: Key, result: Report | NoReport) -> None:
        """One grade, in one transaction; ``result`` without a report is an infrastructure failure."""
        with self._transaction():
            columns = "submission = ? AND kata = ? AND specification = ? AND grader = ? AND seed = ?"
            known = (key.submission, key.kata, key.specification, key.grader, key.seed)
            last = self._connection.execute(f"SELECT MAX(grading) FROM grades WHERE {columns}", known).fetchone()[0]
            row = (*known, (last or 0) + 1, records.of_moment(datetime.now(UTC)), *_of_result(result))
            self._connection.execute(f"INSERT INTO grades VALUES ({', '.join('?' * len(row))})", row)

    def keep_all_of(self, file: Path) -> None:
        """All students, submissions and grades of the ledger in ``file``. What this one has already, it keeps."""
        with writing(self.file):
            self._connection.execute("ATTACH DATABASE ? AS other", (uri_of(file),))
        try:
            with self._transaction():
                # A row that is still to be graded here may be graded there.
                self._connection.execute("DELETE FROM submissions WHERE digest = '' AND why IS NULL")
                for table, which in _MERGED.items():
                    self._connection.execute(f"INSERT OR IGNORE INTO {table} SELECT * FROM other.{table} {which}")
        finally:
            self._connection.execute("DETACH DATABASE other")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with writing(self.file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _of_submission(found: tuple[Submission, NoReport | None]) -> tuple[object, ...]:
    one, refusal = found
    when, late_by = records.of_moment(one.handed_in), one.late_by.total_seconds()
    reason = (refusal.why.value, refusal.sentence) if refusal else (None, None)
    return (one.student, one.kata, one.attempt, one.digest, when, late_by, one.is_marked_late, one.source, *reason)


def _of_result(result: Report | NoReport) -> tuple[object, ...]:
    if isinstance(result, NoReport):
        return (0.0, None, None, None, None, None, result.sentence)
    outcomes = json.dumps({check.check.id: check.outcome.value for check in result.results})
    inconclusive = 0 if is_decided(result) else result.count(Outcome.INCONCLUSIVE)
    return (result.seconds, result.points, result.possible, inconclusive, outcomes, records.of_report(result), None)


def _make(file: Path, facts: Mapping[str, str]) -> None:
    """A ledger appears whole: one of a process that was killed meanwhile has another name, and is made again."""
    part = file.with_suffix(".new")
    part.unlink(missing_ok=True)
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA.read_text("utf-8"))
        connection.executemany(_FACT, facts.items())
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    finally:
        connection.close()
    part.rename(file)


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Around what writes a ledger: a disk or a folder that does not take it raises Inconclusive, in one sentence."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Inconclusive(
            f"{file} cannot be written ({why}). What it holds already is kept: make room or choose another folder, and "
            "give the same command again."
        ) from None
