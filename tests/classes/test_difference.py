"""What another specification changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.classes.difference import Change, Side, changes
from grader.classes.model import Submission
from grader.errors import UsageError
from grader.model import Outcome, Report
from tests.classes.hand import ADA, KATA, NAME, WHOLE, hand_in, key, make_ledger

LATER = replace(KATA, digest="6" * 64)


def failed(report: Report, check: str) -> Report:
    results = [replace(one, outcome=Outcome.FAILED) if one.check.id == check else one for one in report.results]
    return replace(report, results=tuple(results))


def test_two_folders(tmp_path: Path) -> None:
    for name, result in (("old", WHOLE), ("new", failed(WHOLE, "streams"))):
        with make_ledger(tmp_path / name) as ledger:
            hand_in(ledger, Submission("ada", NAME, digest="a"), result)
            hand_in(ledger, Submission("bea", NAME, digest="b"), WHOLE)
    found = list(changes(Side(tmp_path / "old"), Side(tmp_path / "new")))
    assert found == [Change(ADA, NAME, 1, 4, 2, (("streams", "passed", "failed"),))]


def test_two_specifications_in_one_folder(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), failed(WHOLE, "answers"))
        ledger.keep_katas([LATER])
        ledger.keep_grade(key("a", specification=LATER.digest), WHOLE)
    (found,) = changes(Side.read(f"{tmp_path}@55"), Side.read(str(tmp_path)))
    assert (found.old, found.new, found.checks) == (3, 4, (("answers", "failed", "passed"),))


def test_a_digest_that_is_not_there(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), WHOLE)
    with pytest.raises(UsageError, match="has no specification whose digest begins with '7': it has 555555555555"):
        list(changes(Side.read(f"{tmp_path}@7"), Side.read(str(tmp_path))))


def test_a_folder_with_an_at_sign(tmp_path: Path) -> None:
    with make_ledger(tmp_path / "a@5"):
        assert Side.read(str(tmp_path / "a@5")) == Side(tmp_path / "a@5")
