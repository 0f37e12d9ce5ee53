"""Which rows of a picture cannot be ordered: what an app sends on two connections is seen at two ends.

At one end the order is that of the app, as TCP keeps it. Between the ends it is known only where one thing needs the
other: a pull needs the result of the pull before, and a response needs its request.
"""

from __future__ import annotations

from grader.protocol.transcript import Act, Entry, Lane

#: Seconds by which an end may see something later than the other end would have.
RESOLUTION = 0.02
_OF_THE_APP = {Act.HEAD, Act.CHUNK, Act.ENDED, Act.BROKEN, Act.OPENED, Act.PULLED, Act.CLOSED}
_RESULTS = {Act.GAVE, Act.FAILED, Act.FINISHED}


class Order:
    """Takes the entries of a trace as they come, and says of each whether its place among them is known."""

    def __init__(self) -> None:
        self._sent: dict[Lane, float] = {}  # when an end has seen the app send something last
        self._needed: dict[tuple[Lane, int], float] = {}  # when the app was given what its next step needs

    def is_known(self, entry: Entry) -> bool:
        """Whether the app did this after all that came before. What reaches the app is in order anyway."""
        stream = (entry.lane, entry.stream)
        if entry.act is Act.SENT or entry.act in _RESULTS:
            self._needed[stream] = entry.at
        if entry.act not in _OF_THE_APP:
            return True
        other = Lane.CLIENT if entry.lane is Lane.UPSTREAM else Lane.UPSTREAM
        self._sent[entry.lane] = entry.at
        seen = self._sent.get(other)
        if seen is None or entry.at - seen > RESOLUTION:
            return True
        return self._needed.get(stream, -1.0) > seen
