"""The base of all readers of a body: they read what has arrived, and give it out item by item."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, Protocol, Self, TypeVar

from grader.errors import Violation
from grader.model import Spot
from grader.probe.exchange import Exchange
from grader.probe.session import Session
from grader.protocol.lines import Fault, Kind, TooLarge
from grader.text import plural, visible_ends

#: Characters of a body, or of an item, that a diagnosis shows.
_SHOWN = 80
#: Lines of a body that is read by lines. The katas' longest response has 4,000. Each takes some microseconds and 200
#: bytes, also one that means nothing, such as a comment.
MOST_LINES: Final = 1 << 16
#: Bytes of a body that are read at once: no more of what they mean is in memory before the lines are counted.
_AT_ONCE: Final = 1 << 14

Item_co = TypeVar("Item_co", covariant=True)
Found = TypeVar("Found")


class Reader(Protocol[Found]):
    """A reader of :mod:`grader.protocol` that is fed bytes and gives what they complete. Raises TooLarge."""

    @property
    def faults(self) -> tuple[Fault, ...]: ...

    @property
    def pending(self) -> str | None: ...

    def feed(self, data: bytes) -> list[Found]: ...

    def close(self) -> list[Found]: ...


@dataclass(frozen=True, slots=True)
class StreamFault:
    """A fault in a body that loses data or breaks the grammar: its sentence, its section, and its place."""

    message: str
    rule: str
    spot: Spot


class Feed(ABC, Generic[Item_co]):
    """Reads the body of one exchange as far as it has arrived. Nothing here waits.

    A subclass says which media types it reads (the first one stands in messages), what one item is called there, and
    where the standard asks for that media type. A WebSocket's messages could be another subclass.
    """

    media_types: ClassVar[tuple[str, ...]] = ()
    item_name: ClassVar[str]
    rule: ClassVar[str] = ""
    #: Kinds of harmless faults that may be why a check failed.
    telling: ClassVar[tuple[Kind, ...]] = ()

    def __init__(self, exchange: Exchange, session: Session) -> None:
        self._exchange = exchange
        self._session = session
        self._offset = 0  # bytes of the body that were read

    @abstractmethod
    def read(self) -> None:
        """Take in what has arrived since the last call. Raises Violation on an item that is too large."""

    @abstractmethod
    def has_item(self) -> bool:
        """Whether :meth:`take` has an item to give out; reads first."""

    @abstractmethod
    def take(self) -> Item_co | None:
        """The next item, or None when none is complete yet."""

    @property
    @abstractmethod
    def progress(self) -> int:
        """Grows with each item, and with each KiB of the body. Heartbeats do not count."""

    @property
    def pending(self) -> str | None:
        """A phrase about an item that has begun and not ended; None when there is none."""
        return None

    def found_faults(self) -> tuple[Fault, ...]:
        """The faults in what has been read so far, harmless ones included."""
        return ()

    def faults(self) -> list[StreamFault]:
        """All faults so far that lose data or break the grammar."""
        self.read()
        harmful = [fault for fault in self.found_faults() if not fault.harmless]
        return [StreamFault(fault.message, fault.rule, self._exchange.spot(fault.start)) for fault in harmful]

    def first_fault(self) -> str:
        """The first of those in what has been read so far, or of the harmless ones that explain much; "" for none."""
        found = self.found_faults()
        harmful = next((fault.message for fault in found if not fault.harmless), "")
        return harmful or next((fault.message for fault in found if fault.kind in self.telling), "")

    def _arrived(self) -> bytes:
        """The bytes of the body that have arrived since the last call."""
        data = self._exchange.since(self._offset)
        self._offset += len(data)
        return data

    def silence(self) -> str:
        """A phrase about how far the body has come, for when nothing follows."""
        if self.pending:
            return self.pending
        if not self._exchange.size:
            return "no body yet"
        shown = visible_ends(self._exchange.body.decode("utf-8", "backslashreplace"), _SHOWN)
        return f"nothing more after {plural(self._exchange.size, 'byte')} of the body (“{shown}”)"


class ReaderFeed(Feed[Item_co], Generic[Item_co, Found]):
    """A feed whose items are found by a reader, which also tells the faults and what has begun and not ended."""

    def __init__(self, exchange: Exchange, session: Session, reader: Reader[Found]) -> None:
        super().__init__(exchange, session)
        self._reader = reader
        self._too_large: TooLarge | None = None
        self._lines = 0

    def in_more_lines(self) -> str:
        """A phrase about a body of more lines than are read."""
        return "one in more lines"

    @abstractmethod
    def keep(self, found: list[Found]) -> None:
        """Keep what the reader has found, to be taken."""

    def read(self) -> None:
        try:
            self._read_on()
        except TooLarge as error:
            self._too_large = error  # for all who read from now on
            raise Violation(
                expected=f"{self.item_name}s of less than {error.limit >> 10} KiB",
                seen=f"one that is longer, begun at byte {error.start} of the body",
            ) from error

    def _read_on(self) -> None:
        if self._too_large is not None:
            raise self._too_large
        self._must_have_few_lines()
        data = self._arrived()
        for at in range(0, len(data), _AT_ONCE):
            piece = data[at : at + _AT_ONCE]
            self.keep(self._reader.feed(piece))
            self._lines += max(piece.count(b"\n"), piece.count(b"\r"))
            self._must_have_few_lines()
        if self._exchange.is_over:
            self.keep(self._reader.close())

    def _must_have_few_lines(self) -> None:
        if self._lines > MOST_LINES:
            raise Violation(expected=f"a body of at most {MOST_LINES:,} lines", seen=self.in_more_lines())

    @property
    def pending(self) -> str | None:
        return self._reader.pending

    def read_all(self) -> Self:
        """The same, after reading what has arrived: for those who take nothing."""
        self.read()
        return self

    @property
    @abstractmethod
    def last(self) -> tuple[int, str]:
        """How many items have come, and the text of the last one."""

    def silence(self) -> str:
        count, text = self.last
        if self.pending or not count:
            return super().silence()
        last = visible_ends(text, _SHOWN)
        return f"nothing more after {plural(count, self.item_name)} (the last one: “{last}”)"

    def found_faults(self) -> tuple[Fault, ...]:
        return self._reader.faults
