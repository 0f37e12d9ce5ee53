"""How many items there are."""

from __future__ import annotations

from random import Random

_MANY = 520


def many(random: Random) -> int:
    """More than the windows, queues and limits that people choose, 512 among them; below 540."""
    return _MANY + random.randrange(1, 20)


def every_count(random: Random) -> tuple[int, ...]:
    """None, one, two, some, and many."""
    return 0, 1, 2, random.randint(3, 9), many(random)
