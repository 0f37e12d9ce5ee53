"""What does not depend on the machine: the tier for a learner's own app, and what no app may read."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from grader.catalog.kata import Kata
from grader.serving.jail.plan import Tier


def for_own() -> Tier:
    """For a learner's own app: tier C, or none. The app's process finds out by itself whether there is one."""
    return Tier.C if sys.platform == "linux" else Tier.NONE


def hidden_from(app: Path, katas: Iterable[Kata]) -> tuple[str, ...]:
    """What this app may not read: specifications and solutions, but not those that it is itself one of."""
    parts = [part for kata in katas for part in (kata.specification, kata.solutions)]
    return tuple(str(part) for part in dict.fromkeys(parts) if not app.is_relative_to(part))
