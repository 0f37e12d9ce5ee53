"""A change to the tree is a small change to the text, whatever stands around it."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.verify.mutation.source import Edit, Source, called_name

TEXT = '''"""A docstring."""

async def stream(key: str):  # é and 🦊 before what is changed
    été = ["🦊", "é"]; yield "data: x\\n\\n"
    with open(key) as file:
        for line in file:
            yield line

def plain():
    def inner():
        yield 1
    return inner
'''


def only(source: Source, kind: type[ast.AST], text: str) -> ast.expr:
    [found] = [node for node in source.every(kind) if isinstance(node, ast.expr) and source.segment(node) == text]
    return found


def test_columns_count_characters_where_the_tree_counts_bytes() -> None:
    source = Source(TEXT)
    event = only(source, ast.Constant, r'"data: x\n\n"')
    assert source.edited(source.replaced(event, "b''")) == TEXT.replace(r'"data: x\n\n"', "b''")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_line_ends_stay_as_they_are(ends: str) -> None:
    text = TEXT.replace("\n", ends)
    source = Source(text)
    assert source.segment(only(source, ast.Name, "été")) == "été"
    assert source.edited() == text


def test_several_edits_do_not_shift_each_other() -> None:
    source = Source("a = 1\nb = 2\n")
    first, second = source.every(ast.Constant)
    assert source.edited(source.replaced(first, "100"), source.replaced(second, "")) == "a = 100\nb = \n"


@given(st.lists(st.sampled_from(["é = 1", "x = '🦊'", "yield", "pass", "y = [1, 'ß']"]), min_size=1))
def test_every_span_holds_its_own_text(lines: list[str]) -> None:
    source = Source("def f():\n" + "".join(f"    {line}\n" for line in lines))
    for statement, line in zip(next(iter(source.every(ast.FunctionDef))).body, lines, strict=True):
        assert source.segment(statement) == line


def test_a_dropped_statement_keeps_a_generator_one() -> None:
    source = Source("def f():\n    yield 1\n\ndef g():\n    print(1)\n")
    dropped = [source.edited(source.dropped(statement)) for statement in source.every(ast.Expr)]
    assert ["if False: yield\n" in text for text in dropped] == [True, False]
    assert all(compile(text, "it", "exec") for text in dropped)


def test_a_function_is_a_generator_by_its_own_yields_only() -> None:
    source = Source(TEXT)
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*source.every(ast.AsyncFunctionDef)]
    functions += source.every(ast.FunctionDef)
    assert {node.name: source.is_generator(node) for node in functions} == {
        "stream": True,
        "plain": False,
        "inner": True,
    }
    assert not source.is_generator(None)


def test_docstrings_are_told_from_other_strings() -> None:
    source = Source(TEXT)
    strings = [node for node in source.every(ast.Constant) if isinstance(node.value, str)]
    assert [node.value for node in strings if source.is_docstring(node)] == ["A docstring."]


def test_what_is_no_python_is_no_source() -> None:
    with pytest.raises(SyntaxError):
        Source("def")


@pytest.mark.parametrize(
    ("call", "name"), [("f()", "f"), ("a.b.f(1)", "f"), ("f", ""), ("f()()", ""), ("(lambda: 1)()", "")]
)
def test_a_call_is_named_by_its_last_name(call: str, name: str) -> None:
    assert called_name(ast.parse(call, mode="eval").body) == name


def test_an_edit_between_takes_all_that_is_between() -> None:
    source = Source("f(a=1,   b=2)")
    first, last = source.every(ast.keyword)
    assert source.edited(source.between(first, last, "")) == "f()"
    assert source.between(first, last, "") == Edit(2, 12, "")
