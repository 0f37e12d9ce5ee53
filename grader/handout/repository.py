"""A repository of one's own for katas: what stands in it beside katas/ and solutions/."""

from __future__ import annotations

from pathlib import Path

from grader.handout.layout import Laid, from_template, installer, require_free


def repository(root: Path, kata: str) -> list[Laid]:
    """The workflow and the hook that prove katas, a README, and what installs this grader, to be laid out in ``root``.

    ``kata`` is the short name of the first kata. Raises UsageError where one of them is there already, and differs.
    """
    found = [_renamed(file) for file in from_template("repository", {"KATA": kata})]
    files = [*found, *installer("tools/", {})]
    require_free(root, files, advice="leave --repo out to add a kata to a repository, or name another folder with --in")
    return files


def _renamed(file: Laid) -> Laid:
    """A template of the name .gitignore would hide files of ours."""
    return Laid(".gitignore", file.content) if file.path == "gitignore" else file
