"""The plan of a jail: what the grader orders, and the app's process carries out. It needs the standard library only."""

from __future__ import annotations

import json
from enum import Enum
from typing import Final, NamedTuple

#: Sockets that the grader gets at once out of an app's own network, and the message by which it asks for as many more.
SOCKETS_AT_ONCE: Final = 50
MORE: Final = b"m"


class Tier(Enum):
    """How strong a jail is."""

    A = "A"  # namespaces, Landlock, seccomp, limits
    C = "C"  # Landlock, seccomp, limits
    NONE = "none"


class Jail(NamedTuple):
    """The jail that an app gets: its tier, whether the app is a submission, and what no app may read."""

    tier: Tier = Tier.NONE
    is_strict: bool = False
    hidden: tuple[str, ...] = ()


NO_JAIL: Final = Jail()


class Canary(NamedTuple):
    """What must be out of reach: a file, a process, a port of 127.0.0.1, the home folder of the person who grades."""

    secret: str
    process: int
    port: int
    home: str


class Plan(NamedTuple):
    """One jail.

    ``is_strict``: the app is a submission, and reaches nothing but what it needs; otherwise it is the learner's own,
    and may use the network and read what they may. ``folder`` is the app's own one. ``scratch`` is a folder for what a
    submission writes; tier A makes its own. ``hidden`` are folders that no app may read, wherever they lie.
    ``upstream`` is the port of the upstream. ``user``: the user to become, or -1.
    """

    tier: str
    is_strict: bool
    folder: str
    scratch: str
    hidden: list[str]
    upstream: int
    user: int
    canary: Canary

    def encode(self) -> str:
        return json.dumps(self)

    @classmethod
    def decode(cls, text: str) -> Plan:
        """Raises ValueError and TypeError: the grader itself has written it."""
        found = dict(zip(cls._fields, json.loads(text), strict=True))
        return cls(**found | {"canary": Canary(*found["canary"])})
