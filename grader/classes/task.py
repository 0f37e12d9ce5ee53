"""What a class has to grade: each attempt of each student, for each kata."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from grader.catalog.kata import Kata
from grader.classes.intake import times
from grader.classes.intake.assignment import without_assignment
from grader.classes.intake.files import files_of
from grader.classes.intake.handed import Handed
from grader.classes.intake.rejection import Rejected
from grader.classes.intake.roster import Roster
from grader.classes.lateness import duration
from grader.classes.model import NoReport, Settings, Student, Submission, Why
from grader.text import visible

#: So many of the things that may be one student's are named.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt of one student for one kata. ``submission`` has no digest yet.

    ``doubt`` is why it may be another student's, so that it is not graded; or "".
    """

    submission: Submission
    handed: Handed
    kata: Kata
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Intake:
    """``students`` of the class, with or without a submission. ``strangers`` handed in, and the roster lacks them.

    ``others`` are the students of other shards. ``is_unmatched``: nobody on the roster handed in, but strangers did, so
    it is probably another roster, or calls students by other names.
    """

    students: tuple[Student, ...]
    tasks: tuple[Task, ...]
    strangers: tuple[str, ...] = ()
    others: tuple[Student, ...] = ()
    is_unmatched: bool = False

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
    for handed in _by_labels(found, roster) if roster else found:
        student = (roster.student_of(handed) if roster else None) or students.get(handed.label)
        if student is None:
            student = Student(handed.label, handed.name, handed.email)
            strangers += [student.label] if roster else []
        students[student.label] = student
        whose.append((student.label, handed))
    missing = students.keys() - {label for label, _ in whose}
    whose += [(label, Handed(label, (), Path(), attempt=0)) for label in missing]
    labels = [label for at, label in enumerate(sorted(students)) if shard.has(at)]
    own = set(labels)
    ours = sorted((pair for pair in whose if pair[0] in own), key=lambda pair: (pair[0], pair[1].attempt))
    doubts = _doubts(ours)
    found_tasks = _tasks(_in_order(ours, doubts), katas, settings=settings, is_modified=is_modified)
    tasks = [replace(task, doubt=doubts.get(task.submission.student, "")) for task in found_tasks]
    others = [student for label, student in sorted(students.items()) if label not in own]
    return Intake(
        tuple(students[label] for label in labels),
        tuple(tasks),
        tuple(sorted(set(strangers))),
        tuple(others),
        is_unmatched=bool(strangers and roster and len(missing) == len(roster.students) > 0),
    )


def _by_labels(found: Sequence[Handed], roster: Roster) -> Sequence[Handed]:
    """What was handed in, by labels of the roster where it knows no name as it is."""
    is_known = any(roster.student_of(handed) for handed in found)
    return found if is_known else without_assignment(found, roster.students)


def _doubts(whose: Iterable[tuple[str, Handed]]) -> Mapping[str, str]:
    """Students of whom there is more than one thing, by the roster alone, and why none of these is graded.

    Nothing says that they are attempts, and one of them may be of another student, who has chosen its name: then it
    must not take the place of what this student handed in.
    """
    sources: dict[str, dict[str, str]] = defaultdict(dict)
    for student, handed in whose:
        sources[student].setdefault(handed.label, handed.source or handed.label)  # attempts have one label
    found = {student: list(dict.fromkeys(each.values())) for student, each in sources.items()}
    return {student: _not_clear(names) for student, names in found.items() if len(names) > 1}


def _not_clear(sources: Sequence[str]) -> str:
    named = ", ".join(visible(source, 80) for source in sources[:_NAMED])
    more = f" and {len(sources) - _NAMED} more" if len(sources) > _NAMED else ""
    return f"it is not clear which one is this student's, {named}{more}: leave the right one, and grade again"


def _in_order(whose: Iterable[tuple[str, Handed]], doubtful: Collection[str]) -> Iterator[tuple[str, Handed]]:
    """Attempts numbered by their order; of students of whom it is not clear what is theirs, one for all."""
    last: dict[str, int] = {}
    for label, handed in whose:
        if label in doubtful and label in last:
            continue
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
    """When the latest of its files was changed; None where they cannot be listed, as their copy is going to say.

    And where none of them has a time that can be used, which the command has said.
    """
    try:
        found = [seconds for file in files_of(handed.paths) if (seconds := times.of_file(file)) is not None]
        return datetime.fromtimestamp(max(found), UTC) if found else None
    except (Rejected, OSError):
        return None


def too_late(submission: Submission, settings: Settings) -> NoReport | None:
    """Why it is not graded, where the class takes nothing that is late."""
    late = settings.late
    if not late.refuse or not (submission.is_marked_late or submission.late_by > late.grace):
        return None
    by = duration(submission.late_by)
    how = f"{by} too late" if by else "too late, as its platform says"
    return NoReport(Why.REFUSED, f"it was handed in {how}")


def seed_of(settings: Settings, kata: str, digest: str) -> str:
    """The seed of a grade: equal submissions have equal ones, and no student can find out another's."""
    return hashlib.sha256(f"{settings.seed}\n{kata}\n{digest}".encode()).hexdigest()[:16]
