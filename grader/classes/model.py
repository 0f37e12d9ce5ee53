"""The data of a class, as frozen dataclasses: its settings, its students, what they handed in, and their grades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from grader.model import Check, Report
from grader.report.feedback import Feedback
from grader.score import is_decided
from grader.serving.limits import LaunchLimits


class Attempts(Enum):
    """Which one of a student's submissions for a kata counts."""

    BEST = "best"  # the one with most points, after what lateness takes; of equal ones the first
    LAST = "last"  # the one that was handed in last


@dataclass(frozen=True, slots=True)
class Late:
    """What lateness takes: ``percent`` of the points for each day begun after ``grace``, up to ``most`` percent.

    With ``refuse`` it is not graded. By itself, lateness takes nothing.
    """

    percent: float = 0
    most: float = 100
    grace: timedelta = timedelta()
    refuse: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a submission is looked at: ``size`` in bytes and ``files``, once it is unpacked."""

    size: int = 16 << 20
    files: int = 1000


#: Those of `grade run`: what is whole at home is whole here.
LIMITS = LaunchLimits()


@dataclass(frozen=True, slots=True)
class Settings:
    """What a class decides once, for all submissions.

    ``app`` names the app in a submission, such as "src/app.py"; "" is the kata's own entry. ``deadline`` knows its time
    zone. ``seed`` decides all draws of the class: each grade's own seed is made of it and of the submission's digest,
    so that equal submissions have equal grades.
    """

    title: str = ""
    app: str = ""
    deadline: datetime | None = None
    late: Late = field(default_factory=Late)
    attempts: Attempts = Attempts.LAST
    limits: LaunchLimits = LIMITS
    bounds: Bounds = field(default_factory=Bounds)
    seed: str = ""
    feedback: Feedback = Feedback.FULL


@dataclass(frozen=True, slots=True)
class GradedKata:
    """A kata of a class: what its specification was when it was graded last. ``digest`` is that of its files.

    ``checks`` are in the order of the specification. ``id`` is the short name, such as "kata-1"; ``name`` the whole.
    """

    name: str
    id: str
    title: str
    version: str
    pack: str
    digest: str
    checks: tuple[Check, ...]

    @property
    def possible(self) -> int:
        """The points of all checks."""
        return sum(check.points for check in self.checks)


@dataclass(frozen=True, slots=True)
class Student:
    """Somebody who hands in. ``label`` is unique in the class: all results are about labels, names may be equal.

    ``columns`` has all that the roster says of the student, by its own headers: a gradebook may ask for any of them.
    """

    label: str
    name: str = ""
    email: str = ""
    section: str = ""
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def shown(self) -> str:
        """The name, or without one the label."""
        return self.name or self.label

    @property
    def named(self) -> str:
        """The label, by which commands find the student, with the name where this is another one."""
        return self.label if self.name in ("", self.label) else f"{self.label} ({self.name})"


@dataclass(frozen=True, slots=True)
class Submission:
    """What a student handed in for a kata: the ``attempt``-th time, 1 for the first.

    Where nothing was handed in, ``attempt`` is 0. ``student`` is a label, ``kata`` a whole name. ``digest`` is the
    SHA-256 of its files; "" where nothing could be read. ``handed_in`` is None where nobody says when that was.
    ``late_by`` is zero for one in time; a platform may mark it late without saying by how much. ``source`` is the file
    or folder that it came in, below the folder of all.
    """

    student: str
    kata: str
    attempt: int = 1
    digest: str = ""
    handed_in: datetime | None = None
    late_by: timedelta = timedelta()
    is_marked_late: bool = False
    source: str = ""

    @property
    def is_late(self) -> bool:
        return self.is_marked_late or self.late_by > timedelta()


class Why(Enum):
    """Why there is no report."""

    NO_SUBMISSION = "no submission"  # nothing was handed in
    UNREADABLE = "unreadable"  # an archive that is broken, a folder without the app
    REFUSED = "refused"  # too large, unsafe, too late
    INFRASTRUCTURE = "infrastructure"  # the grader or the machine failed: never the student's fault
    UNCLEAR = "unclear"  # nobody knows what the student handed in, until the instructor puts it right

    @property
    def is_decided(self) -> bool:
        """Whether the student has a grade by this, of 0 points: else there is none yet."""
        return self not in (Why.INFRASTRUCTURE, Why.UNCLEAR)


@dataclass(frozen=True, slots=True)
class NoReport:
    """The reason why there is no report: its kind, and one sentence for the instructor."""

    why: Why
    sentence: str


@dataclass(frozen=True, slots=True)
class Key:
    """What a grade depends on; what the ledger has under this key is not graded again unless somebody asks.

    ``submission`` and ``specification`` are digests, ``kata`` is a whole name, ``grader`` the version of the grader,
    ``seed`` that of the class. The seed of the grade itself is in its report.
    """

    submission: str
    kata: str
    specification: str
    grader: str
    seed: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission of a class and its grade.

    ``key`` is None where nothing was to be graded: then ``result`` is a :class:`NoReport`. ``grading`` counts the
    grades under this key: 1 for the first, more after a regrade. ``possible`` are the points of the kata, also without
    a report. ``counts`` says that this is the attempt by which the student's points are decided. ``taken`` is what
    lateness takes, in percent. ``is_current`` says that it was graded by the specification, the version of the grader
    and the seed that the class has now: after a change of these, a grade stays until there is another.
    """

    student: Student
    submission: Submission
    result: Report | NoReport
    possible: int
    key: Key | None = None
    grading: int = 1
    graded_at: datetime | None = None
    counts: bool = True
    taken: float = 0
    is_current: bool = True

    @property
    def report(self) -> Report | None:
        """The report, where there is one."""
        return self.result if isinstance(self.result, Report) else None

    @property
    def is_decided(self) -> bool:
        """Whether there are points to book: not where the grader or the machine failed, in all or in one check.

        And not where nobody knows what was handed in.
        """
        if isinstance(self.result, NoReport):
            return self.result.why.is_decided
        return is_decided(self.result)

    @property
    def earned(self) -> int | None:
        """Points before lateness takes some: 0 where nothing could be graded; None where nothing is decided."""
        if not self.is_decided:
            return None
        return self.result.points if isinstance(self.result, Report) else 0

    @property
    def points(self) -> float | None:
        """Points to book, to the hundredth; None where nothing is decided."""
        earned = self.earned
        return None if earned is None else round(earned * (100 - self.taken) / 100, 2)
