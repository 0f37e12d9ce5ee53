"""A workspace that opens in GitHub Codespaces and VS Code ready to grade, with failed checks beside the code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from grader.catalog.kata import FOLDER, Kata
from grader.catalog.packs import is_bundled
from grader.errors import UsageError
from grader.handout import fitting
from grader.handout.layout import Laid, from_template, installer, lay_out


def devcontainer(root: Path, katas: Sequence[Kata], packs: Iterable[Path]) -> list[Path]:
    """Write the container and the tasks for a workspace in ``root``; returns the files.

    ``packs`` are the wheels of katas that are not bundled. Raises UsageError, before anything is written.
    """
    wheels = {pack.name: fitting.read(pack) for pack in packs}
    found = [fitting.content_of(content) for content in wheels.values()]
    for content in found:
        fitting.require_for_students(content)
    missing = [kata for kata in katas if not is_bundled(kata)]
    if missing and not wheels:
        where = "a folder" if missing[0].pack == FOLDER else missing[0].location
        raise UsageError(
            f"{missing[0].id} comes from {where}, which the container does not have: name the learners' pack with "
            "--pack FILE (`grade pack` makes it)."
        )
    for kata in missing:
        if not any(content.has_kata(kata.name) for content in found):
            raise UsageError(f"--pack: {kata.name} is not in {'it' if len(found) == 1 else 'any of them'}.")
    for name, content in zip(wheels, found, strict=True):
        if not any(content.has_kata(kata.name) for kata in katas):
            raise UsageError(
                f"--pack: {name} holds none of the katas of this workspace. Run the command where the katas of the "
                "pack are, or install the pack first (pip install)."
            )
    files: list[Laid] = [*from_template("devcontainer", {}), *installer(".devcontainer/", wheels)]
    return lay_out(root, files, force=True)
