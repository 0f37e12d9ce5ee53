"""The ledger of a class, to read: an SQLite file that holds each grade once, whole."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
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
from grader.score import first_broken

#: In the folder of a class's results.
FILE: Final = "ledger.sqlite"
#: The format of the file, as SQLite's user_version.
FORMAT: Final = 1
#: A student's label, a kata and an attempt.
Place = tuple[str, str, int]
#: Seconds that one process waits for another that writes.
BUSY: Final = 30.0

_ROWS: Final = """
SELECT s.student, s.kata, s.attempt, s.digest, s.handed_in, s.late_by, s.is_marked_late, s.source, s.why, s.sentence,
    t.name, t.email, t.section, t.columns, g.specification, g.grader, g.seed,
    g.specification = k.digest AND g.grader = :grader AND g.seed = :seed,
    g.grading, g.graded_at, g.seconds, g.points, g.possible, g.inconclusive, g.outcomes, g.trouble, g.rowid
FROM submissions s JOIN students t ON t.label = s.student JOIN katas k ON k.name = s.kata AND k.is_current
LEFT JOIN grades g ON s.why IS NULL AND g.rowid = (
    SELECT h.rowid FROM grades h JOIN katas c ON c.name = h.kata AND c.is_current
    WHERE h.submission = s.digest AND h.kata = s.kata AND (:specification = '' OR h.specification = :specification)
    ORDER BY h.report IS NULL, h.specification = c.digest AND h.grader = :grader AND h.seed = :seed DESC,
        h.graded_at DESC, h.grading DESC LIMIT 1)
WHERE s.student = :student OR :student = ''
ORDER BY s.student, s.kata, s.attempt
"""


class Grade(NamedTuple):
    """A grade without its report: what it depends on, and what came of it.

    ``is_current``: by the specification, the version of the grader and the seed that the class has now. ``outcomes`` is
    a JSON object of outcomes by checks. Without a report, ``trouble`` says why.
    """

    specification: str
    grader: str
    seed: str
    is_current: bool
    grading: int
    graded_at: str
    seconds: float
    points: int | None
    possible: int | None
    inconclusive: int | None
    outcomes: str | None
    trouble: str | None
    number: int

    @property
    def is_decided(self) -> bool:
        """Each check has a verdict."""
        return self.trouble is None and not self.inconclusive

    def outcome_of(self, check: str) -> str:
        """The outcome of a check, "" where there is none of it."""
        return str(json.loads(self.outcomes or "{}").get(check, ""))


class Row(NamedTuple):
    """One submission, and what is known of it without its report: a refusal, or a grade, or nothing yet."""

    student: Student
    submission: Submission
    refusal: NoReport | None
    grade: Grade | None

    @property
    def place(self) -> Place:
        return self.student.label, self.submission.kata, self.submission.attempt

    @property
    def is_waiting(self) -> bool:
        """It is still to be graded."""
        return self.refusal is None and self.grade is None

    @property
    def is_decided(self) -> bool:
        """There are points to book, even if none."""
        return self.refusal is not None or (self.grade is not None and self.grade.is_decided)


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

    def specifications(self) -> list[str]:
        """The digests of all specifications that somebody was graded by."""
        return [row[0] for row in self._connection.execute("SELECT DISTINCT specification FROM grades ORDER BY 1")]

    def students(self) -> Iterator[Student]:
        """All students, by label."""
        rows = self._connection.execute("SELECT label, name, email, section, columns FROM students ORDER BY label")
        return (Student(*_with(row, json.loads(row[-1]))) for row in rows)

    def forms(self) -> dict[tuple[str, str], str]:
        """The normal forms of apps by kata and digest of the submission; of a stub the digest is ""."""
        rows = self._connection.execute("SELECT kata, submission, form FROM forms")
        return {(kata, submission): form for kata, submission, form in rows}

    def has(self, key: Key) -> bool:
        """Whether there is a grade under this key in which each check has a verdict: it is not graded again.

        And not where the specification or the grader broke in the last one, so that it would break again.
        """
        same = "submission = ? AND kata = ? AND specification = ? AND grader = ? AND seed = ?"
        query = f"SELECT inconclusive, report FROM grades WHERE {same} ORDER BY grading DESC"
        found = self._connection.execute(query, tuple(asdict(key).values())).fetchall()
        if any(count == 0 for count, _ in found):
            return True
        return bool(found) and found[0][1] is not None and first_broken(_read(found[0][1], key.kata)) is not None

    def rows(self, *, student: str = "", specification: str = "") -> Iterator[Row]:
        """All submissions, by student, kata and attempt, without reports; of one student, of one specification.

        Where there is no grade by the current specification, it is the last one by an earlier.
        """
        asked = {"grader": self.grader, "seed": self.settings.seed, "student": student, "specification": specification}
        return map(_row, self._connection.execute(_ROWS, asked))

    def entries(self, *, student: str = "", specification: str = "") -> Iterator[Entry]:
        """Each submission that has a grade, or a reason for none; what is still to be graded is left out.

        They come by student, kata and attempt, one at a time: a class needs no more memory than one report. Of each
        student and kata exactly one has ``counts``. ``specification`` is a digest, for the grades by that one alone.
        """
        possible = {kata.name: kata.possible for kata in self.katas()}
        rows = self.rows(student=student, specification=specification)
        for _, group in groupby(rows, key=lambda row: (row.student.label, row.submission.kata)):
            done = [row for row in group if not row.is_waiting]
            counting = self.counting(done)
            for row in done:
                yield self._entry(row, counts=row is counting, possible=possible[row.submission.kata])

    def counting(self, rows: Iterable[Row]) -> Row | None:
        """The row that counts of one student's rows for one kata, by attempt."""
        found = [row for row in rows if row.refusal is None] or list(rows)
        if not found or self.settings.attempts is Attempts.LAST:
            return found[-1] if found else None
        return max([row for row in found if row.is_decided] or found, key=self._worth)

    def _worth(self, row: Row) -> float:
        points = row.grade.points if row.grade else 0
        return (points or 0) * (100 - taken(row.submission, self.settings.late))

    def _entry(self, row: Row, *, counts: bool, possible: int) -> Entry:
        of, grade = row.submission, row.grade
        return Entry(
            student=row.student,
            submission=of,
            result=row.refusal or self._result(row),
            possible=grade.possible if grade and grade.possible is not None else possible,
            key=Key(of.digest, of.kata, grade.specification, grade.grader, grade.seed) if grade else None,
            grading=grade.grading if grade else 1,
            graded_at=records.to_moment(grade.graded_at) if grade else None,
            counts=counts,
            taken=0 if row.refusal else taken(of, self.settings.late),  # there is nothing to take it from
            is_current=grade is None or bool(grade.is_current),
        )

    def _result(self, row: Row) -> Report | NoReport:
        assert row.grade is not None, "nothing is waiting here"
        if row.grade.trouble is not None:
            return NoReport(Why.INFRASTRUCTURE, row.grade.trouble)
        return self.report_of(row.grade, f"{row.student.label} for {row.submission.kata}")

    def report_of(self, grade: Grade, whose: str) -> Report:
        """The report of a grade that has one. Raises Inconclusive where it is damaged."""
        query = "SELECT report FROM grades WHERE rowid = ?"
        return _read(self._connection.execute(query, (grade.number,)).fetchone()[0], whose)


