"""Whether students have the katas that they are graded by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.catalog.facts import facts_of_wheel
from grader.catalog.kata import Kata
from grader.errors import UsageError


def changed_since(pack: Path, katas: Sequence[Kata]) -> Iterator[str]:
    """A sentence for each kata whose specification differs from that in ``pack``. Raises UsageError and BadKata.

    A pack for learners has the digests of the whole specifications, too.
    """
    facts = facts_of_wheel(pack)
    for kata in katas:
        theirs = facts.digests.get(kata.name, "")
        if not theirs:
            yield f"{kata.name} is not in {pack.name}, the pack that students have."
        elif theirs != kata.origin.digest:
            yield f"{kata.name} has changed since {pack.name}, the pack that students have: hand out a new one."


def require_whole(kata: Kata) -> None:
    """Raises UsageError for a kata of a learners' pack: grades by a part of its checks would look like whole ones."""
    if kata.rest:
        raise UsageError(
            f"{kata.name} is from a pack for learners ({kata.location}), without {kata.rest}: install the "
            "one that `grade pack --for graders` makes, or name the folder of your katas with --katas."
        )
