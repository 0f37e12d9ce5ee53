"""A kata has the column that its platform has for it already."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.classes.results.columns import column_of
from tests.classes.hand import KATA

OF_PACK = replace(KATA, id="my-course:kata-77")


@pytest.mark.parametrize(
    "column",
    [
        *("Small echo", "Small echo (4711)", "SMALL ECHO (1)", "kata-77", "Kata 77 (98765)", "Kata 77: Small echo (2)"),
        *("kata-77-small-echo", "Kata 77 – small echo"),
    ],
)
def test_names_that_mean_a_kata(column: str) -> None:
    for kata in (KATA, OF_PACK):
        assert column_of(kata, ["Student", "ID", column, "Final Score"]) == column


@pytest.mark.parametrize("column", ["", "Small echoes (1)", "Kata 7 (77)", "77", "Section"])
def test_other_names(column: str) -> None:
    assert column_of(OF_PACK, ["Student", column]) == ""
