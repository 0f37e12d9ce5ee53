"""The ledgers of shards become one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grader.classes import records
from grader.classes.ledger import Ledger
from grader.classes.merging import merge
from grader.classes.model import Bounds, Late, Settings, Student, Submission
from grader.classes.source import Source
from grader.classes.task import Shard
from grader.classes.writing import LedgerWriter
from grader.errors import UsageError
from tests.classes.hand import ADA, BEA, KATA, NAME, WHOLE, hand_in, make_ledger

if TYPE_CHECKING:
    from tests.conftest import Grade

CY = Student("cy", "Cy")
ALL = (ADA, BEA, CY)


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


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "of a run that was killed"])
def test_a_part_may_lie_where_nothing_can_be_written(tmp_path: Path, is_closed: bool) -> None:
    """Such as a disk with what other machines have given back."""
    fixed = part(tmp_path, "ada")
    if not is_closed:
        with Ledger.open(fixed), LedgerWriter.make(fixed, Settings(seed="s")) as ledger:
            ledger.keep_students([CY])
            kept = {path.name: path.read_bytes() for path in fixed.iterdir()}
        for name, content in kept.items():
            (fixed / name).write_bytes(content)
    for path in (*fixed.iterdir(), fixed):
        path.chmod(0o555)
    command = [sys.executable, "-m", "grader", "class", "merge", str(fixed), "--out", str(tmp_path / "all")]
    if os.geteuid() == 0:  # whom no mode keeps from writing
        if not shutil.which("setpriv"):
            pytest.skip("root needs setpriv here")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", *command]
    done = subprocess.run(command, capture_output=True, text=True)
    fixed.chmod(0o755)
    assert done.stderr == "", done.stdout
    with Ledger.open(tmp_path / "all") as found:
        assert [one.label for one in found.students()] == ["ada", "bea", *([] if is_closed else ["cy"])]


def test_parts_of_other_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another specification, grader or seed"):
        merge([part(tmp_path, "ada"), part(tmp_path, "bea", seed="t")], tmp_path / "all")
    assert not (tmp_path / "all").exists()


def shard(root: Path, number: int, label: str, *, students: Sequence[Student] = ALL, **settings: Any) -> Path:
    """A shard of three, whose ledger knows all three students."""
    folder = root / f"{number}"
    with LedgerWriter.make(folder, Settings(seed="s", **settings)) as ledger:
        ledger.keep_katas([KATA])
        ledger.keep_students([one for one in students if one.label == label])
        others = records.of_students(one for one in students if one.label != label)
        source = Source(root, ("kata-77",), shard=Shard(number, 3))
        ledger.keep_facts({"source": source.encode(), "others": others})
        hand_in(ledger, Submission(label, NAME, digest=label), replace(WHOLE, seed=label))
    return folder


def states(folder: Path) -> dict[str, str]:
    """Of each student: the reason why there is no grade, or "" for one that is there."""
    with Ledger.open(folder) as found:
        return {row.student.label: row.refusal.sentence if row.refusal else "" for row in found.rows()}


def test_a_shard_that_is_missing_is_named_and_its_students_have_no_points(tmp_path: Path, grade: Grade) -> None:
    one, two = shard(tmp_path, 1, "ada"), shard(tmp_path, 2, "bea")
    done = grade("class", "merge", str(one), str(two), "--out", "all", cwd=tmp_path)
    assert (done.code, done.err) == (3, "grade: shard 3/3 is missing: merge its results, too.\n")
    assert "cy (Cy), kata-77-small-echo: shard 3/3 is missing: merge its results, too" in done.out
    assert ("Unclear, so without points" in done.out, "machine" in done.out) == (True, False)
    assert states(tmp_path / "all")["ada"] == ""
    with Ledger.open(tmp_path / "all") as found:
        assert [(one.student, one.points) for one in found.entries() if one.student == CY] == [(CY, None)]
    assert grade("class", "status", "all", cwd=tmp_path).code == 3
    assert merge([shard(tmp_path, 3, "cy")], tmp_path / "all") == ()
    assert states(tmp_path / "all") == {"ada": "", "bea": "", "cy": ""}
    assert "shard" not in grade("class", "status", "all", cwd=tmp_path).out


def test_parts_of_a_whole_may_be_merged_in_any_order_and_by_steps(tmp_path: Path) -> None:
    one, two, three = shard(tmp_path, 1, "ada"), shard(tmp_path, 2, "bea"), shard(tmp_path, 3, "cy")
    assert merge([two], tmp_path / "a") == (Shard(1, 3), Shard(3, 3))
    assert "shards 1/3 and 3/3 are missing: merge their results, too" in states(tmp_path / "a").values()
    assert merge([tmp_path / "a", one, three], tmp_path / "b") == ()
    assert states(tmp_path / "b") == {"ada": "", "bea": "", "cy": ""}


def test_shards_are_not_merged_into_one_of_them(tmp_path: Path) -> None:
    one, two = shard(tmp_path, 1, "ada"), shard(tmp_path, 2, "bea")
    with pytest.raises(UsageError, match=r"--out: .* has the results of shard 1/3: merge into another folder"):
        merge([one, two], one)
    assert list(states(one)) == ["ada"]


def test_shards_of_another_division_are_refused(tmp_path: Path) -> None:
    one, two = shard(tmp_path, 1, "ada"), shard(tmp_path, 2, "bea")
    with LedgerWriter.make(two, Settings(seed="s")) as ledger:
        ledger.keep_facts({"source": Source(tmp_path, ("kata-77",), shard=Shard(2, 2)).encode()})
    with pytest.raises(UsageError, match=r"is one of 2 shards, and .* one of 3"):
        merge([one, two], tmp_path / "all")


def test_a_student_whom_no_shard_has_is_not_lost_without_a_word(tmp_path: Path) -> None:
    parts = [shard(tmp_path, number, label) for number, label in ((1, "ada"), (2, "bea"), (3, "bea"))]
    assert merge(parts, tmp_path / "all") == ()
    assert states(tmp_path / "all")["cy"].startswith("no shard has this student")


@pytest.mark.parametrize("is_reversed", [True, False])
def test_shards_with_other_settings_are_refused(tmp_path: Path, is_reversed: bool) -> None:
    one = shard(tmp_path, 1, "ada", late=Late(10), bounds=Bounds(files=9))
    two = shard(tmp_path, 2, "bea", deadline=datetime(2026, 11, 30, tzinfo=UTC))
    with pytest.raises(UsageError, match=r"differ in deadline, \[late\], \[limits\]: grade all shards by the same"):
        merge([two, one] if is_reversed else [one, two], tmp_path / "all")
    assert not (tmp_path / "all").exists()


@pytest.mark.parametrize("is_reversed", [True, False])
def test_shards_with_other_rosters_are_refused(tmp_path: Path, is_reversed: bool) -> None:
    """Half of the class would have no name, and no number at a platform."""
    one = shard(tmp_path, 1, "ada", students=[Student(each.label) for each in ALL])
    two = shard(tmp_path, 2, "bea")
    with pytest.raises(UsageError, match=r"differ in the roster: grade all shards by the same"):
        merge([two, one] if is_reversed else [one, two], tmp_path / "all")
    assert not (tmp_path / "all").exists()
