"""A repository of one's own for katas: what stands in it beside katas/ and solutions/."""

from __future__ import annotations

from pathlib import Path

from grader.handout.layout import Laid, from_template, installer, lay_out


def repository(root: Path, kata: str) -> list[Path]:
    """Write the workflow and the hook that prove katas, a README, and what installs this grader; returns the files.

    ``kata`` is the short name of the first kata. Raises UsageError, before anything is written.
    """
    found = [_renamed(file) for file in from_template("repository", {"KATA": kata})]
    return lay_out(root, [*found, *installer("tools/", {})])


def _renamed(file: Laid) -> Laid:
    """A template of the name .gitignore would hide files of ours."""
    return Laid(".gitignore", file.content) if file.path == "gitignore" else file
