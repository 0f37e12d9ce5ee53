"""Mutants of right apps must be killed; one that survives is a hole, unless it is equivalent."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import read_kata
from grader.grading.run import Job, OnProgress
from grader.pool.news import Result
from grader.pool.pool import Pool
from grader.verify import equivalents
from grader.verify.clauses import Clause
from grader.verify.mutation.mutant import Mutant
from grader.verify.survival import Fate, Trial, mutants_of, stale, try_out, unbroken, unexplained
from tests.small_kata import NO_TYPE, SOLUTION, VARIANT, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade


def mutant(text: str = "", name: str = "5eed5eed") -> Mutant:
    return Mutant(name, "solution", "send-dropped", "leaves out something", text, "-old\n+new")


def test_each_app_that_is_right_is_mutated_where_it_differs_from_the_others(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    write(kata.solutions / "variants" / "charset.py", VARIANT + "    number = 1 + 1\n")
    found = list(mutants_of(kata))
    assert {each.app for each in found} == {"solution", "variant/charset"}
    assert all("+number = 1" in each.diff for each in found if each.app == "variant/charset")


@pytest.mark.parametrize(
    ("text", "fate", "by"),
    [
        (NO_TYPE, Fate.KILLED, 'is_json fails: 200, "text/html"; expected: 200, "application/json"'),
        ("raise ValueError('no')", Fate.KILLED, "it does not start"),
        (VARIANT, Fate.SURVIVED, ""),
    ],
)
def test_a_mutant_is_graded_as_any_app_is(text: str, fate: Fate, by: str, tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    with Pool(1) as pool:
        (trial,) = try_out(kata, [mutant(textwrap.dedent(text))], pool, seed="5eed", reasons={})
    assert (trial.fate, trial.by) == (fate, by)


class Busy(Pool):
    """Takes every app for the solution while there are several; counts the jobs of each call."""

    def __init__(self) -> None:
        super().__init__(2)
        self.calls: list[int] = []

    def results(self, jobs: Iterable[Job], progress: OnProgress = lambda *_: None) -> Iterator[Result]:
        orders = list(jobs)
        texts = {job.launch.file: job.launch.file.read_text("utf-8") for job in orders}
        for file, text in texts.items():
            write(file, SOLUTION if len(orders) > 1 else text)
        found = list(super().results(orders, progress))
        for file, text in texts.items():
            write(file, text)
        self.calls.append(len(orders))
        return iter(found)


def test_a_mutant_that_survives_beside_others_is_graded_once_more_alone(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    made = [mutant(textwrap.dedent(text), name) for name, text in (("a", NO_TYPE), ("b", VARIANT), ("c", SOLUTION))]
    with Busy() as pool:
        trials = try_out(kata, made, pool, reasons={"c": "it is the same"})
    assert [trial.fate for trial in trials] == [Fate.KILLED, Fate.SURVIVED, Fate.EQUIVALENT]
    assert pool.calls == [3, 1, 1]


def test_an_equivalent_mutant_has_to_survive(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    reasons = {"5eed5eed": "it is the same", "0ff0ff00": "it is not"}
    made = [mutant(textwrap.dedent(SOLUTION)), mutant(textwrap.dedent(NO_TYPE), "0ff0ff00")]
    with Pool(2) as pool:
        same, other = try_out(kata, made, pool, seed="5eed", reasons=reasons)
    assert (same.fate, same.by) == (Fate.EQUIVALENT, "it is the same")
    assert other.fate is Fate.KILLED
    [problem] = stale(reasons, [same, other])
    assert problem.startswith("equivalent.toml lists mutant 0ff0ff00, which is not equivalent (")
    assert " fails: " in problem
    assert problem.endswith("): remove it")


def test_what_is_right_always_is_right_sometimes_too(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    sometimes = replace(mutant(textwrap.dedent(SOLUTION), "0ff0ff00"), base="5eed5eed")
    with Pool(1) as pool:
        (trial,) = try_out(kata, [sometimes], pool, reasons={"5eed5eed": "it is the same"})
    assert (trial.fate, trial.by) == (Fate.EQUIVALENT, "it is the same")


def test_all_mutants_of_an_operator_may_be_equivalent(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    reasons = {"send-dropped": "it is the same", "text-cut": "no text is long"}
    with Pool(1) as pool:
        (trial,) = try_out(kata, [mutant(textwrap.dedent(SOLUTION))], pool, reasons=reasons)
    assert (trial.fate, trial.by) == (Fate.EQUIVALENT, "it is the same")
    (problem,) = stale(reasons, [trial])
    assert problem.startswith("equivalent.toml lists mutant text-cut, which does not exist")


def test_a_sample_says_nothing_of_those_that_it_leaves_out() -> None:
    trial = Trial(mutant(), Fate.EQUIVALENT)
    reasons = dict.fromkeys(("5eed5eed", "0ff0ff00"), "it is the same")
    assert list(stale(reasons, [trial], left_out=["0ff0ff00"])) == []
    (problem,) = stale(reasons, [trial])
    assert problem == "equivalent.toml lists mutant 0ff0ff00, which does not exist: remove it"


def test_an_equivalent_mutant_without_a_verdict_is_no_reason_to_remove_it() -> None:
    assert list(stale({"5eed5eed": "it is the same"}, [Trial(mutant(), Fate.UNDECIDED)])) == []


def test_a_clause_that_mutants_break_has_one_that_is_killed() -> None:
    clauses = [Clause("a", (), ("x",), ("mutant send-dropped", "wrong/y.py")), Clause("b", (), ungraded="no")]
    assert list(unbroken(clauses, [Trial(mutant(), Fate.KILLED)])) == []
    assert list(unbroken(clauses, [Trial(mutant(), Fate.EQUIVALENT)])) == [
        "clauses.toml: clause 'a' is broken by 'mutant send-dropped', and no such mutant is killed"
    ]


def test_whatever_is_neither_killed_nor_equivalent_is_a_problem() -> None:
    trials = [Trial(mutant(), fate, "for a reason") for fate in Fate]
    survived, undecided = unexplained(trials)
    assert survived.startswith("mutant 5eed5eed of solution survived, although it leaves out something: ")
    assert undecided == "mutant 5eed5eed of solution is undecided: for a reason"


SMALL = """
    from fastapi import FastAPI
    from grader.kit import upstream

    app = FastAPI()
    unused = 1 + 1

    @app.get("/echo")
    async def echo(key: str):
        return {"items": [item async for item in upstream(key)]}
