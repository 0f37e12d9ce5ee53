"""The ledger of a class, to read: an SQLite file that holds each grade once, whole."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from grader.classes import records
from grader.classes.lateness import taken
from grader.classes.model import Attempts, Entry, GradedKata, Key, NoReport, Settings, Student, Submission, Why
from grader.errors import Inconclusive, UsageError
from grader.model import Report
from grader.report.read_json import NotAReport

#: In the folder of a class's results.
FILE: Final = "ledger.sqlite"
#: The format of the file, as SQLite's user_version.
FORMAT: Final = 1
#: Seconds that one process waits for another that writes.
BUSY: Final = 30.0

_ROWS: Final = """
SELECT s.student, s.kata, s.attempt, s.digest, s.handed_in, s.late_by, s.is_marked_late, s.source, s.why, s.sentence,
    t.name, t.email, t.section, t.columns,
    k.digest, g.grading, g.graded_at, g.points, g.inconclusive, g.trouble, g.rowid
FROM submissions s JOIN students t ON t.label = s.student JOIN katas k ON k.name = s.kata
LEFT JOIN grades g ON s.why IS NULL AND g.submission = s.digest AND g.kata = s.kata AND g.specification = k.digest
    AND g.grader = :grader AND g.seed = :seed AND g.grading = (
        SELECT h.grading FROM grades h WHERE h.submission = g.submission AND h.kata = g.kata
        AND h.specification = g.specification AND h.grader = g.grader AND h.seed = g.seed
        ORDER BY h.report IS NULL, h.grading DESC LIMIT 1)
WHERE (k.digest = :specification OR (:specification = '' AND k.is_current)) AND (s.student = :student OR :student = '')
ORDER BY s.student, s.kata, s.attempt
"""


class Row(NamedTuple):
    """One submission and what is known of its grade, without the report."""

    student: Student
    submission: Submission
    specification: str
    refusal: NoReport | None
    grading: int | None
    graded_at: str | None
    points: int | None
    inconclusive: int | None
    trouble: str | None
    grade: int | None

    @property
    def is_waiting(self) -> bool:
        """It is still to be graded."""
        return self.refusal is None and self.grading is None

    @property
    def is_decided(self) -> bool:
        """There are points to book, even if none."""
        return self.refusal is not None or (self.points is not None and not self.inconclusive)


class Ledger:
    """A ledger that exists already. Use it as a context manager, or close it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._connection = connect(file)
        self.settings: Settings = records.to_settings(self.fact("settings"))
        self.grader: str = self.fact("grader")

    @classmethod
    def open(cls, path: Path) -> Self:
        """The ledger in the folder ``path``, or that is the file. Raises UsageError where there is none."""
        file = path / FILE if path.is_dir() else path
        if not file.is_file():
            advice = f"`grade class SUBMISSIONS --kata KATA --out {path}` makes one."
            raise UsageError(f"There is no ledger in {path}. {advice}")
        return cls(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def fact(self, name: str) -> str:
        """A text that the ledger keeps under this name; "" for none."""
        found = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def katas(self) -> tuple[GradedKata, ...]:
        """The katas of the class, in the order of the command, with the specifications that were used last."""
        columns = "name, id, title, version, pack, digest, checks"
        rows = self._connection.execute(f"SELECT {columns} FROM katas WHERE is_current ORDER BY position, name")
        return tuple(GradedKata(*_with(row, records.to_checks(row[-1]))) for row in rows)

    def students(self) -> Iterator[Student]:
        """All students, by label."""
        rows = self._connection.execute("SELECT label, name, email, section, columns FROM students ORDER BY label")
        return (Student(*_with(row, json.loads(row[-1]))) for row in rows)

    def rows(self, *, student: str = "", specification: str = "") -> Iterator[Row]:
        """All submissions, by student, kata and attempt, without reports; of one student, of one specification."""
        asked = {"grader": self.grader, "seed": self.settings.seed, "student": student, "specification": specification}
        return map(_row, self._connection.execute(_ROWS, asked))

    def entries(self, *, student: str = "", specification: str = "") -> Iterator[Entry]:
        """Each submission that has a grade, or a reason for none; what is still to be graded is left out.

        They come by student, kata and attempt, one at a time: a class needs no more memory than one report. Of each
        student and kata exactly one has ``counts``. ``specification`` is a digest, for grades by an earlier one.
        """
        possible = {kata.name: kata.possible for kata in self.katas()}
        rows = self.rows(student=student, specification=specification)
        for _, group in groupby(rows, key=lambda row: (row.student.label, row.submission.kata)):
            done = [row for row in group if not row.is_waiting]
            counting = self._counting(done)
            for row in done:
                yield self._entry(row, counts=row is counting, possible=possible.get(row.submission.kata, 0))

    def _counting(self, rows: Iterable[Row]) -> Row | None:
        """The row that counts of one student's rows for one kata."""
        found = [row for row in rows if row.refusal is None] or list(rows)
        if not found or self.settings.attempts is Attempts.LAST:
            return found[-1] if found else None
        decided = [row for row in found if row.is_decided] or found
        return max(decided, key=lambda row: (row.points or 0) * (100 - taken(row.submission, self.settings.late)))

    def _result(self, row: Row) -> Report | NoReport:
        if row.trouble is not None:
            return NoReport(Why.INFRASTRUCTURE, row.trouble)
        found = self._connection.execute("SELECT report FROM grades WHERE rowid = ?", (row.grade,)).fetchone()
        try:
            return records.to_report(found[0])
        except NotAReport as error:
            raise Inconclusive(
                f"the ledger's report of {row.student.label} for {row.submission.kata}: {error}"
            ) from None

    def _entry(self, row: Row, *, counts: bool, possible: int) -> Entry:
        key = None
        if row.refusal is None:
            of = row.submission
            key = Key(of.digest, of.kata, row.specification, self.grader, self.settings.seed)
        result = row.refusal or self._result(row)
        return Entry(
            student=row.student,
            submission=row.submission,
            result=result,
            possible=possible,
            key=key,
            grading=row.grading or 1,
            graded_at=records.to_moment(row.graded_at),
            counts=counts,
            taken=taken(row.submission, self.settings.late),
        )


def _with(row: tuple[Any, ...], last: object) -> list[Any]:
    """The row with what its last column means."""
    return [*row[:-1], last]


def _row(found: tuple[Any, ...]) -> Row:
    student, kata, attempt, digest, handed_in, late_by, is_marked_late, source, why, sentence, *more = found
    name, email, section, columns, specification, *grade = more
    return Row(
        Student(student, name, email, section, json.loads(columns)),
        Submission(
            student=student,
            kata=kata,
            attempt=attempt,
            digest=digest,
            handed_in=records.to_moment(handed_in),
            late_by=timedelta(seconds=late_by),
            is_marked_late=bool(is_marked_late),
            source=source,
        ),
        specification,
        NoReport(Why(why), sentence) if why else None,
        *grade,
    )


def connect(file: Path) -> sqlite3.Connection:
    """A connection to the ledger in ``file``, which may lie where nothing can be written. Raises UsageError."""
    is_writable = os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
    how = "mode=rw" if is_writable else "mode=ro&immutable=1"  # WAL writes beside the file, also to read
    try:
        found = sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True, timeout=BUSY, isolation_level=None)
        number = found.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise UsageError(f"{file} cannot be read as a ledger: {error}.") from None
    if number != FORMAT:
        found.close()
        raise UsageError(f"{file} is not a ledger of format {FORMAT}, which this grader reads.")
    return found
