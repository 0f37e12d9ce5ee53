"""What another specification changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.classes.difference import Change, Side, difference
from grader.classes.model import NoReport, Submission, Why
from grader.errors import UsageError
from grader.model import Outcome, Report
from tests.classes.hand import ADA, KATA, NAME, WHOLE, hand_in, key, make_ledger

if TYPE_CHECKING:
    from tests.conftest import Grade

LATER = replace(KATA, digest="6" * 64)


def failed(report: Report, check: str) -> Report:
    results = [replace(one, outcome=Outcome.FAILED) if one.check.id == check else one for one in report.results]
    return replace(report, results=tuple(results))


def test_two_folders(tmp_path: Path) -> None:
    for name, result in (("old", WHOLE), ("new", failed(WHOLE, "streams"))):
        with make_ledger(tmp_path / name) as ledger:
            hand_in(ledger, Submission("ada", NAME, digest="a"), result)
            hand_in(ledger, Submission("bea", NAME, digest="b"), WHOLE)
    found = difference(Side(tmp_path / "old"), Side(tmp_path / "new"))
    assert (found.only_old, found.only_new) == ((), ())
    assert list(found.changes) == [Change(ADA, NAME, 1, 4, 2, (("streams", "passed", "failed"),))]


def test_two_specifications_in_one_folder(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), failed(WHOLE, "answers"))
        ledger.keep_katas([LATER])
        ledger.keep_grade(key("a", specification=LATER.digest), WHOLE)
    (found,) = difference(Side.read(f"{tmp_path}@55"), Side.read(str(tmp_path))).changes
    assert (found.old, found.new, found.checks) == (3, 4, (("answers", "failed", "passed"),))


def test_a_digest_that_is_not_there(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), WHOLE)
    with pytest.raises(UsageError, match="has no specification whose digest begins with '7': it has 555555555555"):
        difference(Side.read(f"{tmp_path}@7"), Side.read(str(tmp_path)))


def test_a_folder_with_an_at_sign(tmp_path: Path) -> None:
    with make_ledger(tmp_path / "a@5"):
        assert Side.read(str(tmp_path / "a@5")) == Side(tmp_path / "a@5")


def test_what_only_one_side_has_and_what_became_of_it(tmp_path: Path) -> None:
    nothing = NoReport(Why.NO_SUBMISSION, "nothing was handed in")
    with make_ledger(tmp_path / "old") as ledger:
        ledger.keep_submission(Submission("ada", NAME, 0), nothing)
        hand_in(ledger, Submission("bea", NAME, digest="b"), WHOLE)
        hand_in(ledger, Submission("bea", NAME, 2, digest="c"), WHOLE)
    with make_ledger(tmp_path / "new") as ledger:
        hand_in(ledger, Submission("ada", NAME, digest="a"), WHOLE)
        ledger.keep_submission(Submission("bea", NAME), NoReport(Why.REFUSED, "too late"))
        hand_in(ledger, Submission("bea", NAME, 2, digest="d"))  # it still waits
        hand_in(ledger, Submission("ada", NAME, 2, digest="c"), WHOLE)
    found = difference(Side(tmp_path / "old"), Side(tmp_path / "new"))
    assert [(one.student.label, one.old, one.new, one.became) for one in found.changes] == [
        ("ada", None, 4, ("no submission", "")),
        ("bea", 4, None, ("", "refused")),
    ]
    assert [row.place for row in found.only_old] == [("bea", NAME, 2)]
    assert [row.place for row in found.only_new] == [("ada", NAME, 2)]


def test_the_command_says_what_only_one_side_has(tmp_path: Path, grade: Grade) -> None:
    for folder, label in (("old", "ada"), ("new", "bea")):
        with make_ledger(tmp_path / folder) as ledger:
            hand_in(ledger, Submission(label, NAME, digest="a"), WHOLE)
    done = grade("class", "diff", "old", "new", cwd=tmp_path)
    assert done.out.splitlines() == [
        f"1 submission only in OLD: ada (Ada Lovelace), {NAME}",
        f"1 submission only in NEW: bea, {NAME}",
        "No grade differs of those that both have.",
    ]
