"""What a class has to grade: each attempt of each student, for each kata."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from grader.catalog.kata import Kata
from grader.classes.intake.files import walk
from grader.classes.intake.handed import Handed
from grader.classes.intake.rejection import Rejected
from grader.classes.intake.roster import Roster
from grader.classes.model import NoReport, Settings, Student, Submission, Why


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt of one student for one kata. ``submission`` has no digest yet."""

    submission: Submission
    handed: Handed
    kata: Kata


@dataclass(frozen=True, slots=True)
class Intake:
    """``students`` of the class, with or without a submission. ``strangers`` handed in, and the roster lacks them."""

    students: tuple[Student, ...]
    tasks: tuple[Task, ...]
    strangers: tuple[str, ...] = ()

    @property
    def is_dated(self) -> bool:
        """Whether anything says when something was handed in, or that it was late; also where nothing was."""
        found = [task.submission for task in self.tasks if task.submission.attempt]
        return not found or any(one.handed_in or one.is_marked_late for one in found)


@dataclass(frozen=True, slots=True)
class Shard:
    """The part ``number`` of ``count`` parts of a class, counted from 1."""

    number: int = 1
    count: int = 1

    def has(self, position: int) -> bool:
        """Whether the student at this position of all, by label, belongs to this part."""
        return position % self.count == self.number - 1


def take_in(
    found: Sequence[Handed],
    katas: Sequence[Kata],
    *,
    roster: Roster | None = None,
    settings: Settings,
    shard: Shard = Shard(),
    is_modified: bool = False,
) -> Intake:
    """Who is in the class, and what is to be graded of it: all students of the roster, and all who handed in."""
    students = {one.label: one for one in (roster.students if roster else ())}
    whose: list[tuple[str, Handed]] = []
    strangers = []
    for handed in found:
        student = (roster.student_of(handed) if roster else None) or students.get(handed.label)
        if student is None:
            student = Student(handed.label, handed.name, handed.email)
            strangers += [student.label] if roster else []
        students[student.label] = student
        whose.append((student.label, handed))
    missing = students.keys() - {label for label, _ in whose}
    whose += [(label, Handed(label, (), Path(), attempt=0)) for label in missing]
    labels = [label for at, label in enumerate(sorted(students)) if shard.has(at)]
    ours = sorted((pair for pair in whose if pair[0] in set(labels)), key=lambda pair: (pair[0], pair[1].attempt))
    tasks = _tasks(_in_order(ours), katas, settings=settings, is_modified=is_modified)
    return Intake(tuple(students[label] for label in labels), tuple(tasks), tuple(sorted(set(strangers))))


def _in_order(whose: Iterable[tuple[str, Handed]]) -> Iterator[tuple[str, Handed]]:
    """Attempts numbered again where a roster says that two folders are of the same student."""
    last: dict[str, int] = {}
    for label, handed in whose:
        number = 0 if handed.attempt == 0 else last.get(label, 0) + 1
        last[label] = number
        yield label, replace(handed, attempt=number)


def _tasks(
    whose: Iterable[tuple[str, Handed]], katas: Sequence[Kata], *, settings: Settings, is_modified: bool
) -> Iterator[Task]:
    for label, handed in whose:
        when = handed.handed_in or (_modified(handed) if is_modified else None)
        late_by = max(when - settings.deadline, timedelta()) if when and settings.deadline else timedelta()
        for kata in katas:
            submission = Submission(
                student=label,
                kata=kata.name,
                attempt=handed.attempt,
                handed_in=when,
                late_by=late_by,
                is_marked_late=handed.is_marked_late,
                source=handed.source,
            )
            yield Task(submission, handed, kata)


def _modified(handed: Handed) -> datetime | None:
    """When the latest of its files was changed; None where they cannot be listed, as their copy is going to say."""
    try:
        files = [file for path in handed.paths for file in (walk(path) if _is_folder(path) else [path])]
        times = [os.lstat(file).st_mtime for file in files]
        return datetime.fromtimestamp(max(times), UTC) if times else None
    except (Rejected, OSError, ValueError, OverflowError):
        return None


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def too_late(submission: Submission, settings: Settings) -> NoReport | None:
    """Why it is not graded, where the class takes nothing that is late."""
    late = settings.late
    if not late.refuse or not (submission.is_marked_late or submission.late_by > late.grace):
        return None
    by = str(submission.late_by).partition(".")[0] if submission.late_by else "its platform says so"
    return NoReport(Why.REFUSED, f"it was handed in too late ({by})")


def seed_of(settings: Settings, kata: str, digest: str) -> str:
    """The seed of a grade: equal submissions have equal ones, and no student can find out another's."""
    return hashlib.sha256(f"{settings.seed}\n{kata}\n{digest}".encode()).hexdigest()[:16]
