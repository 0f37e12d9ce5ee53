"""A workspace that opens in GitHub Codespaces and VS Code ready to grade, with failed checks beside the code."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from grader.catalog.kata import FOLDER, Kata
from grader.catalog.packs import is_bundled
from grader.errors import UsageError
from grader.handout.layout import Laid, from_template, installer, lay_out


def devcontainer(root: Path, katas: Iterable[Kata], packs: Iterable[Path]) -> list[Path]:
    """Write the container and the tasks for a workspace in ``root``; returns the files.

    ``packs`` are the wheels of katas that are not bundled. Raises UsageError, before anything is written.
    """
    wheels = {pack.name: _read(pack) for pack in packs}
    missing = [kata for kata in katas if not is_bundled(kata)]
    if missing and not wheels:
        where = "a folder" if missing[0].pack == FOLDER else missing[0].location
        raise UsageError(
            f"{missing[0].id} comes from {where}, which the container does not have: name the learners' pack with "
            "--pack FILE (`grade pack` makes it)."
        )
    files: list[Laid] = [*from_template("devcontainer", {}), *installer(".devcontainer/", wheels)]
    return lay_out(root, files, force=True)


def _read(pack: Path) -> bytes:
    try:
        return pack.read_bytes()
    except OSError as error:
        raise UsageError(f"--pack: {pack} cannot be read: {error.strerror}.") from None
