"""A sample of the mutants: some of each operator, the same ones for a seed."""

from __future__ import annotations

from collections import Counter

from grader.verify.mutation.choice import most_telling
from grader.verify.mutation.mutant import Mutant


def mutant(number: int, *, app: str = "solution", operator: str = "send-dropped") -> Mutant:
    return Mutant(f"{number:08x}", app, operator, "", "", "")


def test_each_operator_gives_one_in_turn_the_last_first() -> None:
    made = [mutant(number, operator=name) for number, name in enumerate(["send-dropped"] * 5 + ["with-a-flag"] * 2)]
    found = [each.operator for each in most_telling(made, 6)]
    assert found == ["with-a-flag", "send-dropped"] * 2 + ["send-dropped"] * 2


def test_an_operator_changes_another_app_each_time() -> None:
    made = [mutant(number, app=f"variant/{number % 4}") for number in range(40)]
    for seed in ("", "a", "b"):
        found = most_telling(made, 8, seed=seed)
        assert Counter(each.app for each in found) == {f"variant/{number}": 2 for number in range(4)}


def test_the_same_seed_chooses_the_same_and_another_one_others() -> None:
    made = [mutant(number) for number in range(100)]
    chosen = {seed: most_telling(made, 10, seed=seed) for seed in ("a", "b")}
    assert chosen["a"] == most_telling(reversed(made), 10, seed="a") != chosen["b"]
    assert len(most_telling(made, 1000)) == 100
    assert most_telling([], 3) == []
