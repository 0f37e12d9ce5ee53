"""All mutants of a module: each once, each still Python, each with a name that stays."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.verify.mutation.mutant import mutants

APP = """
def events(items):
    for number, item in enumerate(items):
        yield f"id: {number}\\ndata: {item}\\n\\n"
    yield "data: end\\n\\n"
"""


def test_a_mutant_shows_its_change_and_nothing_else() -> None:
    found = next(mutant for mutant in mutants("solution", APP) if mutant.operator == "off-by-one")
    assert found.mistake == "counts one too few or too many"
    assert [line for line in found.diff.splitlines() if line[0] in "+-"] == [
        "-    for number, item in enumerate(items):",
        "+    for number, item in enumerate(items, 1):",
    ]
    assert found.text == APP.replace("enumerate(items)", "enumerate(items, 1)")


def test_a_class_that_a_mutant_needs_is_no_part_of_what_is_shown() -> None:
    text = "items = upstream(key)\n" + "more = 1\n" * 9
    (found,) = (each for each in mutants("solution", text) if each.operator == "blocking-pull")
    changes = [line for line in found.diff.splitlines() if line[0] in "+-"]
    assert changes == ["-items = upstream(key)", "+items = _Blocking(key)"]
    assert "class _Blocking" in found.text


def test_each_change_is_made_once_and_still_is_python() -> None:
    found = list(mutants("solution", APP))
    assert len({mutant.text for mutant in found}) == len(found) > 10
    assert all(ast.parse(mutant.text) for mutant in found)
    assert APP not in {mutant.text for mutant in found}


def test_names_stay_when_something_else_in_the_module_changes() -> None:
    before = {mutant.id for mutant in mutants("solution", APP)}
    later = {mutant.id for mutant in mutants("solution", '"""A docstring."""\n' + APP + "\nx = 1 + 1\n")}
    assert before < later
    assert before.isdisjoint(mutant.id for mutant in mutants("variant/other", APP))


def test_twins_have_names_of_their_own() -> None:
    twins = "def f():\n    yield 'data: a'\n    yield 'data: a'\n"
    found = list(mutants("solution", twins))
    assert len({mutant.id for mutant in found}) == len(found)


def test_what_stands_in_an_earlier_app_is_not_changed_again() -> None:
    other = APP.replace('    yield "data: end', '    yield "data: over')
    found = list(mutants("variant/other", other, beside=[APP]))
    removed = {line for mutant in found for line in mutant.diff.splitlines() if line.startswith("-")}
    assert removed == {'-    yield "data: over\\n\\n"'}


def _katas() -> Iterator[object]:
    """Making all mutants of a kata takes up to 15 seconds, so only one of them is in every run of the tests."""
    for kata in bundled():
        yield pytest.param(kata, id=kata.id, marks=() if kata.id == "kata-1" else pytest.mark.long)


@pytest.mark.parametrize("kata", list(_katas()))
def test_the_katas_give_enough_of_them(kata: Kata) -> None:
    from grader.verify.survival import mutants_of

    found = list(mutants_of(kata))
    assert len({mutant.id for mutant in found}) == len(found) > 300
    assert len({mutant.operator for mutant in found}) > 20
