"""Code of the grader that nothing uses, by vulture: ``python -m tests.dead_code`` lists it, and `make check` runs that.

Vulture reads source, and does not see who calls a method that a library asks for. Each such name is in ``USED``, with
the reason. A name that vulture does not report any more has to leave ``USED``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).resolve().parent.parent
#: What is looked at. A specification uses the probes, and a benchmark the grader: what they use is not dead.
PATHS = ("grader", "stream_katas.py", "katas/*/spec", "benchmarks")
#: What is reported.
OURS = ("grader", "stream_katas.py")

#: Names, or patterns of names, that are used where vulture does not see it.
USED = {
    "maxfail": "pytest reads this option",
    "pytest_*": "pytest calls the hooks of a plugin by their names",
    "on_broken_pipe": "Rich's console calls it",
    "__call__": "a protocol of functions has it",
    "overflow": "Rich's table reads this attribute of a column",
    "list_commands": "click's group calls it",
    "get_command": "click's group calls it",
    "format_commands": "click's group calls it",
    "writable": "io.TextIOWrapper calls it",
    "connection_made": "asyncio calls it on a protocol",
    "data_received": "asyncio calls it on a protocol",
    "connection_lost": "asyncio calls it on a protocol",
    "exc": "asyncio passes it to connection_lost",
    "aclose": "apps call it on the kit's items, as on an asynchronous generator",
    "formatException": "logging calls it on a formatter",
    "get_code": "the import system calls it on a loader",
    "next_line": "specifications of streams of JSON lines read by it; the bundled katas have none",
    "line_faults": "specifications of streams of JSON lines read by it; the bundled katas have none",
    "restart_app": "an author's specification uses it, as in docs/authoring.md; the bundled katas do not",
    "reconnect": "an author's specification uses it, as in docs/authoring.md; the bundled katas do not",
    "upstream_ended": "an author's law uses it, as in docs/authoring.md; the bundled katas' laws do not",
    "awkward_texts": "the specification of a new kata uses it; the bundled ones have every_text()",
    "next_chunk": "specifications of other streams read by it; the bundled katas have none",
    "allowed_failures": "Dask's scheduler reads it",
    "readinto": "io.BufferedReader calls it",
    "BEST": "a class chooses it by its value, in class.toml or an option",
}


@dataclass(frozen=True, slots=True)
class Unused:
    """A name that nothing uses, and where it is defined."""

    name: str
    place: str
    kind: str


def unused() -> Iterator[Unused]:
    """Each name of the grader that vulture takes for unused, except imports and the names in a template of the page."""
    vulture = Vulture(ignore_decorators=["@operator", "@app.get"])  # a table of operators, and routes, are made by them
    paths = [str(path) for pattern in PATHS for path in ROOT.glob(pattern)]
    vulture.scavenge(paths, exclude=[str(ROOT / "grader/*/template/*"), str(ROOT / "grader/_bundle/*")])
    in_templates = set(re.findall(r"\w+", "".join(file.read_text("utf-8") for file in ROOT.glob("grader/**/*.jinja"))))
    for item in vulture.get_unused_code(min_confidence=60):
        place = Path(item.filename).relative_to(ROOT)
        is_known = item.typ == "import" or item.name in in_templates  # ruff minds imports
        if place.parts[0] in OURS and not is_known:
            yield Unused(item.name, f"{place}:{item.first_lineno}", item.typ)


def complaints(found: Iterable[Unused]) -> list[str]:
    """What is wrong: dead code, and names in ``USED`` that have no business there."""
    items = list(found)
    dead = [item for item in items if not any(fnmatchcase(item.name, pattern) for pattern in USED)]
    idle = [pattern for pattern in USED if not any(fnmatchcase(item.name, pattern) for item in items)]
    lines = [f"{item.place}: the {item.kind} {item.name} is not used" for item in dead]
    return [*lines, *(f"tests/dead_code.py: {pattern} is used, or gone: remove it from USED" for pattern in idle)]


if __name__ == "__main__":
    lines = complaints(unused())
    print(*lines, sep="\n", end="\n" if lines else "")  # noqa: T201
    sys.exit(1 if lines else 0)
