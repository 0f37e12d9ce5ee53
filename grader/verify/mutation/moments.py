"""Mistakes in when something is done: in the wrong order, unprotected, later; and counters that begin again."""

from __future__ import annotations

import ast
import itertools

from grader.verify.mutation.content import is_send
from grader.verify.mutation.operator import Changes, operator
from grader.verify.mutation.source import Edit, Source, called_name

_CLOSING = ("aclose", "close", "shutdown", "cancel")
_SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign)


@operator("does two things in the wrong order")
def statements_swapped(source: Source) -> Changes:
    for block in source.blocks():
        for first, second in itertools.pairwise(block):
            if _depend(first, second) and source.function(first) is not None:
                yield source.replaced(first, source.segment(second)), source.replaced(second, source.segment(first))


def _depend(first: ast.stmt, second: ast.stmt) -> bool:
    """Whether one of two simple statements counts or closes, and the other one sends or uses the count."""
    if not isinstance(first, _SIMPLE) or not isinstance(second, _SIMPLE) or (is_send(first) and is_send(second)):
        return False
    return any(
        (is_send(other) and _closes(one)) or bool(_counted(one) & _names(other))
        for one, other in ((first, second), (second, first))
    )


def _closes(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    return called_name(value) in _CLOSING


def _counted(statement: ast.stmt) -> set[str]:
    """What a statement changes, and does not set for the first time."""
    stored = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    loaded = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return stored if isinstance(statement, ast.AugAssign) else stored & loaded


def _names(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


@operator("does something before it is ready for a failure")
def try_narrowed(source: Source) -> Changes:
    for node in source.every(ast.Try):
        first = node.body[0]
        if len(node.body) > 1 and node.handlers and isinstance(first, _SIMPLE):
            start = source.span(node)[0]
            before = Edit(start, start, source.segment(first) + source.separator(node))
            yield before, source.replaced(first, "pass")


@operator("expects only some of the exceptions that come")
def except_narrowed(source: Source) -> Changes:
    for handler in source.every(ast.ExceptHandler):
        match handler.type:
            case ast.Tuple(elts=[_, _, *_] as kinds):
                for kind in kinds:
                    yield (source.replaced(handler.type, source.segment(kind)),)
            case ast.Name(id="Exception" | "BaseException"):
                yield (source.replaced(handler.type, "ValueError"),)


@operator("closes later than it should")
def close_delayed(source: Source) -> Changes:
    for node in source.every(ast.Expr):
        if _closes(node):
            start, function = source.span(node)[0], source.function(node)
            waits = isinstance(function, ast.AsyncFunctionDef)
            rest = "await __import__('asyncio').sleep(1)" if waits else "__import__('time').sleep(1)"
            yield (Edit(start, start, rest + source.separator(node)),)


@operator("counts in a circle")
def counter_wraps(source: Source) -> Changes:
    for size in (10, 100, 256):
        for step in source.every(ast.AugAssign):
            if isinstance(step.op, ast.Add) and _is_one(step.value):
                name = source.segment(step.target)
                yield (source.replaced(step, f"{name} = ({name} + 1) % {size}"),)
        for node in source.every(ast.BinOp):
            if isinstance(node.op, ast.Add) and _is_one(node.right) and source.function(node) is not None:
                yield (source.replaced(node, f"({source.segment(node)}) % {size}"),)


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1 and type(node.value) is int
