"""The pace of an app through a whole grade, as a law sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from grader.errors import Violation
from grader.model import Place
from grader.probe.pacing import Blockage, Rest
from grader.probe.recorded import Recorded
from grader.text import plural, visible

#: Seconds of the shortest rest and blockage. Looks see the beginning of one some milliseconds late, so what they have
#: measured may be less.
_SHORTEST: Final = 0.05
_NO_REST: Final = (
    "Nothing outside of your app kept it: the upstream held no pull of it, its clients read, and none of its threads "
    "had anything to do. Take out what sleeps: the upstream sets the pace."
)
_NO_SLEEP: Final = "While that line waits, nothing else runs: await something instead, or call what blocks in a thread."
_NO_WORK: Final = "While that line computes, nothing else runs: do long work in a thread, or part by part."


class OutOfPace(Violation):
    """The app was late by itself; ``response`` is the one that waited."""

    def __init__(self, response: Recorded, *, sentence: str, expected: str, hint: str, place: Place | None) -> None:
        super().__init__(expected=expected, seen=sentence, sentence=sentence, hint=hint, place=place)
        self.response = response


class Pace:
    """All rests and blockages of a grade, in the order in which they were seen, each with the response that waited.

    A rest: for 0.05 seconds or more the app did nothing, though it was its turn. A blockage: for as long its event loop
    did not iterate, or it computed for more than 0.1 seconds at a stretch. A machine that is busy is neither.
    """

    def __init__(
        self, *, rests: Sequence[tuple[Recorded, Rest]] = (), blockages: Sequence[tuple[Recorded, Blockage]] = ()
    ) -> None:
        self._rests = rests
        self._blockages = blockages

    def has_no_rests(self) -> None:
        """Raises Violation where the app has added delays of its own, in whichever check."""
        if not self._rests:
            return
        response, first = self._rests[0]
        longest = max(_SHORTEST, *(rest.seconds for _, rest in self._rests))
        raise OutOfPace(
            response,
            sentence=f"the app rested for {longest:.2f} s after {first.after}, although nothing kept it"
            if len(self._rests) == 1
            else f"the app rested {len(self._rests)} times, for up to {longest:.2f} s, although nothing kept it; "
            f"first after {first.after}",
            expected="no rests of 0.05 s or more",
            hint=_NO_REST,
            place=None,
        )

    def never_blocks(self) -> None:
        """Raises Violation where the event loop was blocked, in whichever check."""
        if not self._blockages:
            return
        response, longest = max(self._blockages, key=lambda found: found[1].seconds)
        place = longest.place
        where = f" at {visible(f'{place.file}:{place.line}: {place.text}', 100)}" if place else ""
        did = "computed without a pause" if longest.computed else "was blocked"
        times = f" (the longest of {plural(len(self._blockages), 'time')})" if len(self._blockages) > 1 else ""
        raise OutOfPace(
            response,
            sentence=f"the event loop {did} for {max(_SHORTEST, longest.seconds):.2f} s{where}{times}, "
            "so no other request was served meanwhile",
            expected="an event loop that is never blocked for 0.05 s, and never computes for more than 0.1 s",
            hint=_NO_WORK if longest.computed else _NO_SLEEP,
            place=place,
        )
