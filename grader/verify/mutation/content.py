"""Mistakes in what is sent: left out, out of order, miscounted, made up, or with another status."""

from __future__ import annotations

import ast
import itertools

from grader.verify.mutation.operator import Changes, operator
from grader.verify.mutation.source import Edit, Source, called_name

_COMPARISONS = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "=="}
_SENDS = ("send", "put", "put_nowait", "write", "append")


@operator("leaves out something that it should send")
def send_dropped(source: Source) -> Changes:
    for node in source.every(ast.Expr):
        if is_send(node):
            yield (source.dropped(node),)


@operator("sends two things in the wrong order")
def sends_swapped(source: Source) -> Changes:
    for block in source.blocks():
        for first, second in itertools.pairwise(block):
            if is_send(first) and is_send(second):
                yield source.replaced(first, source.segment(second)), source.replaced(second, source.segment(first))


@operator("counts one too few or too many")
def off_by_one(source: Source) -> Changes:
    for node in source.every(ast.BinOp):
        if isinstance(node.op, ast.Add | ast.Sub) and _is_one(node.right):
            yield (source.replaced(node, source.segment(node.left)),)
    for step in source.every(ast.AugAssign):
        if isinstance(step.op, ast.Add | ast.Sub) and _is_one(step.value):
            yield (source.replaced(step.value, "2"),)
    for call in source.every(ast.Call):
        yield from _miscounted(source, call)
    for constant in source.every(ast.Constant):
        if constant.value == 100 and type(constant.value) is int:
            yield (source.replaced(constant, "99"),)


def _miscounted(source: Source, call: ast.Call) -> Changes:
    match called_name(call), call.args, call.keywords:
        case "enumerate", [items], []:
            yield (source.replaced(call, f"enumerate({source.segment(items)}, 1)"),)
        case "enumerate", [items, *_], _:
            yield (source.replaced(call, f"enumerate({source.segment(items)})"),)
        case "range", [*_, stop], []:
            yield (source.replaced(stop, f"{source.segment(stop)} + 1"),)
        case "len", [_], []:
            yield (source.replaced(call, f"({source.segment(call)} + 1)"),)


@operator("compares the other way")
def comparison_changed(source: Source) -> Changes:
    for node in source.every(ast.Compare):
        wrong = _COMPARISONS.get(type(node.ops[0]))
        if wrong and len(node.ops) == 1:
            start, end = source.span(node.left)[1], source.span(node.comparators[0])[0]
            yield (Edit(start, end, f" {wrong} "),)


@operator("does the opposite of what a condition says")
def condition_negated(source: Source) -> Changes:
    branches: list[ast.If | ast.IfExp] = [*source.every(ast.If), *source.every(ast.IfExp)]
    for node in branches:
        yield (source.replaced(node.test, f"(not ({source.segment(node.test)}))"),)


@operator("takes any text for a boolean: “false” is true")
def boolean_as_text(source: Source) -> Changes:
    for argument in source.every(ast.arg):
        if isinstance(argument.annotation, ast.Name) and argument.annotation.id == "bool":
            yield (source.replaced(argument.annotation, "str"),)
    for field in source.every(ast.AnnAssign):
        if isinstance(field.annotation, ast.Name) and field.annotation.id == "bool":
            yield (source.replaced(field.annotation, "str"),)


@operator("has the other default")
def default_flipped(source: Source) -> Changes:
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*source.every(ast.FunctionDef)]
    for function in (*functions, *source.every(ast.AsyncFunctionDef)):
        for default in (*function.args.defaults, *function.args.kw_defaults):
            if isinstance(default, ast.Constant) and isinstance(default.value, bool):
                yield (source.replaced(default, str(not default.value)),)
    for field in source.every(ast.AnnAssign):
        if isinstance(field.value, ast.Constant) and isinstance(field.value.value, bool):
            yield (source.replaced(field.value, str(not field.value.value)),)


@operator("responds with another status")
def status_changed(source: Source) -> Changes:
    for node in source.every(ast.Constant):
        if type(node.value) is int and 200 <= node.value < 600:
            yield (source.replaced(node, "201" if node.value < 300 else "500" if node.value != 500 else "400"),)


@operator("sends a constant instead of a computed value")
def content_constant(source: Source) -> Changes:
    for node in source.every(ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None and not isinstance(value, ast.Constant):
                yield (source.replaced(value, '"constant"'),)


@operator("sends another constant")
def content_changed(source: Source) -> Changes:
    for node in source.every(ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None and isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield (source.replaced(value, repr(f"{value.value}x")),)


@operator("leaves out a member of an object, or a header field")
def entry_dropped(source: Source) -> Changes:
    for node in source.every(ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                yield (source.between(key, value, "**{}"),)


def is_send(statement: ast.stmt) -> bool:
    """Whether a statement only yields something, or gives it to a function that sends."""
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    return isinstance(value, ast.Yield | ast.YieldFrom) or called_name(value) in _SENDS


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1 and type(node.value) is int
