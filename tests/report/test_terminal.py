"""The report at a terminal: a caret stands under the byte that it points at."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from grader.model import Spot
from grader.report import terminal
from tests.report.samples import FAILED, FINDING, MIXED


def shown(spot: Spot, width: int) -> list[str]:
    """The lines about ``spot`` on a terminal without colours."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    failed = replace(FAILED, finding=replace(FINDING, spot=spot))
    terminal.show(replace(MIXED, results=(failed,)), console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    at = next(at for at, line in enumerate(lines) if line.strip() == "response body at this point:")
    return [line.rstrip() for line in lines[at + 1 : at + 3]]


@pytest.mark.parametrize("width", [60, 81])
@pytest.mark.parametrize("filler", ["x", "é", "e\u0301", "中", "🙂", "\x1b", "\n"], ids=ascii)
@pytest.mark.parametrize("count", [0, 3, 90])
def test_the_caret_stands_under_the_offending_byte(filler: str, count: int, width: int) -> None:
    before, after = filler * count, "!" + filler * count
    body, caret = shown(Spot((before + after).encode(), len(before.encode()), 4711), width)
    assert caret.strip() == "^ byte 4711 of the body"
    assert cell_len(body) <= width
    assert cell_len(body.partition("!")[0]) == caret.index("^")
