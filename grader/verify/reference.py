"""The reference apps, which prove a kata: the stub, the solution, the variants and the wrong apps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from grader.catalog.kata import BUNDLED, FOLDER, Kata
from grader.errors import BadKata

#: A list of checks in a docstring: its name, and all up to the next list.
_LIST = re.compile(r"^(Fails|May fail):((?:(?!^(?:Fails|May fail):).)*)", re.MULTILINE | re.DOTALL)


class Role(Enum):
    """The role of an app in the proof of a kata."""

    STUB = "stub"  # boots, and earns nothing
    SOLUTION = "solution"  # full marks
    VARIANT = "variant"  # full marks, in another style
    WRONG = "wrong"  # fails the checks that its docstring names


@dataclass(frozen=True, slots=True)
class ReferenceApp:
    """One app of the proof.

    ``fails`` are the ids of the checks that a wrong app must fail, ``may_fail`` those that it fails now and then, both
    by its docstring. Without the second list it fails all of the first each time, and otherwise at least one.
    """

    role: Role
    file: Path
    fails: frozenset[str] = frozenset()
    may_fail: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        return self.role.value if self.role in (Role.STUB, Role.SOLUTION) else f"{self.role.value}/{self.file.stem}"


def find_reference_apps(kata: Kata) -> Iterable[ReferenceApp]:
    """The stub, the solution, the variants and the wrong apps. Raises BadKata when there is no solution."""
    folder = kata.solutions
    solution = folder / kata.entry[0]
    if not solution.is_file():
        raise BadKata(_without_solution(kata))
    yield ReferenceApp(Role.STUB, kata.stub)
    yield ReferenceApp(Role.SOLUTION, solution)
    for file in sorted((folder / "variants").glob("*.py")):
        yield ReferenceApp(Role.VARIANT, file)
    for file in sorted((folder / "wrong").glob("*.py")):
        yield ReferenceApp(Role.WRONG, file, *_named_failures(file))


def _without_solution(kata: Kata) -> str:
    if kata.pack not in (BUNDLED, FOLDER):
        return f"{kata.location} is a pack without solutions: verify the folder that it was made of"
    return f"there is no solution: write {kata.solutions.name}/{kata.entry[0]} in {kata.solutions.parent}"


def _named_failures(file: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The checks after "Fails:" and after "May fail:" in a wrong app's docstring, one line or several."""
    try:
        words = ast.get_docstring(ast.parse(file.read_text("utf-8"), file.name)) or ""
    except (SyntaxError, ValueError) as error:
        raise BadKata(f"wrong/{file.name} is not valid Python: {error}") from None
    lists = dict(_LIST.findall(words))
    return _ids(lists.get("Fails", "")), _ids(lists.get("May fail", ""))


def _ids(names: str) -> frozenset[str]:
    return frozenset(name.removeprefix("test_") for name in re.findall(r"\w+", names))
