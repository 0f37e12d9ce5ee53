"""The author's list of equivalent mutants is read, or refused with what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.catalog.kata import read_kata
from grader.errors import BadKata
from grader.verify.equivalents import FILE, equivalents
from tests.small_kata import make_kata, write


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("", {}),
        ('[[mutant]]\nids = ["a", "b"]\nreason = "same"', {"a": "same", "b": "same"}),
        ('[[mutant]]\noperators = ["text-cut"]\nreason = "short"', {"text-cut": "short"}),
        ('\ufeff[[mutant]]\nids = ["a"]\nreason = "x"', {"a": "x"}),
        ('[[mutant]]\nids = ["a"]\nreason = "x"\n[[mutant]]\nids = ["b"]\nreason = "y"', {"a": "x", "b": "y"}),
    ],
)
def test_reasons_are_read(text: str, reasons: dict[str, str], tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    write(kata.solutions / FILE, text)
    assert equivalents(kata) == reasons


@pytest.mark.parametrize(
    "text",
    [
        "[[mutant]\n",
        '[[mutant]]\nids = ["a"]',
        '[[mutant]]\nids = ["a"]\nreason = " "',
        '[[mutant]]\nids = []\nreason = "x"',
        'mutant = 1',
        '[[mutants]]\nids = ["a"]\nreason = "x"',
        'mutant = ["a"]',
    ],
)  # fmt: skip
def test_invalid_entries_are_refused(text: str, tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    write(kata.solutions / FILE, text)
    with pytest.raises(BadKata, match=r"equivalent\.toml"):
        equivalents(kata)
