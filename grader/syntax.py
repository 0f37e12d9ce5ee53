"""Forms of a module's syntax tree: equal for two modules that differ in comments and layout only, or in names, too."""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Callable, Iterable

#: Bytes of a module that is looked at; and nodes without which two modules are equal by chance.
_LARGEST, _SMALLEST = 256 << 10, 40
#: Bits of a number that Python writes in decimal digits, whatever its settings are: with more, that may be an error.
_LONG = 2048
#: Fields of nodes that hold a name which the module's author has chosen.
_NAMES = {"id", "arg", "name", "asname"}

#: The value of a node's field, as the form has it.
_Field = Callable[[ast.AST, str], object]


def normal_form(source: bytes) -> str:
    """The SHA-256 of the normal form, in hexadecimal; "" where it cannot be read, is too large or very small.

    Names that the module gives itself are numbered in the order in which they occur; those of libraries, attributes
    and constants stay. Comments, docstrings and annotations are left out.
    """
    tree = _parsed(source)
    return "" if tree is None else _digest(_parts(tree, _numbered(tree), smallest=_SMALLEST))


def exact_form(source: bytes) -> str:
    """The SHA-256 of the tree without docstrings, in hexadecimal; "" where it cannot be read or is too large."""
    tree = _parsed(source)
    return "" if tree is None else _digest(_parts(tree, _undocumented))


def _parsed(source: bytes) -> ast.Module | None:
    if len(source) > _LARGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the learner's code is warned of
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _digest(parts: Iterable[str]) -> str:
    """The SHA-256 of all parts; "" where there are none."""
    text = "\n".join(parts)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest() if text else ""


def _parts(tree: ast.Module, field: _Field, *, smallest: int = 0) -> list[str]:
    """The tree as a list of texts, in order; [] for one that is very small. It does not recur, however deep it is."""
    parts: list[str] = []
    nodes = 0
    stack: list[object] = [tree]
    while stack:
        match stack.pop():
            case ast.AST() as node:
                nodes += 1
                parts.append(type(node).__name__)
                stack.extend(reversed([field(node, name) for name in node._fields]))
            case list() as many:
                parts.append(f"[{len(many)}]")
                stack.extend(reversed(many))
            case int() as number if number.bit_length() > _LONG:
                parts.append(hex(number))
            case value:
                parts.append(repr(value))
    return parts if nodes >= smallest else []


def _undocumented(node: ast.AST, name: str) -> object:
    """The field as it is, without docstrings."""
    value = getattr(node, name, None)
    if name == "body" and isinstance(value, list):
        return [each for each in value if not _is_docstring(each)]
    return value


def _numbered(tree: ast.Module) -> _Field:
    """The fields without annotations, and with numbers for the module's own names."""
    own = {name for node in ast.walk(tree) for name in _bound(node)}
    numbers: dict[str, str] = {}

    def field(node: ast.AST, name: str) -> object:
        value = _undocumented(node, name)
        match name:
            case "annotation" | "returns" | "type_comment" | "type_params":
                return None
            case _ if name in _NAMES and isinstance(value, str) and value in own:
                return numbers.setdefault(value, f"name {len(numbers)}")
        return value

    return field


def _is_docstring(node: object) -> bool:
    """A text that stands for itself, at the beginning of a function or anywhere else."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _bound(node: ast.AST) -> list[str]:
    """The names that a node gives to something of the module's own."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.arg(arg=name):
            return [name]
        case ast.alias(asname=str(name)):
            return [name]
        case ast.ExceptHandler(name=str(name)):
            return [name]
    return []
