"""Right and wrong apps are judged three times, and each verdict must be right."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from grader.catalog.kata import read_kata
from grader.grading.run import Job
from grader.pool.news import Result
from grader.pool.pool import Pool
from grader.verify.judging import judge
from grader.verify.proof import prove
from grader.verify.reference import find_reference_apps
from tests.small_kata import make_kata


def test_the_stub_is_judged_once_and_all_others_three_times(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    told: list[tuple[int, int]] = []
    with Pool(2) as pool, Pool(4) as busy:
        found = judge(
            kata, find_reference_apps(kata), pool, busy=busy, seed="5eed", progress=lambda *at: told.append(at)
        )
    labels = ["solution", "variant/charset", "wrong/no_items", "wrong/no_type"]
    assert [verdict.app.label for verdict in found.first] == ["stub", *labels]
    assert [verdict.app.label for verdict in found.again] == labels * 2
    assert Counter(verdict.seed for verdict in (*found.first, *found.again)) == {"5eed": 5, "5eed-2": 4, "5eed-3": 4}
    assert told == [(number, 13) for number in range(1, 14)]


def test_without_a_busy_pool_all_are_judged_once(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    with Pool(2) as pool:
        found = judge(kata, find_reference_apps(kata), pool, busy=None)
    assert (len(found.first), found.again) == (5, ())


class Flattering(Pool):
    """It takes the app of one name for the solution."""

    def grade(self, job: Job) -> Result:
        file = job.launch.file
        right = file.parent.parent / "app.py"
        return super().grade(replace(job, launch=replace(job.launch, file=right)) if file.stem == "no_items" else job)


def test_a_later_verdict_that_is_not_right_is_a_problem(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    with Pool(2) as pool, Flattering(4) as busy:
        proof = prove(kata, pool, busy=busy, seed="5eed")
    assert proof.problems == tuple(
        f"wrong/no_items: all_items is passed and must be failed (judged again, seed 5eed-{number})"
        for number in (2, 3)
    )
    assert proof.again == 8
