"""Mistakes in the order and the time of the work: all at once, too early, or blocking other requests."""

from __future__ import annotations

import ast

from grader.verify.mutation.operator import Changes, operator
from grader.verify.mutation.source import Edit, Source, called_name

#: An upstream that looks asynchronous and blocks the event loop at every pull.
_BLOCKING = """

class _Blocking:
    def __init__(self, key):
        from grader.kit import blocking_upstream

        self._items = blocking_upstream(key)

    def __aiter__(self):
        return self

    async def __anext__(self):
        for item in self._items:
            return item
        raise StopAsyncIteration

    async def aclose(self):
        self._items.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        self._items.close()
"""
_TO_THREAD = ("to_thread", "run_in_threadpool", "run_sync")


@operator("blocks the event loop at each pull")
def blocking_pull(source: Source) -> Changes:
    for node in source.every(ast.Call):
        if called_name(node) == "upstream":
            yield source.replaced(node.func, "_Blocking"), source.helper(_BLOCKING)


@operator("blocks the event loop while it sleeps")
def blocking_sleep(source: Source) -> Changes:
    for node in source.every(ast.Await):
        if called_name(node.value) == "sleep" and isinstance(node.value, ast.Call):
            yield (source.replaced(node, f"__import__('time').{_call(source, 'sleep', node.value.args)}"),)


@operator("does blocking work on the event loop instead of in a thread")
def thread_dropped(source: Source) -> Changes:
    for node in source.every(ast.Await):
        call = node.value
        if isinstance(call, ast.Call) and called_name(call) in _TO_THREAD and call.args:
            yield (source.replaced(node, _call(source, f"({source.segment(call.args[0])})", call.args[1:])),)


@operator("collects everything before it sends anything")
def collected(source: Source) -> Changes:
    for loop in source.every(ast.AsyncFor):
        everything = f"[_item async for _item in {source.segment(loop.iter)}]"
        header = f"for {source.segment(loop.target)} in {everything}:"
        yield (_header(source, loop, header),)
    for plain in source.every(ast.For):
        if source.is_generator(source.function(plain)) and called_name(plain.iter) not in ("range", "enumerate"):
            header = f"for {source.segment(plain.target)} in list({source.segment(plain.iter)}):"
            yield (_header(source, plain, header),)


@operator("does not limit the size of its queue")
def queue_unbounded(source: Source) -> Changes:
    for node in source.every(ast.Call):
        if called_name(node) in ("Queue", "SimpleQueue") and (node.args or node.keywords):
            yield (source.replaced(node, f"{source.segment(node.func)}()"),)
        if called_name(node) == "create_memory_object_stream":
            yield (source.replaced(node, f"{source.segment(node.func)}(float('inf'))"),)


@operator("starts a task and keeps no reference to it")
def task_forgotten(source: Source) -> Changes:
    for node in source.every(ast.Assign):
        if called_name(node.value) not in ("create_task", "ensure_future") or len(node.targets) != 1:
            continue
        name = source.segment(node.targets[0])
        uses = [use for use in source.every(ast.expr) if source.segment(use) == name and use is not node.targets[0]]
        statements = {_statement(source, use) for use in uses if source.function(use) is source.function(node)}
        if statements and all(isinstance(statement, ast.Expr) for statement in statements):
            yield source.replaced(node, source.segment(node.value)), *map(source.dropped, _in_order(statements))


def _header(source: Source, loop: ast.For | ast.AsyncFor, text: str) -> Edit:
    """The text before the loop's body, up to its colon."""
    start, _ = source.span(loop)
    after = source.span(loop.iter)[1]
    return Edit(start, source.text.index(":", after) + 1, text)


def _call(source: Source, name: str, arguments: list[ast.expr]) -> str:
    return f"{name}({', '.join(source.segment(argument) for argument in arguments)})"


def _statement(source: Source, node: ast.AST) -> ast.stmt:
    return next(above for above in source.ancestors(node) if isinstance(above, ast.stmt))


def _in_order(statements: set[ast.stmt]) -> list[ast.stmt]:
    return sorted(statements, key=lambda statement: statement.lineno)
