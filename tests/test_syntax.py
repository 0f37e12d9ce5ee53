"""The normal form of a module: what is equal in it, and what is not."""

from __future__ import annotations

import textwrap

import pytest

from grader.syntax import exact_form, normal_form
from tests.conftest import ROOT

SOURCE = '''
    """A module."""
    from fastapi import FastAPI
    from grader.kit import upstream

    app = FastAPI()

    @app.get("/chat")
    async def chat(key: str, stream: bool = False):
        """Streams."""
        total = 0
        async for item in upstream(key):  # one by one
            total += len(item)
            yield f"data: {item}\\n\\n"
        yield f"data: {total}\\n\\n"
'''


def form(source: str) -> str:
    return normal_form(textwrap.dedent(source).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("total", "characters"),
        ("async def chat(", "async def responds(  "),
        ("  # one by one", ""),
        ('"""Streams."""', '"""Something else."""'),
        ("key: str", "key"),
        ("(key", "(name"),
        ('"/chat"', "'/chat'"),
    ],
)
def test_names_comments_and_layout_make_no_difference(old: str, new: str) -> None:
    changed = SOURCE.replace(old, new) if old != "(key" else SOURCE.replace("key", "name")
    assert changed != SOURCE
    assert form(changed) == form(SOURCE) != ""


@pytest.mark.parametrize(
    ("old", "new"),
    [("= 0", "= 1"), ('"/chat"', '"/talk"'), ("+=", "-="), ("len(item)", "sum(item)"), ("app.get", "app.post")],
)
def test_what_it_does_makes_a_difference(old: str, new: str) -> None:
    assert form(SOURCE.replace(old, new)) != form(SOURCE)


def test_one_name_is_not_taken_for_another() -> None:
    assert form(SOURCE.replace("{total}", "{key}")) != form(SOURCE)


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"x = 1",
        b"def f(:",
        b"\xff\xfe",
        b"x = 1\0",
        b"(" * 5000 + b")" * 5000,
        b"-" * 100_000 + b"1",
        b"x = " + b"a." * 60_000 + b"b",
        b"x = " + b"[" * 90 + b"1" + b"]" * 90,
        b"if x:\n" + b"".join(b" " * n + b"if x:\n" for n in range(1, 99)),
        b"x = 1\n" * 100_000,
        b"".join(b"lambda: " for _ in range(9000)) + b"1",
        b"x = 1\n" * 100 + b"x = 0x" + b"f" * 6000,
        b"x = 1\n" * 100 + b"x = " + b"9" * 6000,
    ],
    ids=range(14),
)
def test_what_cannot_be_compared_has_no_form(source: bytes) -> None:
    assert normal_form(source) in ("", normal_form(source))


def test_deep_and_broken_modules_are_not_read() -> None:
    assert (
        normal_form(b"(" * 5000) == normal_form(b"def f(:") == normal_form(b"x = 1") == normal_form(b"\xff\xfe") == ""
    )


def test_numbers_of_any_length_are_compared() -> None:
    """Python writes none as decimal digits that has more than some thousands of them."""
    one, other, longer = (
        form(f"{SOURCE}\n    x = 0x{digits}") for digits in ("f" * 6000, "f" * 5999 + "e", "f" * 6001)
    )
    assert len({one, other, longer, form(SOURCE), ""}) == 5


def test_different_solutions_of_a_kata_have_different_forms() -> None:
    files = sorted(ROOT.glob("solutions/kata-1-*/variants/*.py"))
    forms = [normal_form(file.read_bytes()) for file in files]
    assert len(set(forms)) == len(files) > 5


@pytest.mark.parametrize(
    ("old", "new", "is_equal"),
    [
        ("  # one by one", "", True),
        ('"""Streams."""', '"""Something else."""', True),
        ('"/chat"', "'/chat'", True),
        ("async def chat(", "async def chat(  ", True),
        ("total", "characters", False),
        ("key: str", "key: int", False),
        ("= 0", "= 1", False),
    ],
)
def test_in_the_exact_form_names_and_annotations_count(old: str, new: str, is_equal: bool) -> None:
    """A framework reads both: they decide what the app takes from a request."""
    first, second = (exact_form(textwrap.dedent(source).encode()) for source in (SOURCE, SOURCE.replace(old, new)))
    assert (first == second, "" in (first, second)) == (is_equal, False)


def test_the_exact_form_is_of_small_modules_too_but_not_of_broken_ones() -> None:
    assert exact_form(b"x = 1") == exact_form(b"x = 1  # one") != exact_form(b"x = 2")
    assert exact_form(b"def f(:") == ""
