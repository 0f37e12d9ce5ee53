"""Links in a submission's folder: those that leave it would show the app what is not the submission's own.

`leads_out` is the one rule, for a folder that is graded where it lies and for one that is copied for a class.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

#: Entries of a folder that are looked at: a jail copies no more.
_MOST: Final = 5000
#: Folders beside an app that are none of its code, and that nobody copies. Environments hold links to Python.
NOT_CODE: Final = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__"})


def leading_out(folder: Path) -> str:
    """The path, from ``folder`` on, of the first link in it that leads out of it; "" where there is none.

    ``folder`` is the submission's, and may itself be a link; for a module of a package it is the folder above its
    packages (:attr:`grader.serving.module.Module.working_directory`). Folders of libraries (``NOT_CODE``) are not
    looked at, as no jail shows them. At most 5000 entries are looked at. Nothing is raised: what cannot be read is
    left out.
    """
    home = os.path.realpath(folder)
    found = (path for path in sorted(_links(home)) if leads_out(path, home))
    return next((os.path.relpath(path, home) for path in found), "")


def leads_out(path: str | Path, home: str | Path) -> bool:
    """Whether ``path`` lies outside of the real folder ``home`` once links are followed.

    A link whose target does not exist counts by where it points to. One by way of more links than Python follows (and
    any system, by far) leads nowhere that is known to be in there.
    """
    try:
        return not Path(os.path.realpath(path)).is_relative_to(home)
    except RecursionError:
        return True


def _links(folder: str) -> Iterator[str]:
    seen = 0
    waiting = [folder]  # os.walk calls itself for each folder within a folder, before Python 3.12
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name in NOT_CODE:
                    continue
                seen += 1
                if seen > _MOST:
                    return
                if entry.is_symlink():
                    yield entry.path
                elif entry.is_dir():
                    waiting.append(entry.path)
