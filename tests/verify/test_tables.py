"""What `grade verify` prints can be read where a terminal is 80 columns wide."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from grader.catalog.kata import Kata
from grader.model import Check
from grader.verify.audit import Audit, Tally
from grader.verify.clauses import Clause
from grader.verify.mutation.conditions import CONDITIONS
from grader.verify.mutation.mutant import Mutant
from grader.verify.mutation.operators import OPERATORS
from grader.verify.proof import Proof
from grader.verify.survival import Fate, Survey, Trial
from grader.verify.tables import clauses, matrix, mutants, repeats

KATA = Kata(Path("katas/kata-77-small-echo"), "Small echo", Path("solutions"))
LONG = "each_item_leaves_before_the_next_one_exists_in_a_crowd_as_well_as_alone"
PROBLEM = "wrong/other: " + "it fails something that its docstring does not name; " * 4


def printed(show: object, what: object, *, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    assert callable(show)
    show(what, console)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def mutant(operator: str, mistake: str, *, diff: str = "-old\n+new", base: str = "") -> Mutant:
    return Mutant("5eed5eed", "solution", operator, mistake, "", diff, base)


SURVEY = Survey(
    KATA,
    tuple(Trial(mutant(each.name, each.mistake), Fate.KILLED) for each in OPERATORS)
    + tuple(
        Trial(mutant(each.name, f"leaves out something, {each.words}", base="0ff0ff00"), Fate.KILLED)
        for each in CONDITIONS
    ),
    (PROBLEM, PROBLEM),
    300,
)


@pytest.mark.parametrize("width", [80, 100, 200])
def test_an_operator_takes_one_or_two_lines(width: int) -> None:
    lines = printed(mutants.show, SURVEY, width=width)
    names = [*(each.name for each in OPERATORS), *(each.name for each in CONDITIONS)]
    starts = [next(at for at, line in enumerate(lines) if line.split()[:1] == [name]) for name in names]
    assert starts == sorted(starts)
    lengths = {after - before for before, after in pairwise(starts)}
    assert lengths == ({1} if width == 200 else {2})
    assert max(map(len, lines)) <= width
    for each in OPERATORS:
        assert each.mistake in "\n".join(lines)


def test_the_row_of_a_condition_names_no_single_mistake() -> None:
    """Its mutants make those of many operators."""
    text = "\n".join(printed(mutants.show, SURVEY, width=200))
    assert "makes one of these mistakes, for an empty item" in text
    assert "leaves out something, for an empty item" not in text


def test_a_long_change_is_shown_from_its_start() -> None:
    diff = "\n".join(["-the first line", *(f"+line {number}" for number in range(60))])
    survey = Survey(KATA, (Trial(mutant("off-by-one", "counts wrong", diff=diff), Fate.SURVIVED),), (), 1)
    lines = [line.strip() for line in printed(mutants.show, survey)]
    assert "-the first line" in lines
    assert "… 21 more lines" in lines
    assert "+line 59" not in lines


@pytest.mark.parametrize(
    ("show", "what"),
    [
        (matrix.show, Proof(KATA, (Check("first", "", 1),), (), (PROBLEM, PROBLEM))),
        (mutants.show, SURVEY),
        (repeats.show, Audit(KATA, 1, 0, (), (), (), (PROBLEM, PROBLEM))),
    ],
    ids=["matrix", "mutants", "repeats"],
)
def test_a_problem_of_several_lines_is_indented(show: object, what: object) -> None:
    lines = printed(show, what)
    (first, second) = (at for at, line in enumerate(lines) if line.startswith("  problem  wrong/other:"))
    assert second - first > 2
    assert all(line.startswith(" " * 11) and line[11] != " " for line in lines[first + 1 : second])


@pytest.mark.parametrize("width", [80, 60])
def test_an_id_is_broken_at_its_underscores(width: int) -> None:
    clause = Clause("one-event-an-item-however-long", ("It is.",), (LONG, "is_short"), (f"wrong/{LONG}.py",))
    ungraded = Clause("choices", ("It is.",), ungraded="It leaves something to the app, or says where it is.")
    lines = printed(clauses.show, Proof(KATA, (), (), (), (clause, ungraded)), width=width)
    start = lines[1].index("graded by")
    end = lines[1].index("broken by")
    cells = [line[start:end].strip() for line in lines[2:] if line[start:end].strip()]
    assert "".join(cell + " " * cell.endswith(",") for cell in cells) == f"{LONG}, is_short-"
    assert all(cell.endswith(("_", ",")) for cell in cells[:-2])
    assert max(map(len, lines)) <= width
    tally = Tally(Check(LONG, "", 1), 1, 0, 0)
    lines = printed(repeats.show, Audit(KATA, 1, 0, (), (tally,), (), ()), width=width)
    assert lines[2].split()[0].endswith("_")


def test_a_short_id_is_not_broken() -> None:
    clause = Clause("at-once", ("It is.",), ("each_item_leaves_before_the_next_exists",), ("wrong/collected_first.py",))
    ungraded = Clause("choices", ("It is.",), ungraded="It leaves something to the app, or says where it is written.")
    lines = printed(clauses.show, Proof(KATA, (), (), (), (clause, ungraded)))
    assert lines[2].split() == ["at-once", "each_item_leaves_before_the_next_exists", "wrong/collected_first"]


def test_of_a_kata_that_cannot_be_graded_the_reason_is_all() -> None:
    reason = "my-course 1.0 is a pack without solutions: verify the folder that it was made of"
    lines = printed(matrix.show, Proof(KATA, (), (), (reason,)), width=120)
    assert lines == ["kata-77-small-echo", f"  problem  {reason}", ""]
