"""Mistakes in how a stream ends: normally, by a failure, or because the client has disconnected."""

from __future__ import annotations

import ast

from grader.verify.mutation.operator import Changes, operator
from grader.verify.mutation.source import Edit, Source, called_name

_CLOSING = ("aclose", "close", "shutdown", "put_nowait")
_CANCELLATION = ("CancelledError", "GeneratorExit", "BaseException", "ClientDisconnect", "get_cancelled_exc_class")


@operator("does not clean up")
def finally_dropped(source: Source) -> Changes:
    for node in source.every(ast.Try):
        if node.finalbody:
            yield (source.between(node.finalbody[0], node.finalbody[-1], "pass"),)


@operator("opens a context that it never closes")
def context_dropped(source: Source) -> Changes:
    blocks: list[ast.With | ast.AsyncWith] = [*source.every(ast.AsyncWith), *source.every(ast.With)]
    for node in blocks:
        if len(node.items) != 1:
            continue
        item = node.items[0]
        opened = source.segment(item.context_expr)
        named = f"{source.segment(item.optional_vars)} := " if isinstance(item.optional_vars, ast.Name) else ""
        start, _ = source.span(node)
        after = source.span(item.optional_vars or item.context_expr)[1]
        end = source.text.index(":", after) + 1
        yield (Edit(start, end, f"if ({named}{opened}) is not None:"),)


@operator("does not close a stream at the end of its block")
def closing_dropped(source: Source) -> Changes:
    for node in source.every(ast.Call):
        if called_name(node) in ("aclosing", "closing"):
            yield (source.replaced(node.func, "__import__('contextlib').nullcontext"),)


@operator("does not close what it has opened")
def close_dropped(source: Source) -> Changes:
    for node in source.every(ast.Expr):
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if called_name(call) in _CLOSING:
            yield (source.dropped(node),)


@operator("does not cancel its task")
def cancel_dropped(source: Source) -> Changes:
    for node in source.every(ast.Expr):
        if called_name(node.value) in ("cancel", "set"):
            yield (source.dropped(node),)


@operator("goes on when it is cancelled")
def cancellation_swallowed(source: Source) -> Changes:
    for handler in source.every(ast.ExceptHandler):
        if _catches_cancellation(source, handler):
            for node in (node for node in ast.walk(handler) if isinstance(node, ast.Raise)):
                yield (source.replaced(node, "pass"),)


@operator("takes every exception for the one that it expects, cancellation too")
def except_widened(source: Source) -> Changes:
    for handler in source.every(ast.ExceptHandler):
        if handler.type is not None and not _catches_cancellation(source, handler):
            yield (source.replaced(handler.type, "BaseException"),)


@operator("does not expect the exception")
def except_dropped(source: Source) -> Changes:
    for handler in source.every(ast.ExceptHandler):
        if handler.type is not None:
            yield (source.replaced(handler.type, "ZeroDivisionError"),)


@operator("does not check whether the client is still connected")
def disconnect_ignored(source: Source) -> Changes:
    for node in source.every(ast.Await):
        if called_name(node.value) == "is_disconnected":
            yield (source.replaced(node, "False"),)
    for constant in source.every(ast.Constant):
        if constant.value == "http.disconnect":
            yield (source.replaced(constant, '"http.never"'),)


@operator("goes on after the end of a stream")
def return_dropped(source: Source) -> Changes:
    for node in source.every(ast.Return):
        if node.value is None:
            yield (source.dropped(node),)


def _catches_cancellation(source: Source, handler: ast.ExceptHandler) -> bool:
    caught = source.segment(handler.type) if handler.type is not None else "BaseException"
    return any(name in caught for name in _CANCELLATION)
