"""Mistakes in how a text is handed on: what a client or the upstream sent is tidied up on its way."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.verify.mutation.operator import Changes, operator
from grader.verify.mutation.source import Source, called_name

#: These only look at a text.
_LOOKS = ("isinstance", "len", "bool", "print", "type", "id")
_PULLS = ("anext", "next", "get", "result")


def _handed_on(source: Source) -> Iterator[ast.expr]:
    """Each place where a text goes on: into an object, a list or a call."""
    names, fields = _texts(source)
    for value in source.every(ast.expr):
        match value:
            case ast.Name(id=name, ctx=ast.Load()) if name in names and _is_handed_on(source, value):
                yield value
            case ast.Attribute(attr=name, ctx=ast.Load()) if name in fields and _is_handed_on(source, value):
                yield value
            case ast.Await(value=called) if called_name(called) in _PULLS and _is_handed_on(source, value):
                yield value
            case ast.Call() if called_name(value) == "result" and _is_handed_on(source, value):
                yield value


def _is_handed_on(source: Source, value: ast.expr) -> bool:
    match source.parent(value):
        case ast.Call(args=arguments) as call:
            return value in arguments and called_name(call) not in _LOOKS
        case ast.Dict(values=entries) | ast.List(elts=entries) | ast.Tuple(elts=entries):
            return value in entries
        case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part) | ast.keyword(value=part) | ast.Yield(value=part):
            return part is value
    return False


def _texts(source: Source) -> tuple[set[str], set[str]]:
    """The names of texts, and the names of fields with texts: by their annotations, or because they are items."""
    names = {argument.arg for argument in source.every(ast.arg) if _is_text(argument.annotation)}
    fields: set[str] = set()
    for field in source.every(ast.AnnAssign):
        if isinstance(field.target, ast.Name) and _is_text(field.annotation):
            (fields if isinstance(source.parent(field), ast.ClassDef) else names).add(field.target.id)
    for method in source.every(ast.FunctionDef):
        if _is_text(method.returns) and isinstance(source.parent(method), ast.ClassDef):
            fields.add(method.name)
    return names | set(_items(source)), fields


def _is_text(annotation: ast.expr | None) -> bool:
    return annotation is not None and ast.unparse(annotation) in ("str", "str | None")


def _items(source: Source) -> Iterator[str]:
    """The targets of loops over items, and what a pull or a queue is assigned to."""
    loops: list[ast.AsyncFor | ast.For | ast.comprehension] = [*source.every(ast.AsyncFor), *source.every(ast.For)]
    loops += source.every(ast.comprehension)
    for loop in loops:
        if called_name(loop.iter) not in ("range", "enumerate") and isinstance(loop.target, ast.Name):
            yield loop.target.id
    for node in source.every(ast.Assign):
        called = node.value.value if isinstance(node.value, ast.Await) else node.value
        if called_name(called) in _PULLS and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id


def _changed(source: Source, *forms: str) -> Changes:
    for form in forms:
        for value in _handed_on(source):
            text = source.segment(value)
            yield (source.replaced(value, form.format(f"({text})" if isinstance(value, ast.Await) else text)),)


@operator("strips a text")
def text_stripped(source: Source) -> Changes:
    yield from _changed(source, "{}.strip()")


@operator("folds a text to lower case")
def text_folded(source: Source) -> Changes:
    yield from _changed(source, "{}.lower()")


@operator("normalises a text")
def text_normalised(source: Source) -> Changes:
    yield from _changed(source, "__import__('unicodedata').normalize('NFC', {})")


@operator("cuts a long text")
def text_cut(source: Source) -> Changes:
    yield from _changed(source, "{}[:4096]")


@operator("replaces characters of a text")
def text_replaced(source: Source) -> Changes:
    yield from _changed(source, "{}.replace('\\r\\n', '\\n')", "{}.replace('\\0', '')", "__import__('html').escape({})")
