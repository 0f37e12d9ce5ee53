"""Which jails this machine offers to tests, and a folder that is not one for temporary files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.serving.jail import choice
from grader.serving.jail.plan import Tier


def tier(wanted: Tier) -> Tier:
    """The tier, or the test is skipped: this machine does not offer it."""
    if reason := choice.why_not(wanted):
        pytest.skip(f"no jail of tier {wanted.value} here: {reason}")
    return wanted


def a_tier() -> Tier:
    """The tier of submissions, or the test is skipped."""
    found = choice.for_submission()
    if found is Tier.NONE:
        pytest.skip("no jail for submissions here")
    return found


@contextmanager
def folder_elsewhere() -> Iterator[Path]:
    """In tier C a learner's own app may use all of the folders for temporary files."""
    place = Path(tempfile.mkdtemp(prefix="stream-katas-test-", dir=Path.home()))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place)
