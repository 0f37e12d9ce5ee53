"""Mistakes that only show with more than one request: they wait for each other, or share what each must own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.verify.mutation.operator import Changes, operator
from grader.verify.mutation.source import Edit, Source

#: Two servers around an app. Ids of mutants depend on their text.
_AROUND = """class _Around:
    def __init__(self, app, places=1000, before="", blocks=False):
        self._app, self._places = app, __import__("asyncio").Semaphore(places)
        self._before, self._blocks = before, blocks

    def __getattr__(self, name):
        return getattr(self._app, name)

    async def __call__(self, scope, receive, send):
        async def later(message):
            part = {True: "part", False: "end"}[message.get("more_body", False)]
            if self._before == ("start" if message["type"] == "http.response.start" else part):
                if self._blocks:
                    __import__("time").sleep(0.1)
                else:
                    await __import__("asyncio").sleep(0.1)
            await send(message)

        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        async with self._places:
            await self._app(scope, receive, later)


"""
_MOMENTS = ("start", "part", "end")
_WAIT = ast.Await | ast.Yield | ast.YieldFrom | ast.AsyncFor | ast.AsyncWith
_LOOP = ast.For | ast.AsyncFor | ast.While
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _around_the_app(source: Source, mistake: str) -> Changes:
    names = [node.targets[0] for node in source.tree.body if isinstance(node, ast.Assign)]
    assigned = {name.id for name in names if isinstance(name, ast.Name)}
    defined = {node.name for node in source.tree.body if isinstance(node, ast.AsyncFunctionDef)}
    if "app" in assigned | defined:
        first = next(node for node in source.tree.body if not _must_be_first(node))
        start, end = source.span(first)[0], len(source.text)
        helper = Edit(start, start, _AROUND, is_helper=True)
        yield helper, Edit(end, end, f"\napp = _Around(app, {mistake})\n")


def _must_be_first(node: ast.stmt) -> bool:
    """A docstring, or an import from the future."""
    return isinstance(node, ast.Expr) or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


@operator("serves only some requests at a time", once=True)
def requests_limited(source: Source) -> Changes:
    for places in (1, 2, 4, 8, 16):
        yield from _around_the_app(source, f"places={places}")


@operator("rests before it sends something", once=True)
def sending_delayed(source: Source) -> Changes:
    for moment in _MOMENTS:
        yield from _around_the_app(source, f'before="{moment}"')


@operator("blocks the event loop for a moment before it sends something", once=True)
def sending_blocked(source: Source) -> Changes:
    for moment in _MOMENTS:
        yield from _around_the_app(source, f'before="{moment}", blocks=True')


@operator("shares a variable between requests")
def local_shared(source: Source) -> Changes:
    """Each request still sets it, and others change it meanwhile, while the function waits."""
    for function in _functions(source):
        for name in _locals(source, function):
            first = function.body[1 if ast.get_docstring(function) is not None else 0 :][:1]
            for statement in first:
                start = source.span(statement)[0]
                declared = Edit(start, start, f"global {name}{source.separator(statement)}")
                yield declared, *_without_annotations(source, function, name)


@operator("sets a variable once for all requests")
def local_kept(source: Source) -> Changes:
    end = len(source.text)
    for function in _functions(source):
        for node in (node for node in _own(source, function) if _is_fresh(node.value)):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(target, ast.Name) and source.parent(node) is function and node.value is not None:
                kept = f"\n\n{target.id} = {source.segment(node.value)}\n"
                yield source.replaced(node, f"global {target.id}"), Edit(end, end, kept)


def _functions(source: Source) -> Iterator[_Function]:
    """Those that are in no other function, where a name could be the other's."""
    functions: list[_Function] = [*source.every(ast.AsyncFunctionDef), *source.every(ast.FunctionDef)]
    nested = {source.function(function) for function in functions}
    yield from (function for function in functions if source.function(function) is None and function not in nested)


def _waits_after(source: Source, assignment: ast.stmt) -> bool:
    """Whether the function waits behind the assignment, so that others can come in between."""
    waits = [node for node in source.every(ast.AST) if isinstance(node, _WAIT)]
    own = [node for node in waits if source.function(node) is source.function(assignment)]
    return any(source.span(node)[1] > source.span(assignment)[1] for node in own)


def _own(source: Source, function: _Function) -> list[ast.AnnAssign | ast.Assign]:
    """The assignments in a function, in the order of the text."""
    found: list[ast.AnnAssign | ast.Assign] = [*source.every(ast.AnnAssign), *source.every(ast.Assign)]
    return sorted((node for node in found if source.function(node) is function), key=source.span)


def _locals(source: Source, function: _Function) -> list[str]:
    """What the function fills, counts or makes for the request, in the order of the text; not its arguments.

    What a loop makes is used at once.
    """
    arguments = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    found: list[str] = []
    for node in _own(source, function):
        for target in [node.target] if isinstance(node, ast.AnnAssign) else node.targets:
            pairs = _pairs(target, node.value)
            is_new = not any(isinstance(above, _LOOP) for above in source.ancestors(node)) and _waits_after(
                source, node
            )
            found += [part.id for part, value in pairs if isinstance(part, ast.Name) and is_new and _is_own(value)]
    return [name for name in dict.fromkeys(found) if name not in arguments]


def _pairs(target: ast.expr, value: ast.expr | None) -> list[tuple[ast.expr, ast.expr | None]]:
    """Each target with its value, where several are assigned at once."""
    match target, value:
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            return list(zip(targets, values, strict=True))
    return [(target, value)]


def _is_own(value: ast.expr | None) -> bool:
    """Whether each request has a value of its own: what it counts or fills, an object that it makes."""
    match value:
        case ast.Dict():
            return not all(isinstance(part, ast.Constant) for part in value.values)
        case ast.Call(func=ast.Name(id=name)):
            return name[0].isupper()
        case ast.Constant(value=number):
            return type(number) is int
    return _is_fresh(value)


def _without_annotations(source: Source, function: _Function, name: str) -> Iterator[Edit]:
    """A global variable cannot be annotated in a function."""
    for node in _own(source, function):
        if isinstance(node, ast.AnnAssign) and source.segment(node.target) == name and node.value is not None:
            yield source.between(node.target, node.value, f"{name} = {source.segment(node.value)}")


def _is_fresh(value: ast.expr | None) -> bool:
    """A number, a text, or an empty container."""
    match value:
        case ast.Constant() | ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
    return False
