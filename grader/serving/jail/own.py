"""The jail for a learner's own app, and what no app may read."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from grader.catalog.facts import FACTS
from grader.catalog.kata import BUNDLED, FOLDER, Kata
from grader.serving.jail.plan import NO_JAIL, Jail, Tier
from grader.serving.module import Module


def jail_for(app: Module, katas: Iterable[Kata]) -> Jail:
    """Tier C, or none. The app's process finds out by itself whether this machine has it.

    There is none for an app in whose own folder something hidden lies, such as the stub in the folder of its kata, or a
    package beside the katas. It may write its folder, and Landlock allows a folder with all that is in it.
    """
    hidden = hidden_from(app.file, katas)
    folder = app.working_directory
    if sys.platform != "linux" or any(Path(part).is_relative_to(folder) for part in hidden):
        return NO_JAIL
    return Jail(Tier.C, is_strict=False, hidden=hidden)


def hidden_from(app: Path, katas: Iterable[Kata]) -> tuple[str, ...]:
    """What this app may not read: specifications and solutions, but not those that it is itself one of.

    The history of a repository of katas holds them, too. Of an installed pack nothing may be read.
    """
    parts = [part for kata in katas for part in _secret_parts(kata)]
    return tuple(str(part) for part in dict.fromkeys(parts) if not app.is_relative_to(part))


def _secret_parts(kata: Kata) -> tuple[Path, ...]:
    around = kata.folder.parent.parent
    parts = (kata.specification, kata.solutions)
    if kata.pack in (BUNDLED, FOLDER):
        return (*parts, around / ".git")
    return (*parts, kata.folder.parent, kata.solutions.parent, around / FACTS)
