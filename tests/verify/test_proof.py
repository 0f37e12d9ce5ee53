"""Is a kata sound and fair? Each fault becomes a problem that says what to fix."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import Kata, read_kata
from grader.errors import BadKata
from grader.model import Check, Outcome, Requirement
from grader.pool.pool import Pool
from grader.verify.proof import (
    later_problems,
    naming_problems,
    prove,
    readme_problems,
    too_few,
    undocumented,
    unproven,
    verdict_problems,
)
from grader.verify.reference import ReferenceApp, Role, find_reference_apps
from grader.verify.verdict import Verdict
from tests.small_kata import NAME, STUB, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

P, F, B, I = Outcome  # noqa: E741
CHECKS = (Check("first", "the first holds", 1), Check("second", "the second\nholds", 2, after=("first",)))


def verdict(role: Role, first: Outcome, second: Outcome, *, fails: str = "", trouble: str = "") -> Verdict:
    must, _, may = fails.partition("/")
    app = ReferenceApp(role, Path("some_app.py"), frozenset(must.split()), frozenset(may.split()))
    points = (first is P) + 2 * (second is P)
    seen = {"first": "a thing", "second": "another thing"}
    return Verdict(app, {"first": first, "second": second}, seen, points=points, trouble=trouble)


@pytest.mark.parametrize(
    ("found", "problems"),
    [
        (verdict(Role.STUB, F, B), []),
        (
            verdict(Role.STUB, P, F),
            [
                "stub: it earns 1 point and must earn none; it passes first: ask there for something that the stub "
                "does not do, or let a check or law that holds for any app come `after` one that the stub fails"
            ],
        ),
        (verdict(Role.STUB, F, F, trouble="it does not start: no"), ["stub: it does not start: no"]),
        (verdict(Role.SOLUTION, P, P), []),
        (verdict(Role.SOLUTION, P, F), ["solution: it is a right app and fails second: another thing"]),
        (verdict(Role.SOLUTION, F, B), ["solution: it is a right app and fails first: a thing"]),
        (verdict(Role.SOLUTION, P, I), ["solution: second is inconclusive: another thing"]),
        (verdict(Role.VARIANT, P, P), []),
        (
            verdict(Role.VARIANT, F, F),
            [
                "variant/some_app: it is a right app and fails first: a thing",
                "variant/some_app: it is a right app and fails second: another thing",
            ],
        ),
        (verdict(Role.WRONG, P, F, fails="second"), []),
        (verdict(Role.WRONG, F, F, fails="first second"), []),
        (verdict(Role.WRONG, F, B, fails="first"), []),
        (
            verdict(Role.WRONG, F, P, fails="second"),
            [
                "wrong/some_app: it fails first, which its docstring does not name: a thing",
                "wrong/some_app: second is passed and must be failed",
            ],
        ),
        (verdict(Role.WRONG, F, B, fails="first second"), ["wrong/some_app: second is blocked and must be failed"]),
        (verdict(Role.WRONG, F, P, fails="first / second"), []),
        (verdict(Role.WRONG, F, F, fails="first / second"), []),
        (verdict(Role.WRONG, P, F, fails="first second / first"), []),
        (verdict(Role.WRONG, P, F, fails="first / second"), ["wrong/some_app: first is passed and must be failed"]),
        (
            verdict(Role.WRONG, F, I, fails="first"),
            ["wrong/some_app: second is inconclusive: another thing"],
        ),
    ],
)
def test_a_verdict_that_is_not_as_it_should_be_is_a_problem(found: Verdict, problems: list[str]) -> None:
    assert verdict_problems(found, CHECKS) == problems


def test_what_may_fail_must_exist_too() -> None:
    app = ReferenceApp(Role.WRONG, Path("some_app.py"), frozenset({"first"}), frozenset({"frist"}))
    assert naming_problems(app, CHECKS) == ["wrong/some_app: its docstring names 'frist'; there is no such check"]


def test_a_later_verdict_names_its_seed_and_what_is_inconclusive_is_none() -> None:
    found = replace(verdict(Role.WRONG, I, F, fails="first"), seed="5eed-2")
    assert later_problems(found, CHECKS) == [
        "wrong/some_app: it fails second, which its docstring does not name: another thing (judged again, seed 5eed-2)"
    ]


def test_a_check_that_no_wrong_app_fails_is_unproven() -> None:
    right = [verdict(Role.STUB, F, F), verdict(Role.VARIANT, F, F)]
    assert unproven(CHECKS, [*right, verdict(Role.WRONG, F, B)]) == ["no wrong app fails second; write one"]
    assert unproven(CHECKS, [verdict(Role.WRONG, F, B), verdict(Role.WRONG, P, F)]) == []
    assert len(unproven(CHECKS, [])) == 2


@pytest.mark.parametrize(
    ("found", "names"),
    [
        (verdict(Role.WRONG, I, B, fails="second"), []),
        (verdict(Role.SOLUTION, P, I), ["first"]),
        (verdict(Role.WRONG, F, I, fails="second"), []),
        (replace(verdict(Role.WRONG, P, P, fails="second", trouble="it does not start: no"), outcomes={}), ["first"]),
        (replace(verdict(Role.VARIANT, P, P, trouble="it does not start: no"), outcomes={}), ["first", "second"]),
    ],
)
def test_a_check_that_could_not_be_run_is_not_called_unproven(found: Verdict, names: list[str]) -> None:
    assert unproven(CHECKS, [found]) == [f"no wrong app fails {name}; write one" for name in names]


def test_a_check_that_is_inconclusive_need_not_be_failed() -> None:
    """That it must be follows only from the fault."""
    for outcomes in ((I, B), (F, I), (P, I)):
        found = verdict_problems(verdict(Role.WRONG, *outcomes, fails="first second"), CHECKS)
        assert [problem for problem in found if problem.endswith("must be failed")] == [
            "wrong/some_app: first is passed and must be failed"
        ] * (outcomes[0] is P)
        assert later_problems(verdict(Role.WRONG, *outcomes, fails="first second"), CHECKS) == [
            "wrong/some_app: first is passed and must be failed (judged again, seed )"
        ] * (outcomes[0] is P)


def test_no_app_may_hide_a_module_of_pythons_own_from_those_beside_it() -> None:
    (problem,) = naming_problems(ReferenceApp(Role.VARIANT, Path("variants/queue.py")), CHECKS)
    assert problem.startswith("variant/queue: it hides Python's own module 'queue'")


@pytest.mark.parametrize(
    ("role", "fails", "problems"),
    [
        (Role.WRONG, {"first"}, []),
        (Role.WRONG, set(), ["wrong/some_app: its docstring must say which checks fail: “Fails: check_id, …”"]),
        (Role.WRONG, {"first", "frist"}, ["wrong/some_app: its docstring names 'frist'; there is no such check"]),
        (Role.VARIANT, set(), []),
        (Role.STUB, set(), []),
    ],
)
def test_a_wrong_app_names_the_checks_that_it_fails(role: Role, fails: set[str], problems: list[str]) -> None:
    assert naming_problems(ReferenceApp(role, Path("some_app.py"), frozenset(fails)), CHECKS) == problems


@pytest.mark.parametrize(
    ("docstring", "fails", "may_fail"),
    [
        ("Buffers.\n\nFails: first", {"first"}, set()),
        ("Fails: first, second", {"first", "second"}, set()),
        ("Buffers.\n\nFails: test_first,\n    test_second,\n    third.", {"first", "second", "third"}, set()),
        ("Races.\n\nFails: first,\n    second\nMay fail: third, test_fourth", {"first", "second"}, {"third", "fourth"}),
        ("Races.\n\nMay fail: third\nFails: first", {"first"}, {"third"}),
        ("It Fails: nothing in particular", set(), set()),
        ("", set(), set()),
    ],
)
def test_the_docstring_of_a_wrong_app_is_read(
    docstring: str, fails: set[str], may_fail: set[str], tmp_path: Path
) -> None:
    kata = read_kata(make_kata(tmp_path))
    shutil.rmtree(kata.solutions / "wrong")
    write(kata.solutions / "wrong" / "one.py", f'"""{docstring}"""\napp = 1')
    app = list(find_reference_apps(kata))[-1]
    assert (set(app.fails), set(app.may_fail)) == (fails, may_fail)


def test_reference_apps_are_found_by_their_places(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    labels = ["stub", "solution", "variant/charset", "wrong/no_items", "wrong/no_type"]
    assert [app.label for app in find_reference_apps(kata)] == labels


def test_a_wrong_app_that_is_no_python_is_told_of(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    write(kata.solutions / "wrong" / "one.py", "def f(:")
    with pytest.raises(BadKata, match=r"wrong/one\.py is not valid Python: invalid syntax"):
        list(find_reference_apps(kata))


def test_the_readme_states_each_check_word_for_word_however_it_is_wrapped(tmp_path: Path) -> None:
    kata = Kata(tmp_path, "Title", tmp_path / "solutions")
    write(kata.readme, "Your server must show that\n\n- the first\n  holds\n- the second  holds\n")
    assert readme_problems(kata, CHECKS) == []
    write(kata.readme, "- the first one holds\n- the second holds")
    assert readme_problems(kata, CHECKS) == [
        "README.md does not state what first grades; write there: “the first holds”"
    ]
    kata.readme.write_bytes(b"- the first holds\n- caf\xe9: the second holds")
    assert readme_problems(kata, CHECKS) == []
    kata.readme.unlink()
    assert len(readme_problems(kata, CHECKS)) == 2


@pytest.mark.parametrize(
    ("source", "text", "stated"),
    [
        ("", "Many callers ask at the same time.", True),
        ("", "Many callers ask at all times.", False),
        ("RFC 9110 8.3", "A sender names the media type.", True),
    ],
)
def test_a_requirement_without_a_source_is_a_sentence_of_the_readme(
    source: str, text: str, stated: bool, tmp_path: Path
) -> None:
    kata = Kata(tmp_path, "Title", tmp_path / "solutions")
    write(kata.readme, "**Many callers** ask\nat the same  time.\n\n- it answers")
    check = Check("answers", "it answers", 1, ("Answer.",), Requirement(source, text))
    problems = readme_problems(kata, [check])
    assert problems == [] if stated else "does not state the requirement of answers" in problems[0]


def test_each_check_states_a_requirement_and_has_a_hint() -> None:
    whole = Check("whole", "it is whole", 1, ("Fill it.",), Requirement("", "It is whole."))
    assert list(undocumented([whole])) == []
    assert list(undocumented([replace(whole, hints=(), requirement=None)])) == [
        "check whole states no requirement; write @check(…, requirement=“a sentence of the README”)",
        "check whole has no hint; write up to three in spec/hints.toml",
    ]


@pytest.mark.parametrize(
    ("roles", "problems"),
    [
        ([Role.VARIANT, Role.WRONG], []),
        ([Role.WRONG], ["there is no variant app"]),
        ([], ["there is no variant app", "there is no wrong app"]),
    ],
)
def test_a_proof_needs_something_to_prove_it_with(roles: list[Role], problems: list[str]) -> None:
    always = [Role.STUB, Role.SOLUTION]
    assert too_few([ReferenceApp(role, Path("app.py")) for role in [*always, *roles]]) == problems


def test_a_kata_without_a_solution_cannot_be_proven(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    kata.solutions.joinpath("app.py").unlink()
    with Pool(1) as pool:
        proof = prove(kata, pool)
    assert proof.problems == (f"there is no solution: write {NAME}/app.py in {tmp_path / 'solutions'}",)


def test_a_pack_without_solutions_says_where_to_prove_its_katas(tmp_path: Path) -> None:
    kata = replace(read_kata(make_kata(tmp_path)), pack="my-course", location="my-course 1.0")
    kata.solutions.joinpath("app.py").unlink()
    with pytest.raises(
        BadKata, match=r"^my-course 1\.0 is a pack without solutions: verify the folder that it was made of$"
    ):
        list(find_reference_apps(kata))


def test_a_sound_kata_is_proven(tmp_path: Path, grade: Grade) -> None:
    make_kata(tmp_path)
    done = grade("verify", "kata-77", cwd=tmp_path)
    assert done.code == 0, done.out
    assert "problem" not in done.out
    assert done.out.endswith("sound and fair\n\n")
    rows = [line.split() for line in done.out.splitlines() if line.startswith(("stub", "sol", "var", "wrong"))]
    assert rows == [
        ["stub", "F", "-"],
        ["solution", ".", "."],
        ["variant/charset", ".", "."],
        ["wrong/no_items", ".", "F"],
        ["wrong/no_type", "F", "-"],
    ]
    assert done.err == ""


def test_an_unsound_kata_is_told_all_that_is_wrong(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    write(kata.solutions / "variants" / "charset.py", STUB)
    write(kata.solutions / "variants" / "wrecked.py", "raise ValueError('no')")
    shutil.copy(kata.solutions / "app.py", kata.solutions / "wrong" / "no_items.py")
    write(kata.readme, "- the answer is JSON\n- FILL IN: the rest")
    write(kata.specification / "hints.toml", '[all_items]\nhints = ["All of them."]')
    told: list[tuple[int, int]] = []
    with Pool(2) as pool:
        proof = prove(kata, pool, seed="5eed", progress=lambda done, total: told.append((done, total)))
    assert list(proof.problems) == [
        "README.md:2: fill in the rest",
        "README.md does not state what all_items grades; write there: "
        "“the answer is all that the upstream gives, in order”",
        "README.md does not state the requirement of all_items: write “the answer is all that the upstream gives, "
        'in order” there, or put the section of a standard before it, as in "RFC 9110 8.3: …"',
        "check is_json has no hint; write up to three in spec/hints.toml",
        "wrong/no_items: its docstring must say which checks fail: “Fails: check_id, …”",
        "wrong/no_items.py is the same app as app.py, but for docstrings and comments, and proves nothing: make the "
        "mistake in the wrong one, or remove it",
        'variant/charset: it is a right app and fails is_json: 200, "text/html"; expected: 200, "application/json"',
        "variant/wrecked: it does not start: wrecked.py raises ValueError while it is imported: no",
        "no wrong app fails all_items; write one",
    ]
    assert told == [(number, 6) for number in range(1, 7)]
