"""A mistake that is made only sometimes: under which conditions, and where."""

from __future__ import annotations

import pytest

from grader.verify.mutation.conditions import CONDITIONS
from grader.verify.mutation.mutant import mutants
from grader.verify.mutation.operators import OPERATORS
from grader.verify.mutation.source import Source


def sometimes(name: str, operator: str, text: str) -> list[str]:
    """What the condition of this name makes of the changes of an operator."""
    (condition,) = [each for each in CONDITIONS if each.name == name]
    (always,) = [each for each in OPERATORS if each.name == operator]
    source = Source(text)
    return [source.edited(*edits) for change in always.changes(source) for edits in condition.applied(source, change)]


@pytest.mark.parametrize(
    ("name", "operator", "right", "wrong"),
    [
        (
            "with-a-flag",
            "send-dropped",
            "def f(a):\n    if a.b:\n        g()\n    yield 1",
            [
                "def f(a):\n    if a.b:\n        g()\n    if (a.b): pass\n    else: yield 1",
                "def f(a):\n    if a.b:\n        g()\n    if not (a.b): pass\n    else: yield 1",
            ],
        ),
        (
            "with-a-flag",
            "content-constant",
            'def f(a):\n    if a: g({"a": h})\n    return {"a": h}',
            [
                'def f(a):\n    if a: g({"a": h})\n    return {"a": (("constant") if (a) else (h))}',
                'def f(a):\n    if a: g({"a": h})\n    return {"a": (("constant") if not (a) else (h))}',
            ],
        ),
        ("with-a-flag", "content-constant", 'def f(a):\n    if a: return 1\n    return {"a": h}', []),
        ("with-a-flag", "content-constant", 'def f(a):\n    if g(a): return 1\n    return {"a": h}', []),
        ("with-a-flag", "content-constant", 'def f(a):\n    if b: return 1\n    return {"a": h}', []),
        (
            "past-many-items",
            "entry-dropped",
            'def f():\n    while a:\n        n += 1\n    yield {"n": n}',
            ['def f():\n    while a:\n        n += 1\n    yield (({**{}}) if n > 100 else ({"n": n}))'],
        ),
        ("past-many-items", "entry-dropped", 'def f():\n    yield {"n": n}\n    while a:\n        n += 1', []),
        ("past-many-items", "entry-dropped", 'def f():\n    n += 1\n    yield {"n": n}', []),
        ("past-many-items", "item-skipped", "def f():\n    for x in upstream(key):\n        n += 1", []),
        (
            "past-many-items",
            "repr-for-json",
            "def f():\n    for n in range(3): yield f'{dumps(n)}'",
            ["def f():\n    for n in range(3): yield ((f'{str(n)}') if n > 100 else (f'{dumps(n)}'))"],
        ),
        (
            "past-many-items",
            "repr-for-json",
            "def f():\n    for n, x in enumerate(xs, 1): yield dumps(x)",
            ["def f():\n    for n, x in enumerate(xs, 1): yield ((str(x)) if n > 100 else (dumps(x)))"],
        ),
        (
            "with-no-items",
            "send-dropped",
            "async def f():\n    while a: n = n + 1\n    await send(n)",
            ["async def f():\n    while a: n = n + 1\n    if n == 0: pass\n    else: await send(n)"],
        ),
        ("with-no-items", "send-dropped", "def f():\n    for n in range(3): yield 1", []),
        ("with-no-items", "send-dropped", "def f(a):\n    for n in range(1, a + 1): yield 1", []),
        (
            "with-no-items",
            "send-dropped",
            "def f():\n    while x: n, x = n + 1, g()\n    yield 1",
            ["def f():\n    while x: n, x = n + 1, g()\n    if n == 0: pass\n    else: yield 1"],
        ),
        (
            "for-an-empty-item",
            "off-by-one",
            "def f():\n    for x in xs:\n        n += 1\n    n += 1",
            ["def f():\n    for x in xs:\n        n += ((2) if x == '' else (1))\n    n += 1"],
        ),
        (
            "after-the-first-time",
            "status-changed",
            "def f(): return R(200)",
            ["def f(): return R(((201) if next(_TIMES) > 0 else (200)))\n\n_TIMES = __import__('itertools').count()\n"],
        ),
        ("for-an-empty-item", "off-by-one", "def f():\n    for x in events(xs):\n        n += 1", []),
        ("for-an-empty-item", "off-by-one", "def f():\n    for x in xs:\n        n += 1; g(x.type)", []),
        ("for-an-empty-item", "off-by-one", "def f():\n    for x in xs:\n        n += 1; g(x['a'])", []),
        (
            "for-an-empty-item",
            "off-by-one",
            "def f():\n    for x in g(upstream(key)):\n        n += 1",
            ["def f():\n    for x in g(upstream(key)):\n        n += ((2) if x == '' else (1))"],
        ),
        ("for-an-empty-item", "item-skipped", "def f():\n    for x in upstream(key):\n        n += 1", []),
        ("after-the-first-time", "status-changed", "R(200)", []),
        ("after-the-first-time", "default-flipped", "def f(a=True): return 1", []),
        ("after-the-first-time", "finally-dropped", "def f():\n    try: a()\n    finally: b(); c()", []),
    ],
)
def test_a_change_is_made_only_under_a_condition(name: str, operator: str, right: str, wrong: list[str]) -> None:
    assert sometimes(name, operator, right) == wrong


APP = """
def events(items, flag):
    if flag:
        note()
    count = 0
    for item in items:
        yield {"count": count, "text": item}
        count += 1
    yield {"count": count}
"""


def test_each_place_gets_one_change_for_each_condition() -> None:
    found = [each for each in mutants("solution", APP) if each.operator == "past-many-items"]
    assert [[line for line in each.diff.splitlines() if line[0] == "+"] for each in found][:2] == [
        ["+        if count > 100: pass", '+        else: yield {"count": count, "text": item}'],
        ["+    if count > 100: pass", '+    else: yield {"count": count}'],
    ]


def test_a_mutant_names_the_one_that_makes_the_mistake_always() -> None:
    found = {each.id: each for each in mutants("solution", APP)}
    for each in found.values():
        if each.base:
            assert each.mistake.startswith(found[each.base].mistake)
    assert any(each.base for each in found.values())


def test_a_condition_that_says_nothing_of_the_style_is_tried_in_the_first_app_only() -> None:
    other = APP.replace("items", "others")
    assert "after-the-first-time" in {each.operator for each in mutants("solution", APP)}
    assert "after-the-first-time" not in {each.operator for each in mutants("variant/other", other, beside=[APP])}


def test_a_tidied_text_is_not_tried_for_an_empty_item() -> None:
    found = [each for each in mutants("solution", APP) if each.operator == "for-an-empty-item"]
    assert found
    assert not [each for each in found if "strip" in each.diff]


def test_each_condition_has_words() -> None:
    assert all(condition.words[0].islower() and condition.words[-1] != "." for condition in CONDITIONS)
