"""What a fork server and its clients send to each other. It needs the standard library only.

A client sends a :class:`ForkMessage` over a socket of type SOCK_SEQPACKET, which keeps messages whole and ends with its
other end. The process that it asks for gets a link, a stream: on it :class:`Pids` come back, and later the exit status.
"""

from __future__ import annotations

import json
import struct
from enum import Enum
from typing import Final, NamedTuple

#: How a pid and an exit status are written: four bytes each.
_NUMBER: Final = struct.Struct("=i")
_PIDS: Final = struct.Struct("=ii")


class ForkMessage(Enum):
    """What a client asks for; descriptors come with it, at most ``MOST_DESCRIPTORS``."""

    FORK = b"f"  # a file with the encoded NewProcess, the link, and the descriptors that the new process gets
    CLIENT = b"c"  # another socket of this kind, for another client


#: Of one message. The kernel's limit is 253.
MOST_DESCRIPTORS: Final = 16


class NewProcess(NamedTuple):
    """The process to fork: its argument, working directory and environment.

    ``has_output``: the first descriptor after the link is its standard output and standard error. ``is_tree``: it leads
    a session of its own and is ended by SIGKILL to its whole group; otherwise SIGTERM asks it to end.
    """

    argument: str
    folder: str
    environment: dict[str, str]
    has_output: bool
    is_tree: bool

    def encode(self) -> bytes:
        return json.dumps(self._asdict()).encode("utf-8", "surrogateescape")

    @classmethod
    def decode(cls, data: bytes) -> NewProcess:
        return cls(**json.loads(data.decode("utf-8", "surrogateescape")))


class Pids(NamedTuple):
    """The first message on a link."""

    keeper: int
    process: int

    def encode(self) -> bytes:
        return _PIDS.pack(*self)

    @classmethod
    def decode(cls, data: bytes) -> Pids | None:
        """None for the end of the link: there is no process."""
        return cls(*_PIDS.unpack(data)) if len(data) == PIDS_SIZE else None


#: In bytes.
PIDS_SIZE: Final = _PIDS.size
STATUS_SIZE: Final = _NUMBER.size


def encode_status(status: int) -> bytes:
    """The second message on a link: the exit status, negative for a signal."""
    return _NUMBER.pack(status)


def read_status(data: bytes) -> int | None:
    """None for the end of the link: it came without a status."""
    return int(_NUMBER.unpack(data)[0]) if len(data) == STATUS_SIZE else None