"""


def test_the_command_counts_by_operator_and_shows_each_survivor(tmp_path: Path, grade: Grade) -> None:
    kata = read_kata(make_kata(tmp_path))
    for file in (kata.solutions / "app.py", kata.solutions / "variants" / "charset.py"):
        write(file, SMALL)
    unused, blocking = (
        next(each for each in mutants_of(kata) if each.operator == name) for name in ("off-by-one", "blocking-pull")
    )
    write(kata.solutions / equivalents.FILE, f'[[mutant]]\nids = ["{unused.id}"]\nreason = "Nobody uses it."\n')
    done = grade("verify", "kata-77", "--mutate", cwd=tmp_path)
    assert done.code == 1
    rows = {words[0]: words[1:5] for words in (line.split() for line in done.out.splitlines()) if len(words) == 5}
    assert rows["off-by-one"] == [".", "1", ".", "."]
    assert rows["blocking-pull"] == [".", ".", "1", "."]
    assert rows["content-constant"] == ["1", ".", ".", "."]
    assert f"{blocking.id}  solution: it blocks the event loop at each pull  [blocking-pull]" in done.out
    assert '    +    return {"items": [item async for item in _Blocking(key)]}' in done.out
    assert "sound and fair" in done.out  # the proof stands by itself
    assert done.out.endswith("not yet killed or explained\n\n")
    sample = grade("verify", "kata-77", "--mutate", "--sample", "3", cwd=tmp_path)
    assert re.search(r"^kata-77-small-echo: 3 mutants of \d\d+$", sample.out, re.MULTILINE)
