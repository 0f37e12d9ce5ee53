"""The grader's code keeps its bounds: short modules, classes and functions, and no import in a circle."""

from __future__ import annotations

import ast
import statistics
import tomllib
from collections.abc import Iterator
from pathlib import Path

from grimp import build_graph

from tests.conftest import ROOT

#: In lines of the file, all of them counted.
MODULE, CLASS = 300, 150
#: The median over all functions and methods, in lines of their bodies; see :func:`length_of`.
FUNCTION = 6
FILES = [file for file in sorted(ROOT.glob("grader/**/*.py")) if not {"template", "_bundle"} & set(file.parts)]


def nodes(file: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(file.read_text("utf-8")))


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Lines of the body: without docstring, blank lines and lines that hold only a comment."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    if not body or function.end_lineno is None:
        return 0
    found = (line.strip() for line in lines[body[0].lineno - 1 : function.end_lineno])
    return sum(bool(line) and not line.startswith("#") for line in found)


def test_no_module_is_too_long() -> None:
    lengths = {str(file.relative_to(ROOT)): len(file.read_text("utf-8").splitlines()) for file in FILES}
    assert {file: length for file, length in lengths.items() if length > MODULE} == {}


def test_no_class_is_too_long() -> None:
    lengths = {
        f"{file.relative_to(ROOT)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file in FILES
        for node in nodes(file)
        if isinstance(node, ast.ClassDef)
    }
    assert {name: length for name, length in lengths.items() if length > CLASS} == {}


def test_half_of_the_functions_are_short() -> None:
    lengths = [
        length_of(node, file.read_text("utf-8").splitlines())
        for file in FILES
        for node in nodes(file)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert statistics.median(lengths) <= FUNCTION


def test_no_import_goes_in_a_circle() -> None:
    """Those in functions count as well. A package's own module, which holds a docstring only, is no exception."""
    graph = build_graph("grader")
    circles = [
        (module, other)
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
        if graph.chain_exists(importer=other, imported=module)
    ]
    assert circles == []


def test_each_module_has_a_layer() -> None:
    """Without one, it could import everything, and be imported by everything."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    layers = {name.strip() for layer in settings["contracts"][0]["layers"] for name in layer.split("|")}
    modules = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in FILES if file.name != "__init__.py"}
    assert sorted(name for name in modules if not any(f"{name}.".startswith(f"{layer}.") for layer in layers)) == []


def unexplained(file: Path) -> Iterator[str]:
    """The imports in functions without a comment on their line, or on the one above; several at once share one."""
    lines = file.read_text("utf-8").splitlines()
    for function in nodes(file):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        explained = 0  # the last line of an import that has a comment
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                above, own = lines[node.lineno - 2].strip(), lines[node.lineno - 1]
                if "#" in own or above.startswith("#") or explained == node.lineno - 1:
                    explained = node.end_lineno or 0
                else:
                    yield f"{file.relative_to(ROOT)}:{node.lineno}: {own.strip()}"


def test_an_import_in_a_function_has_a_reason() -> None:
    assert [line for file in FILES for line in unexplained(file)] == []
