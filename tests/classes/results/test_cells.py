"""No cell of a table is a formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.classes.results.cells import safe, table


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1", "|x", "%x"]
)
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert safe(text).lstrip()[0] in ("'", "\\")


@pytest.mark.parametrize("text", ["", "Ada Lovelace", "12.5", "O'Neill", "Öz, Cem", "a=b", "10 %"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


@given(st.lists(st.lists(st.text(max_size=20), min_size=3, max_size=3), max_size=5))
def test_a_table_is_read_back_cell_by_cell(rows: list[list[str]]) -> None:
    found = list(csv.reader(io.StringIO(table(["a", "b", "c"], rows))))
    assert found == [["a", "b", "c"], *([safe(cell) for cell in row] for row in rows)]
    assert not [cell for row in found for cell in row if cell.lstrip().startswith(tuple("=+-@＝＋－＠"))]
