"""A mistake that is made only sometimes: under a condition that the code or the contract knows."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.verify.mutation.source import Edit, Source, called_name

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Loop = ast.For | ast.AsyncFor | ast.While
#: Counts how often a place in the code is reached.
_TIMES = "\n\n_TIMES = __import__('itertools').count()\n"
#: No sensible buffer or window is as long.
_MANY = 100


@dataclass(frozen=True, slots=True)
class Condition:
    """``words`` complete the mistake of an operator; ``tests`` gives the expressions that are true only then.

    ``once``: in the first app only. Under this condition the operators ``never`` change nothing.
    """

    name: str
    words: str
    tests: Callable[[Source, ast.expr | ast.stmt], list[str]]
    helper: str = ""
    once: bool = False
    never: tuple[str, ...] = ()

    def applied(self, source: Source, edits: tuple[Edit, ...]) -> Iterator[tuple[Edit, ...]]:
        """The same change, made only under this condition; nothing where that cannot be written in one line.

        The first edit says where: of several changes at one place one is enough.
        """
        changes = [edit for edit in edits if edit.start != edit.end]
        if len(changes) != 1 or (place := _place(source, changes[0])) is None:
            return
        start, end = source.span(place)
        right, change = source.segment(place), changes[0]
        wrong = right[: change.start - start] + change.text + right[change.end - start :]
        for test in self.tests(source, place):
            if isinstance(place, ast.stmt):
                nothing = "pass" if wrong == source.dropped(place).text else wrong
                text = f"if {test}: {nothing}{source.separator(place)}else: {right}"
            else:
                text = f"(({wrong}) if {test} else ({right}))"
            helper = (source.helper(self.helper),) if self.helper else ()
            yield Edit(start, end, text), *(edit for edit in edits if edit is not change), *helper


def _place(source: Source, edit: Edit) -> ast.expr | ast.stmt | None:
    """The smallest expression or simple statement around an edit, in the body of a function."""
    nodes: list[ast.expr | ast.stmt] = [*source.every(ast.expr), *source.every(ast.stmt)]
    around = [node for node in nodes if _holds(source, node, edit) and not _is_part_of_a_text(source, node)]
    if not around:
        return None
    place = min(around, key=lambda node: (source.span(node)[1] - source.span(node)[0], isinstance(node, ast.expr)))
    function = source.function(place)
    is_compound = isinstance(place, ast.stmt) and hasattr(place, "body")
    if function is None or is_compound or source.span(place)[0] < source.span(function.body[0])[0]:
        return None
    return place


def _holds(source: Source, node: ast.expr | ast.stmt, edit: Edit) -> bool:
    start, end = source.span(node)
    return start <= edit.start and edit.end <= end


def _is_part_of_a_text(source: Source, node: ast.AST) -> bool:
    return any(isinstance(above, ast.JoinedStr) for above in source.ancestors(node))


def _own_nodes(source: Source, place: ast.expr | ast.stmt) -> tuple[_Function, list[ast.AST]]:
    function = source.function(place)
    assert function is not None
    return function, [node for node in ast.walk(function) if source.function(node) is function]


def _counters(source: Source, place: ast.expr | ast.stmt, *, targets: bool = True) -> list[str]:
    """The names that a loop counts in which is around the place, or before it.

    Its ``targets`` have no value as long as there are no items.
    """
    _, nodes = _own_nodes(source, place)
    found: list[str] = []
    for node in nodes:
        name, loop = _counted(node), _loop(source, node)
        if name and loop is not None and source.starts_after(place, loop) and (targets or node is not loop):
            found.append(name)
    return list(dict.fromkeys(found))


def _counted(node: ast.AST) -> str:
    """The name that a node counts in; "" for any other node."""
    match node:
        case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=ast.Constant(value=1)):
            return name
        case ast.Assign():
            return next((name for name in _added_to(node.value) if name in _stored(node)), "")
        case ast.For(target=ast.Name(id=name), iter=iterated) if called_name(iterated) == "range":
            return name
        case ast.For(target=ast.Tuple(elts=[ast.Name(id=name), *_]), iter=it) if called_name(it) == "enumerate":
            return name
    return ""


def _added_to(value: ast.expr) -> Iterator[str]:
    """Each name to which one is added."""
    for node in ast.walk(value):
        match node:
            case ast.BinOp(left=ast.Name(id=name), op=ast.Add(), right=ast.Constant(value=1)):
                yield name


def _stored(assignment: ast.Assign) -> set[str]:
    return {node.id for target in assignment.targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def _loop(source: Source, node: ast.AST) -> _Loop | None:
    """The innermost loop around a node, or the node itself."""
    return next((each for each in (node, *source.ancestors(node)) if isinstance(each, _Loop)), None)


def _items(source: Source, place: ast.expr | ast.stmt) -> list[str]:
    """The item that the loop around is about."""
    match _loop(source, place):
        case ast.For(target=ast.Name(id=name)) | ast.AsyncFor(target=ast.Name(id=name)) as loop:
            is_item = _is_over_items(loop.iter) and not _is_an_object(name, loop)
            return [name] if source.starts_after(place, loop) and is_item else []
    return []


def _is_an_object(name: str, loop: ast.AST) -> bool:
    """Whether the loop looks into it, as one does not into a text."""
    looks = [node for node in ast.walk(loop) if isinstance(node, ast.Attribute | ast.Subscript)]
    attributes = {getattr(node, "attr", "") for node in looks if ast.unparse(node.value) == name}
    return not all(hasattr(str, attribute) for attribute in attributes)


def _is_over_items(iterated: ast.expr) -> bool:
    """What another function of the app makes of items is seldom an item: it may be an event."""
    calls = [called_name(node) for node in ast.walk(iterated) if isinstance(node, ast.Call)]
    return set(calls) <= {"islice", "iter", "aiter"} or not {"upstream", "blocking_upstream"}.isdisjoint(calls)


def _flags(source: Source, place: ast.expr | ast.stmt) -> list[str]:
    """What the function asks of its arguments elsewhere, and the opposite."""
    function, nodes = _own_nodes(source, place)
    arguments = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    around = {id(above) for above in source.ancestors(place)}
    branches = [node for node in nodes if isinstance(node, ast.If | ast.IfExp) and id(node) not in around]
    tests = [node.test for node in branches if not _decides(source, node, place)]
    known = [source.segment(test) for test in tests if _is_about(test, arguments)]
    return [form.format(test) for test in dict.fromkeys(known) for form in ("({})", "not ({})")]


def _decides(source: Source, branch: ast.If | ast.IfExp, place: ast.expr | ast.stmt) -> bool:
    """Whether the place is only reached where the test is false."""
    leaves = isinstance(branch, ast.If) and isinstance(branch.body[-1], ast.Return | ast.Raise | ast.Continue)
    return leaves and source.span(place)[0] >= source.span(branch)[1]


def _is_about(test: ast.expr, arguments: set[str]) -> bool:
    """Whether a test only looks at arguments; one with a call could do something."""
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    calls = any(isinstance(node, ast.Call | ast.Await | ast.NamedExpr) for node in ast.walk(test))
    return bool(names) and names <= arguments and not calls


CONDITIONS = (
    Condition("with-a-flag", "when an argument says so", _flags),
    Condition("past-many-items", f"past {_MANY} items", lambda *at: [f"{name} > {_MANY}" for name in _counters(*at)]),
    Condition(
        "with-no-items",
        "while there are no items",
        lambda *at: [f"{name} == 0" for name in _counters(*at, targets=False)],
        never=("counter-wraps",),
    ),
    Condition(
        "for-an-empty-item",
        "for an empty item",
        lambda *at: [f"{name} == ''" for name in _items(*at)],
        never=("text-stripped", "text-folded", "text-normalised", "text-cut", "text-replaced"),
    ),
    Condition("after-the-first-time", "after the first time", lambda *_: ["next(_TIMES) > 0"], _TIMES, once=True),
)
