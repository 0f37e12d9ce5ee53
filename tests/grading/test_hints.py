"""What helps with a check stands beside the specification, and says where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.catalog.kata import read_kata
from grader.errors import BadKata
from grader.grading.hints import read_hints
from tests.tiny import write_kata

IDS = ["first", "second"]


def hints_of(tmp_path: Path, text: str) -> dict[str, tuple[str, ...]]:
    folder = Path(write_kata(tmp_path, ""))
    folder.joinpath("spec", "hints.toml").write_text(text, "utf-8")
    return read_hints(read_kata(folder), IDS)


def test_each_check_has_its_own_hints_in_order(tmp_path: Path) -> None:
    text = '[second]\nhints = ["Think.", "Do.", "Done."]\n[first]\nhints = ["Look."]\n'
    assert hints_of(tmp_path, text) == {"second": ("Think.", "Do.", "Done."), "first": ("Look.",)}


def test_without_the_file_no_check_has_a_hint(tmp_path: Path) -> None:
    assert read_hints(read_kata(Path(write_kata(tmp_path, ""))), IDS) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[frist]\nhints = ["a"]', "[frist] is not the id of a check. Did you mean 'first'?"),
        ("[first]\nhints = []", "[first]: write hints ="),
        ('[first]\nhints = ["a", "b", "c", "d"]', "with 1 to 3 texts"),
        ('[first]\nhints = "a"', "[first]: write hints ="),
        ("[first]\nhints = [1]", "[first]: write hints ="),
        ('[first]\nhints = [" "]', "[first]: write hints ="),
        ('[first]\nhints = ["a"]\nmore = 1', "[first]: write hints ="),
        ("[first]", "[first]: write hints ="),
        ('first = "a"', "[first]: write hints ="),
        ("[first", "spec/hints.toml cannot be read: "),
    ],
)
def test_hints_of_another_shape_raise_bad_kata_with_what_to_write(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(BadKata) as told:
        hints_of(tmp_path, text)
    assert words in str(told.value)
    assert "kata-1-tiny/spec/hints.toml" in str(told.value)
