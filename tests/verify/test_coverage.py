"""Each sentence of a contract has a clause, and each clause is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.catalog.kata import Kata, read_kata
from grader.model import Check
from grader.pool.pool import Pool
from grader.verify.clauses import Clause
from grader.verify.coverage import coverage_problems
from grader.verify.proof import prove
from grader.verify.reference import ReferenceApp, Role
from tests.small_kata import make_kata, write

CHECKS = (Check("first", "", 1), Check("second", "", 1))
APPS = (
    ReferenceApp(Role.WRONG, Path("wrong/a.py"), frozenset({"first"})),
    ReferenceApp(Role.WRONG, Path("wrong/b.py"), frozenset({"second"})),
    ReferenceApp(Role.WRONG, Path("wrong/both.py"), frozenset({"first", "second"})),
    ReferenceApp(Role.VARIANT, Path("variants/c.py")),
)
ONE = Clause("one", ("One is so.",), ("first",), ("wrong/a.py",))
TWO = Clause("two", ("Two is so.",), ("second",), ("wrong/b.py",))


def problems(folder: Path, *clauses: Clause) -> list[str]:
    kata = Kata(folder, "Title", folder / "solutions")
    write(kata.readme, "## The contract\n\nOne is so.\n\n- Two\n  is so.\n")
    return list(coverage_problems(kata, clauses, checks=CHECKS, apps=APPS))


def test_a_contract_may_be_covered(tmp_path: Path) -> None:
    assert problems(tmp_path, ONE, TWO) == []
    whole = Clause("all", ("One is so.", "Two is so."), ("first", "second"), ("wrong/both.py",))
    assert problems(tmp_path, whole) == []


def test_a_sentence_without_a_clause_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path, ONE) == [
        "clauses.toml: no clause has this sentence of the README: “Two is so.”",
        "clauses.toml: no clause is graded by second; which sentence does it test?",
    ]


@pytest.mark.parametrize(
    ("clause", "problem"),
    [
        (
            Clause("more", ("One was so.",), ungraded="no"),
            "clauses.toml: clause 'more': not a sentence of the README's contract: “One was so.”; perhaps “One is so.”",
        ),
        (
            Clause("more", ("Whatever else.",), ungraded="no"),
            "clauses.toml: clause 'more': not a sentence of the README's contract: “Whatever else.”",
        ),
        (
            Clause("more", ("One is so.",), ("first", "third"), ("wrong/a.py",)),
            "clauses.toml: clause 'more' is graded by 'third'; there is no such check",
        ),
        (
            Clause("more", ("One is so.",), ("first",), ("wrong/a.py", "wrong/d.py")),
            "clauses.toml: clause 'more' is broken by 'wrong/d.py'; there is no such wrong app",
        ),
        (
            Clause("more", ("One is so.",), ("first",), ("variants/c.py",)),
            "clauses.toml: clause 'more' is broken by 'variants/c.py'; there is no such wrong app",
        ),
        (
            Clause("more", ("One is so.",), ("first",), ("mutant send-drop",)),
            "clauses.toml: clause 'more' is broken by 'mutant send-drop'; there is no such operator",
        ),
        (
            Clause("more", ("One is so.",), ("first",), ("wrong/a.py", "wrong/b.py")),
            "clauses.toml: clause 'more' is broken by 'wrong/b.py', which fails none of its checks",
        ),
        (
            Clause("more", ("One is so.",), ("first",), ("wrong/both.py",)),
            "clauses.toml: clause 'more': each app that breaks it fails other checks, too; "
            "name one that breaks just this",
        ),
    ],
)
def test_a_clause_that_is_not_true_is_a_problem(clause: Clause, problem: str, tmp_path: Path) -> None:
    assert problems(tmp_path, ONE, TWO, clause) == [problem]


def test_a_mutant_may_break_a_clause(tmp_path: Path) -> None:
    by_mutant = Clause("more", ("One is so.",), ("first",), ("mutant send-dropped", "wrong/both.py"))
    assert problems(tmp_path, ONE, TWO, by_mutant) == []


def test_a_contract_without_clauses_is_a_fault(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["clauses.toml is missing or empty: 2 sentences of the contract need a clause"]


def test_a_kata_without_a_contract_needs_none(tmp_path: Path) -> None:
    kata = Kata(tmp_path, "Title", tmp_path / "solutions")
    assert list(coverage_problems(kata, (), checks=CHECKS, apps=APPS)) == []
    write(kata.readme, "# Kata 77\n\nOnly a story.\n")
    assert list(coverage_problems(kata, (), checks=CHECKS, apps=APPS)) == []


def test_a_fault_of_the_file_is_a_problem_of_the_kata(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    write(kata.folder / "clauses.toml", "clauses = 1")
    with Pool(1) as pool:
        assert prove(kata, pool).problems == ("clauses.toml may contain [[clause]] tables only",)
