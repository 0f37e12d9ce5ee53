"""Whether students have the katas that they are graded by."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.catalog.facts import facts_of_wheel
from grader.catalog.kata import Kata
from grader.errors import UsageError


def changed_since(pack: Path, katas: Sequence[Kata]) -> Iterator[str]:
    """A sentence for each kata of which ``pack`` has another specification, README or stub.

    A pack for learners has the digests of the whole specifications, too. Raises UsageError and BadKata.
    """
    try:
        facts = facts_of_wheel(pack)
    except UsageError as error:
        raise UsageError(f"handed-out: {error}") from None
    if facts.is_for_graders:
        yield f"{pack.name} is a pack for graders, which students must not have: name the learners' one as handed-out."
    for kata in katas:
        theirs = facts.digests.get(kata.name, "")
        if not theirs:
            yield f"{kata.name} is not in {pack.name}, the pack that students have."
        elif theirs != kata.origin.digest or any(_differs(pack, kata, file) for file in (kata.readme, kata.stub)):
            yield f"{kata.name} has changed since {pack.name}, the pack that students have: hand out a new one."


def _differs(pack: Path, kata: Kata, file: Path) -> bool:
    """Whether the pack has another text of a file that students read, or none."""
    place = f"/katas/{kata.name}/{file.name}"
    with zipfile.ZipFile(pack) as wheel:
        theirs = [wheel.read(name) for name in wheel.namelist() if name.endswith(place)]
    return theirs != [file.read_bytes()]


def require_whole(kata: Kata) -> None:
    """Raises UsageError for a kata of a learners' pack: grades by a part of its checks would look like whole ones."""
    if kata.rest:
        raise UsageError(
            f"{kata.name} is from a pack for learners ({kata.location}), without {kata.rest}: install the "
            "one that `grade pack --for graders` makes, or name the folder of your katas with --katas."
        )
