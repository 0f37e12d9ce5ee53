"""A mutation operator: one kind of mistake, and the changes to a module that make it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.verify.mutation.source import Edit, Source

#: The changes that an operator can make to a module: each by itself gives a mutant.
Changes = Iterator[tuple[Edit, ...]]


@dataclass(frozen=True, slots=True)
class Operator:
    """``mistake`` completes "The app …". ``once``: it is the same in each style, and made in the first app only."""

    name: str
    mistake: str
    changes: Callable[[Source], Changes]
    once: bool = False


def operator(mistake: str, *, once: bool = False) -> Callable[[Callable[[Source], Changes]], Operator]:
    """Make a function an operator of the same name."""
    return lambda changes: Operator(changes.__name__.replace("_", "-"), mistake, changes, once)
