"""A fault of the specification is said once, and not for each app."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.catalog.kata import read_kata
from grader.model import Check, Outcome
from grader.pool.pool import Pool
from grader.verify.common import common_faults, undecided
from grader.verify.proof import prove
from grader.verify.reference import ReferenceApp, Role
from grader.verify.verdict import Verdict
from tests.small_kata import SPECIFICATION, make_kata, write

P, F, B, I = Outcome  # noqa: E741
CHECKS = (
    Check("first", "the first holds", 1),
    Check("second", "the second holds", 1, after=("first",)),
    Check("third", "the third holds", 1, after=("second",)),
    Check("law", "the law holds", 1, is_law=True),
)


def verdict(name: str, outcomes: dict[str, Outcome], *, seen: str = "broken", trouble: str = "") -> Verdict:
    app = ReferenceApp(Role.WRONG, Path(f"{name}.py"))
    return Verdict(app, outcomes, dict.fromkeys(outcomes, seen), trouble=trouble)


@pytest.mark.parametrize(
    ("verdicts", "problems"),
    [
        ([verdict("a", {"first": I})], []),
        ([verdict("a", {"first": I}), verdict("b", {"first": P})], []),
        ([verdict(name, {"first": I}) for name in "abc"], ["first is inconclusive for all 3 apps: broken"]),
        (
            [*(verdict(name, {"first": I}) for name in "abc"), verdict("d", {"first": B})],
            ["first is inconclusive for 3 of 4 apps, such as wrong/a: broken"],
        ),
        (
            [verdict(name, {"first": I, "second": P, "third": I}) for name in "ab"],
            ["first and third are inconclusive for all 2 apps: broken"],
        ),
        (
            [verdict("a", {"first": I, "second": I, "third": I}), verdict("b", {"first": P})],
            ["first, second and third are inconclusive for wrong/a: broken"],
        ),
        (
            [verdict(name, {"first": I}, seen=f"broken {name}") for name in "abc"],
            ["first is inconclusive for all 3 apps; for wrong/a: broken a"],
        ),
        (
            [verdict(name, {}, trouble="the kata is broken") for name in "ab"],
            ["no verdict on all 2 apps: the kata is broken"],
        ),
        ([verdict("a", {}, trouble="it does not start: a"), verdict("b", {}, trouble="it does not start: b")], []),
    ],
)
def test_what_is_said_of_several_is_said_once(verdicts: list[Verdict], problems: list[str]) -> None:
    assert common_faults(verdicts)[0] == problems


@pytest.mark.parametrize(
    ("outcomes", "names"),
    [
        ({"first": P, "second": F, "third": B, "law": P}, set()),
        ({"first": I, "second": B, "third": B, "law": P}, {"first", "second", "third"}),
        ({"first": I, "second": B, "third": B, "law": B}, {"first", "second", "third", "law"}),
        ({"first": F, "second": B, "third": B, "law": I}, {"law"}),
    ],
)
def test_what_an_inconclusive_check_blocks_is_undecided_as_well(outcomes: dict[str, Outcome], names: set[str]) -> None:
    assert undecided(verdict("a", outcomes), CHECKS) == names


def test_a_check_that_breaks_for_each_app_is_one_problem_and_nothing_follows_from_it(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    broken = SPECIFICATION.replace("items = draw.texts(3)", "items = {}['items']")
    write(kata.specification / "test_echo.py", broken)
    with Pool(2) as pool, Pool(2) as busy:
        proof = prove(kata, pool, busy=busy)
    assert proof.problems == (
        "all_items is inconclusive for 3 of 5 apps, such as solution: the specification broke: "
        "KeyError: 'items' (test_echo.py:17); expected: a verdict",
    )


def test_a_schema_that_is_broken_is_one_problem_which_names_no_folder_of_the_machine(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    write(kata.folder / "schemas" / "echo.json", '{"type": ')
    with Pool(2) as pool:
        (problem,) = prove(kata, pool).problems
    assert problem.startswith("no verdict on 3 of 5 apps, such as solution: ")
    assert "The specification needs schemas/echo.json, a JSON Schema: Expecting value" in problem
    assert str(tmp_path) not in problem
