"""The output of an app, limited in size."""

from __future__ import annotations


class Log:
    """The first and the last of what was written; what comes in between is counted and dropped."""

    # Bytes. A report holds the log whole, so it stays small. An error at start-up is in the first part, and the last
    # part, which is larger, holds tracebacks of what happened since.
    FIRST = 16 * 1024
    LAST = 48 * 1024

    def __init__(self) -> None:
        self._first = bytearray()
        self._last = bytearray()
        self._dropped = 0

    def write(self, data: bytes) -> None:
        room = self.FIRST - len(self._first)
        self._first += data[:room] if room > 0 else b""
        self._last += data[max(room, 0) :]
        if len(self._last) > 2 * self.LAST:
            self._dropped += len(self._last) - self.LAST
            del self._last[: -self.LAST]

    @property
    def written(self) -> int:
        """The number of bytes so far."""
        return len(self._first) + self._dropped + len(self._last)

    def since(self, written: int) -> str:
        """What was written after the first ``written`` bytes, as far as it is kept."""
        begin = max(0, written - len(self._first) - self._dropped)
        return (bytes(self._first[written:]) + bytes(self._last[begin:])).decode("utf-8", "backslashreplace")

    def text(self) -> str:
        """The kept output, as text."""
        gap = f"\n… {self._dropped} bytes left out …\n".encode() if self._dropped else b""
        return (bytes(self._first) + gap + bytes(self._last)).decode("utf-8", "backslashreplace")
