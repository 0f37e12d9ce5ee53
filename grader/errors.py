"""The errors of a grade, by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the model takes 7 ms to define: an app is started before
    from grader.model import BootFailure, Place, Requirement, Spot


#: Why a check has no verdict that was not over in time.
OVERTIME = "the time limit of the whole grade is over"
#: Why this machine can grade nothing before somebody has fixed it; what the system says stands behind a colon.
NO_LOOPBACK = "this machine cannot connect to its own 127.0.0.1"
NO_THREADS = "this machine does not let the app start as many threads as every app may need"
NO_UPSTREAM = "this machine cannot connect the app to the grader's upstream"


class Violation(AssertionError):
    """The app broke a requirement: the check has failed.

    ``finding`` is made here, and completed when the check ends: with the check's own requirement and hint where it has
    none, and with its headline. ``sentence`` says what is wrong where "seen; expected: ..." would not read well; it
    tells both in full. ``statuses`` are the status codes that were expected, and ``told`` is a remark about the
    response that stands in ``seen`` already.
    """

    def __init__(
        self,
        *,
        expected: str,
        seen: str,
        sentence: str = "",
        requirement: Requirement | None = None,
        hint: str = "",
        spot: Spot | None = None,
        place: Place | None = None,
        statuses: frozenset[int] = frozenset(),
        told: str = "",
    ) -> None:
        from grader.model import Finding  # late: see above

        super().__init__(f"expected {expected}; seen: {seen}")
        self.finding = Finding(expected, seen, requirement, hint=hint, spot=spot, place=place)
        self.sentence = sentence
        self.statuses = statuses
        self.told = told


class BootFailed(Exception):
    """The app did not start; every check has failed, and the report says it once."""

    def __init__(self, failure: BootFailure) -> None:
        super().__init__(failure.headline)
        self.failure = failure

    @classmethod
    def because(cls, headline: str, advice: str = "", frames: tuple[Place, ...] = ()) -> BootFailed:
        """The app did not start, for this reason."""
        from grader.model import BootFailure  # late: see above

        return cls(BootFailure(headline, advice, frames))


class BadKata(Exception):
    """The kata's folder is wrong; the message tells its author what to write."""


class Inconclusive(Exception):
    """The check cannot be decided: the grader or the machine failed. It costs no points."""


class BadCheck(Inconclusive):
    """The check cannot be decided as it is written; the message tells its author why."""


class TooLate(Exception):
    """The app has delayed its responses by itself for so many ``seconds``, in all checks so far, that no more run."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.1f} s of delays")
        self.seconds = seconds


class UsageError(Exception):
    """The command cannot be carried out as it was typed; the message says what to type instead."""


class NoApp(UsageError):
    """There is no module where the command line names one. Of a submission that is a finding, and no wrong command.

    ``is_link``: there is a link of this name, which leads to no file, or to itself.
    """

    def __init__(self, app: str, *, is_link: bool = False) -> None:
        super().__init__(f"--app: there is no file {app!r}{': it is a link that leads to none' if is_link else ''}.")
        self.app = app
