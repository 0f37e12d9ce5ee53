"""What a class was graded by before, and a later command has not named: its class.toml, its roster, its options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Final

from grader.classes.ledger import FILE, Ledger
from grader.classes.model import Settings
from grader.classes.source import Source
from grader.errors import UsageError

#: What settings are called in class.toml, where they have other names.
_NAMES: Final = {"late": "[late]", "limits": "[limits]", "bounds": "[limits]"}


def require_named(results: Path, source: Source) -> None:
    """Raises UsageError where the command names no class.toml, or no roster, though the class had one that is there.

    Without them nobody would be late, students would see whole reports, and each would have a second label.
    """
    if not (results / FILE).is_file():
        return
    with Ledger.open(results) as ledger:
        text = ledger.fact("source")
    before = Source.decode(text) if text else source  # one that was merged does not say
    if source.class_file is None and (file := before.class_file) is not None and file.is_file():
        raise UsageError(
            f"{results} was graded by {file}, and there is no class.toml here: give the command in the folder of that "
            "file, or name it with --class. To grade without it, name another folder with --out."
        )
    if source.roster is None and (roster := before.roster) is not None and roster.is_file():
        raise UsageError(
            f"{results} was graded with the roster {roster}, and without it students would have other labels: name it "
            "with --roster, or in class.toml. To grade without it, name another folder with --out."
        )


def changed_settings(results: Path, settings: Settings) -> Iterator[str]:
    """The names of the settings that were others in the run before, but the seed: it is named with its grades."""
    if not (results / FILE).is_file():
        return
    with Ledger.open(results) as ledger:
        before = ledger.settings
    yield from dict.fromkeys(differing(before, settings, but=("seed",)))


def differing(one: Settings, other: Settings, *, but: tuple[str, ...] = ()) -> Iterator[str]:
    """The names of the settings in which two differ, as class.toml has them."""
    for field in fields(Settings):
        if field.name not in but and getattr(one, field.name) != getattr(other, field.name):
            yield _NAMES.get(field.name, field.name)
