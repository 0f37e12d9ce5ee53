"""The journal: what a learner has reached is kept, whole, whoever else writes; and nothing depends on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader.catalog.kata import Kata
from grader.errors import UsageError
from grader.learner.journal import NAME, Journal, Score, Standing, require
from grader.model import BootFailure, Check, CheckResult, Outcome, Report
from tests.conftest import DEADLINE, ROOT, environment

KATA = Kata(Path("katas/kata-7-tea"), "Tea", Path("solutions"), pack="bundled")
OTHER = Kata(Path("katas/kata-8-more-tea"), "More tea", Path("solutions"), pack="bundled")
CHECKS = [Check(name, name, points) for name, points in (("warm", 1), ("sweet", 2), ("strong", 4))]


def report(*outcomes: Outcome, failure: BootFailure | None = None) -> Report:
    results = tuple(CheckResult(check, outcome) for check, outcome in zip(CHECKS, outcomes, strict=True))
    return Report("kata-7-tea", "Tea", "app.py", "seed", "grade 7", results, boot_failure=failure)


PASSED, FAILED, BLOCKED = Outcome.PASSED, Outcome.FAILED, Outcome.BLOCKED


def test_nothing_is_known_at_the_beginning(tmp_path: Path) -> None:
    assert Journal(tmp_path).standing(KATA) == Standing()
    assert Journal.near(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def make_huge(file: Path) -> None:
    file.touch()
    os.truncate(file, 3 << 30)


IN_ITS_PLACE: dict[str, Callable[[Path], object]] = {
    "a named pipe": os.mkfifo,
    "a device without end": lambda path: path.symlink_to("/dev/zero"),
    "a huge file": make_huge,
}


@pytest.mark.parametrize("kind", IN_ITS_PLACE)
def test_what_is_no_short_file_in_its_place_is_put_aside(kind: str, tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    IN_ITS_PLACE[kind](journal.file)
    assert journal.standing(KATA) == Standing()
    journal.note(KATA, report(PASSED, FAILED, FAILED))
    assert journal.damaged is not None
    assert journal.standing(KATA).attempts == 1


def test_each_grade_is_taken_in(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    before = datetime.now(UTC) - timedelta(seconds=1)
    journal.note(KATA, report(PASSED, FAILED, FAILED))
    standing = journal.standing(KATA)
    assert (standing.attempts, standing.passed, standing.failed) == (1, ("warm",), ("sweet", "strong"))
    assert standing.best == standing.last
    assert standing.last is not None
    assert (standing.last.points, standing.last.possible, standing.last.is_full) == (1, 7, False)
    assert before < standing.last.at <= datetime.now(UTC)
    assert journal.standing(OTHER) == Standing()


def test_the_best_stays_when_the_last_is_worse(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for outcomes in ((PASSED, PASSED, PASSED), (FAILED, BLOCKED, FAILED)):
        journal.note(KATA, report(*outcomes))
    standing = journal.standing(KATA)
    assert standing.best is not None
    assert standing.best.is_full
    assert standing.last is not None
    assert standing.last.points == 0
    assert standing.attempts == 2


def test_an_app_that_did_not_start_is_remembered_as_that(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.note(KATA, report(FAILED, FAILED, FAILED, failure=BootFailure("no app there")))
    assert journal.standing(KATA).trouble == "no app there"
    journal.note(KATA, report(PASSED, FAILED, FAILED))
    assert journal.standing(KATA).trouble == ""


def test_hints_are_counted_and_outlive_grades(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.note_hint(KATA, "warm").hints == {}
    assert journal.note_hint(KATA, "warm").hints == {"warm": 1}
    journal.note_hint(KATA, "sweet")
    journal.note(KATA, report(PASSED, PASSED, PASSED))
    assert journal.standing(KATA).hints == {"warm": 2, "sweet": 1}


def test_katas_of_one_name_are_told_apart_by_their_packs(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    folder, course = replace(KATA, pack="folder"), replace(KATA, pack="course")
    journal.note(KATA, report(PASSED, FAILED, FAILED))
    journal.note(course, report(PASSED, PASSED, PASSED))
    points = [standing.best.points for standing in map(journal.standing, (KATA, course)) if standing.best]
    assert points == [1, 7]
    assert journal.standing(folder) == Standing()


def test_a_file_from_before_there_were_packs_is_about_bundled_katas(tmp_path: Path) -> None:
    tmp_path.joinpath(NAME).write_text('{"format": 1, "katas": {"kata-7-tea": {"attempts": 3}}}', "utf-8")
    assert Journal(tmp_path).standing(KATA).attempts == 3
    assert Journal(tmp_path).standing(replace(KATA, pack="course")).attempts == 0


def test_it_is_found_from_anywhere_in_the_workspace(tmp_path: Path) -> None:
    app = tmp_path / "kata-7-tea" / "app.py"
    app.parent.mkdir()
    Journal.of(app).note(KATA, report(PASSED, FAILED, FAILED))
    for start in (tmp_path, app.parent):
        found = Journal.near(start)
        assert found is not None
        assert found.standing(KATA).attempts == 1


def test_that_of_a_checkout_is_no_part_of_its_katas(tmp_path: Path) -> None:
    app = tmp_path / "katas" / "kata-7-tea" / "app.py"
    app.parent.mkdir(parents=True)
    assert Journal.of(app).file.parent == tmp_path
    Journal.of(app).note(KATA, report(PASSED, FAILED, FAILED))
    found = Journal.near(app.parent)
    assert found is not None
    assert found.standing(KATA).attempts == 1


def test_what_needs_a_grade_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"kata-7 has not been graded here yet\. Run `grade kata-7`"):
        require(tmp_path, KATA)
    Journal(tmp_path).note(KATA, report(PASSED, FAILED, FAILED))
    assert require(tmp_path, KATA).standing(KATA).attempts == 1
    with pytest.raises(UsageError, match="kata-8 has not been graded"):
        require(tmp_path, OTHER)


DAMAGED = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "no katas": '{"format": 1}',
    "katas of another kind": '{"format": 1, "katas": []}',
    "a later format": '{"format": 2, "katas": {"kata-7-tea": {"attempts": 3}}}',
    "too deep": "[" * 100_000,
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_counts_as_none_and_is_put_aside(text: str, tmp_path: Path) -> None:
    tmp_path.joinpath(NAME).write_text(text, "utf-8")
    journal = Journal(tmp_path)
    assert journal.standing(KATA) == Standing()
    journal.note(KATA, report(PASSED, FAILED, FAILED))
    assert journal.standing(KATA).attempts == 1
    assert tmp_path.joinpath(f"{NAME}.damaged").read_text("utf-8") == text


ODD: list[tuple[object, Standing]] = [
    (None, Standing()),
    ({"attempts": -3, "best": 7, "last": {"points": 1}, "passed": "warm", "hints": []}, Standing()),
    (
        {"attempts": "3", "failed": [1, "warm"], "hints": {"warm": "2", "sweet": 1}},
        Standing(failed=("warm",), hints={"sweet": 1}),
    ),
    ({"best": {"points": 1, "possible": 2, "at": "yesterday"}}, Standing()),
    (
        {"best": {"points": 1, "possible": 2, "at": "2026-01-02T03:04:05"}},
        Standing(best=Score(1, 2, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))),
    ),
]


@pytest.mark.parametrize(("found", "standing"), ODD)
def test_what_makes_no_sense_counts_as_not_there(found: object, standing: Standing, tmp_path: Path) -> None:
    tmp_path.joinpath(NAME).write_text(json.dumps({"format": 1, "katas": {"kata-7-tea": found}}), "utf-8")
    assert Journal(tmp_path).standing(KATA) == standing


MANY = """
import sys
from pathlib import Path
from grader.learner.journal import Journal
from grader.catalog.kata import Kata
for _ in range(40):
    Journal(Path(sys.argv[1])).note_hint(Kata(Path("kata-7-tea"), "Tea", Path(), pack="bundled"), sys.argv[2])
"""


def test_two_runs_at_once_lose_nothing(tmp_path: Path) -> None:
    def run(check: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", MANY, str(tmp_path), check], cwd=ROOT, env=environment())

    running = [run(check) for check in ("warm", "sweet", "warm")]
    assert [process.wait(DEADLINE) for process in running] == [0, 0, 0]
    assert Journal(tmp_path).standing(KATA).hints == {"warm": 80, "sweet": 40}
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    journal.note_hint(KATA, "warm")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            journal.note_hint(KATA, "warm")
    assert journal.standing(KATA).hints == {"warm": 1}
    assert os.listdir(tmp_path) == [NAME]
