"""A learner's workspace: a folder with the READMEs, schemas and stubs of katas, and never a specification."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError
from grader.kata import Kata


@dataclass(frozen=True, slots=True)
class Made:
    """What ``init`` did: files written, and files kept because they are there and differ."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]


def init(folder: Path, katas: Iterable[Kata]) -> Made:
    """Lay out ``katas`` in ``folder``. What is there already stays as it is. Raises UsageError when it cannot."""
    written: list[Path] = []
    kept: list[Path] = []
    try:
        for kata in katas:
            for source in _for_learners(kata):
                target = folder / kata.name / source.relative_to(kata.folder)
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, target)
                    written.append(target)
                elif target.read_bytes() != source.read_bytes():
                    kept.append(target)
    except OSError as error:
        raise UsageError(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    return Made(tuple(written), tuple(kept))


def _for_learners(kata: Kata) -> list[Path]:
    return [kata.readme, kata.stub, *sorted(kata.schemas.glob("*.json"))]
