"""The points of a kata, read from the source of its specification.

`grade list` shows katas that a setting names, perhaps one in a submission. So it must not run any specification.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.catalog.files import read_text
from grader.catalog.kata import Kata


def points_of(kata: Kata) -> int | None:
    """The points of all checks together; None when the source alone does not tell, as in a file with a fault."""
    try:
        trees = [ast.parse(read_text(file)) for file in kata.spec_files]
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    points = [_points(test) for tree in trees for test in _tests(tree)]
    return sum(found for found in points if found is not None) if None not in points else None


def _tests(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def _points(test: ast.FunctionDef) -> int | None:
    """The number in ``@check(points=...)``; None when it is not written as a number."""
    for decorator in test.decorator_list:
        for argument in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if argument.arg == "points" and isinstance(argument.value, ast.Constant):
                return argument.value.value if isinstance(argument.value.value, int) else None
    return None
