"""The ledgers of shards become one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.classes.ledger import Ledger
from grader.classes.merging import merge
from grader.classes.model import Settings, Submission
from grader.errors import UsageError
from tests.classes.hand import ADA, BEA, KATA, NAME, WHOLE, hand_in, make_ledger


def part(root: Path, label: str, *, seed: str = "s") -> Path:
    with make_ledger(root / label, Settings(seed=seed)) as ledger:
        hand_in(ledger, Submission(label, NAME, digest=label), replace(WHOLE, seed=label))
    return root / label


def test_all_students_and_grades_are_in_the_whole(tmp_path: Path) -> None:
    merge([part(tmp_path, "ada"), part(tmp_path, "bea")], tmp_path / "all")
    with Ledger.open(tmp_path / "all") as found:
        assert (found.katas(), list(found.students()), found.settings.seed) == ((KATA,), [ADA, BEA], "s")
        assert [entry.report.seed for entry in found.entries() if entry.report] == ["ada", "bea"]


def test_a_part_may_come_later_or_again(tmp_path: Path) -> None:
    ada, bea = part(tmp_path, "ada"), part(tmp_path, "bea")
    merge([ada], tmp_path / "all")
    merge([bea, ada], tmp_path / "all")
    with Ledger.open(tmp_path / "all") as found:
        assert [entry.grading for entry in found.entries()] == [1, 1]


def test_a_row_that_waits_in_one_part_is_graded_in_another(tmp_path: Path) -> None:
    with make_ledger(tmp_path / "waits", Settings(seed="s")) as ledger:
        ledger.expect([Submission("ada", NAME)])
    merge([tmp_path / "waits", part(tmp_path, "ada")], tmp_path / "all")
    with Ledger.open(tmp_path / "all") as found:
        assert len(list(found.entries())) == 1


def test_parts_of_other_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another specification, grader or seed"):
        merge([part(tmp_path, "ada"), part(tmp_path, "bea", seed="t")], tmp_path / "all")
    assert not (tmp_path / "all").exists()
