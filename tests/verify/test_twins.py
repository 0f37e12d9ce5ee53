"""Reference apps that are the same app prove nothing beside each other."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.catalog.kata import Kata, read_kata
from grader.catalog.packs import bundled
from grader.pool.pool import Pool
from grader.verify.proof import prove
from grader.verify.reference import find_reference_apps
from grader.verify.twins import twins
from tests.small_kata import NO_TYPE, SOLUTION, STUB, VARIANT, make_kata, write

OTHER = '"""The same in other words.\n\nFails: is_json\n"""\n'


def found(kata: Kata) -> list[str]:
    return list(twins(kata, find_reference_apps(kata)))


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        (
            "wrong/type_left_out.py",
            NO_TYPE,
            "wrong/type_left_out.py is the same app as wrong/no_type.py, but for docstrings and comments, and proves "
            "nothing: make another mistake in one of them, or remove one",
        ),
        (
            "variants/another.py",
            VARIANT,
            "variants/charset.py is the same app as variants/another.py, but for docstrings and comments, and proves "
            "nothing: write one of them in another style, or remove one",
        ),
        (
            "variants/another.py",
            SOLUTION,
            "variants/another.py is the same app as app.py, but for docstrings and comments, and proves nothing: write "
            "one of them in another style, or remove one",
        ),
        (
            "wrong/no_mistake.py",
            VARIANT,
            "wrong/no_mistake.py is the same app as variants/charset.py, but for docstrings and comments, and proves "
            "nothing: make the mistake in the wrong one, or remove it",
        ),
        ("wrong/another.py", NO_TYPE.replace("key =", "name =").replace("(key)", "(name)"), ""),
        ("wrong/nothing.py", STUB, ""),
    ],
    ids=["two wrong", "two variants", "the solution", "right and wrong", "other names", "the stub"],
)
def test_an_app_that_is_the_same_as_another_is_a_problem(file: str, text: str, problem: str, tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    assert found(kata) == []
    write(kata.solutions / file, "# A comment.\n" + textwrap.dedent(text))
    assert found(kata) == [problem] * bool(problem)


def test_each_of_several_is_compared_with_the_first(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    for name in ("other", "third"):
        write(kata.solutions / "wrong" / f"{name}.py", "")
        (kata.solutions / "wrong" / f"{name}.py").write_bytes((kata.solutions / "wrong" / "no_type.py").read_bytes())
    assert [problem.partition(", but")[0] for problem in found(kata)] == [
        "wrong/other.py is the same app as wrong/no_type.py",
        "wrong/third.py is the same app as wrong/no_type.py",
    ]


def test_apps_that_are_not_valid_python_are_compared_by_their_bytes(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    write(kata.solutions / "variants" / "one.py", "def f(:")
    write(kata.solutions / "variants" / "two.py", "def g(:")
    assert found(kata) == []
    write(kata.solutions / "variants" / "two.py", "def f(:")
    assert len(found(kata)) == 1


def test_the_proof_has_the_problem(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    write(kata.solutions / "wrong" / "other.py", OTHER)
    with (kata.solutions / "wrong" / "other.py").open("a") as file:
        file.write((kata.solutions / "wrong" / "no_type.py").read_text())
    with Pool(2) as pool:
        (problem,) = prove(kata, pool).problems
    assert problem.startswith("wrong/other.py is the same app as wrong/no_type.py")


def _katas() -> Iterator[object]:
    for kata in bundled():
        yield pytest.param(kata, id=kata.id)


@pytest.mark.parametrize("kata", list(_katas()))
def test_no_app_of_the_katas_is_the_same_as_another(kata: Kata) -> None:
    assert found(kata) == []
