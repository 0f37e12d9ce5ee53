"""Cuts a specification down to the checks that are marked ``practice``: what learners may see of it.

What is left out must not stand in the result in any form. So it is written from the syntax tree, which has no comments,
and holds only the practice checks and the definitions that they use.
"""

from __future__ import annotations

import ast
import json
import symtable
import tomllib
from collections.abc import Iterable, Iterator, Mapping

from grader.catalog.files import read_text
from grader.catalog.kata import Kata
from grader.errors import BadKata
from grader.model import Check

#: A statement at the top of a module, with the names that it binds.
_Definition = tuple[ast.stmt, frozenset[str]]


def practice_files(kata: Kata, checks: Iterable[Check]) -> dict[str, bytes]:
    """The files of a specification that holds the practice checks only, by their paths in the kata's folder.

    ``checks`` are all checks of the kata. Raises BadKata when a practice check needs one that is not for practice.
    """
    kept = [check for check in checks if check.practice]
    open_ids = {check.id for check in kept}
    for check in kept:
        if hidden := [name for name in check.after if name not in open_ids]:
            raise BadKata(
                f"{kata.name}/spec: check {check.id} is for practice, and comes after {hidden[0]}, which is not: mark "
                "both, or neither."
            )
    texts = {
        file.relative_to(kata.folder).as_posix(): _cut(file.name, read_text(file), open_ids) for file in kata.spec_files
    }
    files = {name: text.encode() for name, text in texts.items() if text}
    hints = kata.specification / "hints.toml"
    if files and hints.is_file():
        tables = tomllib.loads(read_text(hints))
        files["spec/hints.toml"] = _toml({name: tables[name] for name in tables if name in open_ids}).encode()
    return files


def _cut(name: str, source: str, kept: set[str]) -> str:
    """The module with only the checks ``kept``; "" when it has none of them."""
    tree = ast.parse(source)
    tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
    wanted = {test for test in tests if test.removeprefix("test_") in kept}
    if not wanted:
        return ""
    definitions = [(node, frozenset(_bound(node))) for node in tree.body]
    needed = _closure(wanted, definitions, symtable.symtable(source, name, "exec"))
    if hidden := sorted((tests - wanted) & needed):
        raise BadKata(f"spec/{name}: a check for practice uses {hidden[0]}, which is not for practice: mark both.")
    body = [found for node, names in definitions if (found := _kept(node, names & needed))]
    return ast.unparse(ast.Module(body, [])) + "\n"


def _closure(wanted: set[str], definitions: list[_Definition], table: symtable.SymbolTable) -> set[str]:
    """``wanted`` and all names of the module that their definitions use, directly or not."""
    needed: set[str] = set()
    queue = list(wanted)
    while queue:
        name = queue.pop()
        if name not in needed:
            needed.add(name)
            queue += [used for node, names in definitions if name in names for used in _used(node, table)]
    return needed


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a module binds."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Import() | ast.ImportFrom():
            yield from (_name_of(alias) for alias in node.names)
        case _:
            yield from (
                child.id for child in ast.walk(node) if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)
            )


def _name_of(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _used(node: ast.stmt, table: symtable.SymbolTable) -> set[str]:
    """The module's names that a statement uses. A function's own variables of the same names are none of them."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
    around = [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
    found = {child.id for part in around for child in ast.walk(part) if isinstance(child, ast.Name)}
    scopes = [child for child in table.get_children() if child.get_name() == node.name]
    return found.union(*(_globals(scope) for scope in scopes))


def _globals(scope: symtable.SymbolTable) -> set[str]:
    own = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
    return own.union(*(_globals(child) for child in scope.get_children()))


def _kept(node: ast.stmt, names: frozenset[str]) -> ast.stmt | None:
    """What is left of a statement of which only ``names`` are needed."""
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return node
    if not names:
        return None
    if isinstance(node, ast.Import):
        return ast.Import([alias for alias in node.names if _name_of(alias) in names])
    if isinstance(node, ast.ImportFrom):
        return ast.ImportFrom(node.module, [alias for alias in node.names if _name_of(alias) in names], node.level)
    return node


def _toml(tables: Mapping[str, Mapping[str, object]]) -> str:
    """The tables of hints.toml, without what else stood there. TOML has JSON's strings, but for one character."""
    lines = [
        f"[{name}]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in table.items())
        for name, table in tables.items()
    ]
    return "\n".join(lines)


def _value(value: object) -> str:
    match value:
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return f"{{ {', '.join(f'{key} = {_value(one)}' for key, one in value.items())} }}"
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
