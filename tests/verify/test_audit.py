"""Apps are graded again and again: each verdict that is not what it must be is counted and named."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import Kata, read_kata
from grader.errors import UsageError
from grader.model import Outcome
from grader.pool.pool import Pool
from grader.verify.audit import Audit, audit
from grader.verify.samples import Sample, Samples
from tests.small_kata import NO_ITEMS, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

P, F, B, I = Outcome  # noqa: E741
LABELS = ("stub", "solution", "variant/charset", "wrong/no_items", "wrong/no_type")
RIGHT = {
    "stub": {"is_json": F, "all_items": B},
    "solution": {"is_json": P, "all_items": P},
    "variant/charset": {"is_json": P, "all_items": P},
    "wrong/no_items": {"is_json": P, "all_items": F},
    "wrong/no_type": {"is_json": F, "all_items": B},
}


@pytest.fixture
def kata(tmp_path: Path) -> Kata:
    return read_kata(make_kata(tmp_path))


def full(kata: Kata, repeats: int, file: Path | None = None, *, spoilt: dict[tuple[str, int], Sample]) -> Samples:
    """All samples are there, so that nothing has to be graded."""
    samples = Samples(file, kata)
    for repeat in range(repeats):
        for label in LABELS:
            samples.keep(spoilt.get((label, repeat), Sample(label, repeat, "5eed", RIGHT[label])))
    return samples


def look(kata: Kata, samples: Samples, repeats: int) -> Audit:
    with Pool(1) as pool:
        return audit(kata, pool, repeats=repeats, load=0, seed="", samples=samples)


def test_the_same_verdicts_again_are_no_problem(kata: Kata) -> None:
    found = look(kata, full(kata, 4, spoilt={}), 4)
    assert (found.differences, found.problems) == ((), ())
    assert [(tally.check.id, tally.trials, tally.differed) for tally in found.tallies] == [
        ("is_json", 20, 0),
        ("all_items", 20, 0),
    ]
    assert 0.13 < found.tallies[0].bound < 0.15


def test_a_verdict_that_differs_is_named_with_its_seed_and_its_words(kata: Kata, tmp_path: Path) -> None:
    sample = Sample("solution", 1, "0ff", {"is_json": P, "all_items": F}, headlines={"all_items": "one is missing"})
    full(kata, 2, tmp_path / "audit.jsonl", spoilt={("solution", 1): sample})
    found = look(kata, Samples(tmp_path / "audit.jsonl", kata), 2)
    assert found.problems == ("solution: all_items is failed and must be passed (seed 0ff): one is missing",)
    assert [tally.differed for tally in found.tallies] == [0, 1]


def test_inconclusive_counts_separately(kata: Kata) -> None:
    spoilt = {("solution", 0): Sample("solution", 0, "0ff", {"is_json": I, "all_items": I})}
    found = look(kata, full(kata, 2, spoilt=spoilt), 2)
    assert found.problems == ()
    assert [(tally.trials, tally.differed, tally.inconclusive) for tally in found.tallies] == [(9, 0, 1), (9, 0, 1)]


def test_an_app_that_cannot_be_graded_is_a_problem(kata: Kata) -> None:
    spoilt = {("stub", 0): Sample("stub", 0, "0ff", {}, "it does not start: no")}
    found = look(kata, full(kata, 1, spoilt=spoilt), 1)
    assert found.problems == ("stub: it does not start: no (seed 0ff)",)


def test_only_what_is_missing_is_graded(kata: Kata, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    full(kata, 1, file, spoilt={})
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:-1]) + lines[-1][:20], "utf-8")  # it was interrupted in the middle of a line
    told: list[tuple[int, int]] = []
    samples = Samples(file, kata)
    with Pool(1) as pool:
        found = audit(kata, pool, repeats=1, load=1, seed="s", samples=samples, progress=lambda *at: told.append(at))
    assert told == [(4, 5), (5, 5)]
    assert found.problems == ()
    assert Samples(file, kata).found.keys() == {(label, 0) for label in LABELS}


def test_samples_of_another_version_are_passed_over(kata: Kata, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    full(kata, 1, file, spoilt={})
    write(kata.solutions / "wrong" / "another.py", NO_ITEMS)
    assert Samples(file, kata).found == {}


def test_a_file_of_another_kind_is_refused(kata: Kata, tmp_path: Path) -> None:
    for text in ('{"kata": 1}\n', "[1}\n", '{"kata": "kata-77-small-echo", "version": }\n'):
        file = write(tmp_path / "notes.txt", text)
        with pytest.raises(UsageError, match="was not written by an audit"):
            Samples(file, kata)
        assert file.read_text("utf-8") == text


def test_a_file_that_cannot_be_written_is_refused_at_once(kata: Kata, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: No such file or directory"):
        Samples(tmp_path / "nowhere" / "audit.jsonl", kata)


def test_the_command_repeats_and_goes_on_from_where_it_was(tmp_path: Path, grade: Grade) -> None:
    make_kata(tmp_path)
    command = ("verify", "kata-77", "--load", "1", "--resume", "audit.jsonl", "--jobs", "2", "--repeat")
    first = grade(*command, "1", cwd=tmp_path)
    assert first.code == 0, first.out
    assert "kata-77-small-echo: 5 grades, 1 time each app beside 1 busy process" in first.out
    again = grade(*command, "2", cwd=tmp_path)
    assert "10 grades, 2 times each app" in again.out
    assert "0 of 20 verdicts differed" in again.out
    kept = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text("utf-8").splitlines()]
    assert len(kept) == 10
    assert len({line["seed"] for line in kept}) == 10


def test_the_command_fails_on_a_difference(tmp_path: Path, grade: Grade) -> None:
    kata = read_kata(make_kata(tmp_path))
    write(kata.solutions / "wrong" / "no_items.py", f'"""Wrong.\n\nFails: is_json\n"""\n{textwrap.dedent(NO_ITEMS)}')
    done = grade("verify", "kata-77", "--repeat", "1", cwd=tmp_path)
    assert done.code == 1
    assert "wrong/no_items: is_json is passed and must be failed" in done.out
    assert "2 of 10 verdicts differed" in done.out


@pytest.mark.parametrize("option", [("--load", "2"), ("--resume", "file")])
def test_what_belongs_to_a_repeat_needs_one(option: tuple[str, str], grade: Grade) -> None:
    done = grade("verify", "kata-1", *option)
    assert done.code == 2
    assert "--load and --resume need --repeat N." in done.err
