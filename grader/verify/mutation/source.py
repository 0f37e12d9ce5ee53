"""A module's text and its syntax tree together, so that a change to the tree is a small change to the text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

_Node = TypeVar("_Node", bound=ast.AST)

Positioned = ast.expr | ast.stmt | ast.keyword | ast.arg | ast.excepthandler


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces the text from ``start`` to ``end`` (offsets in characters) by ``text``.

    ``is_helper``: what the change needs to work, and no author needs to read.
    """

    start: int
    end: int
    text: str
    is_helper: bool = False


class Source:
    """One module. Raises SyntaxError when the text is not valid Python."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self._lines = text.splitlines(keepends=True)

    def edited(self, *edits: Edit) -> str:
        """The text with these edits, none of which may overlap another."""
        text = self.text
        for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
            text = text[: edit.start] + edit.text + text[edit.end :]
        return text

    # -- the tree -----------------------------------------------------------------------------------------------

    def every(self, kind: type[_Node]) -> Iterator[_Node]:
        """All nodes of one kind, in the order of the text."""
        found = [node for node in self._nodes if isinstance(node, kind)]
        yield from sorted(found, key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0)))

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node that holds ``node``."""
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, the nearest first."""
        above = self.parent(node)
        while above is not None:
            yield above
            above = self.parent(above)

    def function(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The function in whose body ``node`` stands."""
        for above in self.ancestors(node):
            if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
                return above
        return None

    def is_generator(self, function: ast.AST | None) -> bool:
        """Whether ``function`` yields."""
        yields = (node for node in self._nodes if isinstance(node, ast.Yield | ast.YieldFrom))
        return function is not None and any(self.function(node) is function for node in yields)

    def blocks(self) -> Iterator[list[ast.stmt]]:
        """Every list of statements that follow each other."""
        for node in self._nodes:
            for _, value in ast.iter_fields(node):
                if isinstance(value, list) and value and all(isinstance(item, ast.stmt) for item in value):
                    yield value

    def is_docstring(self, node: ast.AST) -> bool:
        """Whether a constant stands where only a docstring (or an unused string) does."""
        return isinstance(self.parent(node), ast.Expr)

    @cached_property
    def _nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in self._nodes for child in ast.iter_child_nodes(node)}

    # -- the text -----------------------------------------------------------------------------------------------

    def span(self, node: Positioned) -> tuple[int, int]:
        """Start and end of ``node``, in characters."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def segment(self, node: Positioned) -> str:
        """The text of ``node``."""
        start, end = self.span(node)
        return self.text[start:end]

    def replaced(self, node: Positioned, text: str) -> Edit:
        """``node`` becomes ``text``."""
        return Edit(*self.span(node), text)

    def starts_after(self, node: Positioned, loop: ast.For | ast.AsyncFor | ast.While) -> bool:
        """Whether ``node`` is in the body of a loop, or behind the loop."""
        return self.span(node)[0] >= self.span(loop.body[0])[0]

    def helper(self, text: str) -> Edit:
        """``text`` that the change needs at the end of the module."""
        return Edit(len(self.text), len(self.text), text, is_helper=True)

    def between(self, first: Positioned, last: Positioned, text: str) -> Edit:
        """All from ``first`` to ``last`` becomes ``text``."""
        return Edit(self.span(first)[0], self.span(last)[1], text)

    def dropped(self, statement: ast.stmt) -> Edit:
        """Remove the statement; a generator stays a generator."""
        yields = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(statement))
        return self.replaced(statement, "if False: yield" if yields else "pass")

    def separator(self, statement: ast.stmt) -> str:
        """What stands between a statement that is put before this one, and this one."""
        start, _ = self.span(statement)
        before = self.text[:start].rpartition("\n")[2]
        return "; " if before.strip() else f"\n{before}"

    def _offset(self, line: int, column: int) -> int:
        """The tree counts columns in bytes of UTF-8."""
        before = sum(len(text) for text in self._lines[: line - 1])
        return before + len(self._lines[line - 1].encode()[:column].decode())


def called_name(node: ast.AST) -> str:
    """The last name of what a call calls: "Queue" for ``asyncio.Queue(1)``; "" for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
