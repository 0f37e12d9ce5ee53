"""The report of a submission in which there is no app to start."""

from __future__ import annotations

from collections.abc import Sequence

from grader.catalog.kata import Kata
from grader.grading.versions import versions
from grader.model import BootFailure, Check, CheckResult, Outcome, Report


def absent(kata: Kata, checks: Sequence[Check], reason: BootFailure, *, app: str, command: str = "") -> Report:
    """Each of ``checks`` has failed for this ``reason``; nothing was started, so there is no jail. Raises BadKata."""
    return Report(
        kata=kata.name,
        title=kata.title,
        app=app,
        seed="",
        command=command,
        results=tuple(CheckResult(check, Outcome.FAILED) for check in checks),
        boot_failure=reason,
        versions=versions(),
        origin=kata.origin,
        kata_version=kata.version,
        is_submission=True,
    )
