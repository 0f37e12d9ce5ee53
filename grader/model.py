"""The data of a grade: frozen dataclasses without behaviour, except for sums."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from grader.protocol.transcript import Entry


class Outcome(Enum):
    """The outcome of a check."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"  # a check that it comes after did not pass
    INCONCLUSIVE = "inconclusive"  # not the learner's fault


class UndecidedBy(Enum):
    """Where the fault is that leaves a check inconclusive, and so who can help."""

    MACHINE = "machine"  # it is too busy, or cannot grade: another grade may be decided
    SPECIFICATION = "specification"  # it breaks in each grade, until its author has corrected it
    GRADER = "grader"  # in code of the grader, which the specification may have called wrongly


@dataclass(frozen=True, slots=True)
class Requirement:
    """A sentence that an app must keep: ``text``, on one line, and its ``source``.

    The source is a standard and section, such as "RFC 9110 8.3"; "" is the kata's README.
    """

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class WhenSeen:
    """A hint for one cause: it comes first where the regular expression ``seen`` is found in a finding's headline."""

    seen: str
    hint: str


@dataclass(frozen=True, slots=True)
class Check:
    """One test of a specification, as its author wrote it. ``hints`` go from the concept to nearly the solution."""

    id: str
    title: str
    points: int
    hints: tuple[str, ...] = ()
    requirement: Requirement | None = None
    after: tuple[str, ...] = ()
    when: tuple[WhenSeen, ...] = ()
    is_law: bool = False  # it judges the responses of all checks, after them
    practice: bool = False  # learners may have it: it is in their pack

    @property
    def hint(self) -> str:
        """The first hint, which a report shows; "" when there is none."""
        return self.hints[0] if self.hints else ""


@dataclass(frozen=True, slots=True)
class Spot:
    """Bytes around an offending byte of a body; ``caret`` is an index into ``excerpt``, ``offset`` into the body.

    ``request`` is the number of the request to this response, as in the transcript.
    """

    excerpt: bytes
    caret: int
    offset: int
    request: int = 0

    @classmethod
    def around(cls, body: bytes | bytearray, offset: int, *, request: int = 0) -> Spot:
        """The byte at ``offset`` with up to 60 bytes on each side: enough to recognise a line of the app's."""
        start = max(0, offset - 60)
        return cls(bytes(body[start : offset + 60]), offset - start, offset, request)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the learner's own code; ``doing`` is the library call in it, ``seconds`` its duration."""

    file: str
    line: int
    function: str = ""
    text: str = ""
    doing: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Raised:
    """An error of the app that nothing caught: its type and words, and the learner's frames, the last call last."""

    headline: str
    frames: tuple[Place, ...] = ()

    @property
    def place(self) -> Place | None:
        """The line that raised, as far as it is the learner's."""
        return self.frames[-1] if self.frames else None


@dataclass(frozen=True, slots=True)
class Finding:
    """The reason why a check did not pass: expected, seen, and other observations.

    ``subject`` names what was looked at, such as "items of the batch". ``headline`` is the line that a learner reads
    first; where ``headline_is_complete`` it tells ``expected`` and ``seen`` in full. ``hint`` takes the place of the
    check's own, where the cause is one that no check is about. ``requirement`` is what the app broke; None where it
    is not known, or the author of the check states none. ``undecided_by`` is set where the check is inconclusive.
    """

    expected: str
    seen: str
    requirement: Requirement | None = None
    subject: str = ""
    headline: str = ""
    headline_is_complete: bool = False
    hint: str = ""
    note: str = ""
    spot: Spot | None = None
    place: Place | None = None
    undecided_by: UndecidedBy | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A check and how it ended.

    ``seconds`` is what it took, ``requests`` are curl lines that repeat it, and ``at_request`` is the number of the one
    that was looked at last (0: none). ``left_out`` counts the entries that a long transcript lacks in its middle.
    ``diverged`` is the point of divergence, in the transcript's seconds. Where it failed, ``raised`` is what the app
    raised first meanwhile, and ``printed`` what it printed. ``blocked_by`` is the id of a check that this one does not
    come after, and that blocks it all the same.
    """

    check: Check
    outcome: Outcome
    finding: Finding | None = None
    transcript: tuple[Entry, ...] = ()
    left_out: int = 0
    diverged: float | None = None
    requests: tuple[str, ...] = ()
    at_request: int = 0
    raised: Raised | None = None
    printed: str = ""
    seconds: float = 0.0
    blocked_by: str = ""

    @property
    def earned(self) -> int:
        return self.check.points if self.outcome is Outcome.PASSED else 0


@dataclass(frozen=True, slots=True)
class BootFailure:
    """The app did not start: the reason in one line, its place in the code, and the app's output.

    With ``is_of_app`` false there was no app to start: nothing was handed in, or nothing that can be graded.
    """

    headline: str
    advice: str = ""
    frames: tuple[Place, ...] = ()
    is_of_app: bool = True

    @property
    def what(self) -> str:
        """What has happened, to be written before the reason."""
        return "the app did not start" if self.is_of_app else "nothing could be graded"

    @property
    def title(self) -> str:
        """The same, at the beginning of a sentence."""
        return self.what.capitalize()


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a specification.

    ``pack`` is "bundled", "folder" (one that the command or a workspace names), or the name of an installed pack;
    ``location`` is the version of the pack, or the path of the folder; ``digest`` is the SHA-256 of the specification's
    files, in hexadecimal. ``pack_version`` and ``pack_digest`` are of the whole pack; "" for a folder. The packs for
    learners and for graders that were made of the same katas have the same digest.
    """

    pack: str
    location: str
    digest: str
    pack_version: str = ""
    pack_digest: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One grade of one app."""

    kata: str
    title: str
    app: str
    seed: str
    command: str  # what grades this app again
    results: tuple[CheckResult, ...]
    boot_failure: BootFailure | None = None
    notes: tuple[str, ...] = ()
    is_whole: bool = True  # all checks of the specification were to be run
    log: str = ""
    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    origin: Origin | None = None
    kata_version: str = ""  # of kata.toml; "" when it gives none
    jail: str = ""  # the tier of the app's jail, or "none"
    is_submission: bool = False
    is_summed: bool = False  # a result stands for all checks that ended alike, so the number of results says nothing

    @property
    def points(self) -> int:
        return sum(result.earned for result in self.results)

    @property
    def possible(self) -> int:
        return sum(result.check.points for result in self.results)

    def count(self, outcome: Outcome) -> int:
        """The number of checks with this outcome."""
        return sum(result.outcome is outcome for result in self.results)
