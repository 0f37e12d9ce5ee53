"""The exit codes of the `grade` command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """An exit code. `grader.score` decides which one a report gets."""

    PASSED = 0  # every check passed
    FAILED = 1  # some check failed
    USAGE = 2  # the command cannot be carried out as typed
    UNDECIDED = 3  # it could not be graded