def _read(report: bytes, whose: str) -> Report:
    try:
        return records.to_report(report)
    except NotAReport as error:
        raise Inconclusive(f"the ledger's report of {whose}: {error}") from None


def _with(row: tuple[Any, ...], last: object) -> list[Any]:
    """The row with what its last column means."""
    return [*row[:-1], last]


def _row(found: tuple[Any, ...]) -> Row:
    student, kata, attempt, digest, handed_in, late_by, is_marked_late, source, why, sentence, *more = found
    name, email, section, columns, *grade = more
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
        NoReport(Why(why), sentence) if why else None,
        Grade(*grade) if grade[-1] is not None else None,
    )


def uri_of(file: Path) -> str:
    """The ledger in ``file`` as SQLite opens it: to read only, where nothing can be written.

    WAL writes beside the file, also to read. What a run that was killed has left there is read as well.
    """
    if os.access(file, os.W_OK) and os.access(file.parent, os.W_OK):
        return f"{file.absolute().as_uri()}?mode=rw"
    log = file.with_name(f"{file.name}-wal")
    is_closed = not log.exists() or not log.stat().st_size
    return f"{file.absolute().as_uri()}?mode=ro{'&immutable=1' if is_closed else ''}"


def connect(file: Path) -> sqlite3.Connection:
    """A connection to the ledger in ``file``, which may lie where nothing can be written. Raises UsageError."""
    try:
        found = sqlite3.connect(uri_of(file), uri=True, timeout=BUSY, isolation_level=None)
        number = found.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise UsageError(f"{file} cannot be read as a ledger: {error}.") from None
    if number != FORMAT:
        found.close()
        raise UsageError(f"{file} is not a ledger of format {FORMAT}, which this grader reads.")
    return found
