"""What an operator of mutation is, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.verify.mutation.source import Edit, Source

#: The changes that an operator can make to a module: each by itself gives a mutant.
Changes = Iterator[tuple[Edit, ...]]


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of mistake; ``mistake`` completes "The app …"."""

    name: str
    mistake: str
    changes: Callable[[Source], Changes]


_all: list[Operator] = []


def operator(mistake: str) -> Callable[[Callable[[Source], Changes]], Callable[[Source], Changes]]:
    """Make a function an operator, named after it."""

    def enlist(function: Callable[[Source], Changes]) -> Callable[[Source], Changes]:
        _all.append(Operator(function.__name__.replace("_", "-"), mistake, function))
        return function

    return enlist


def operators() -> tuple[Operator, ...]:
    """All operators, in the order of their modules."""
    from grader.verify.mutation import cleanup, content, flow, framing  # noqa: F401 - each enlists its own

    return tuple(_all)
