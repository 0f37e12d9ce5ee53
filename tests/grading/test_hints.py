"""What helps with a check stands beside the specification, and says where it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import read_kata
from grader.errors import BadKata
from grader.grading.hints import read_hints
from tests.tiny import write_kata

if TYPE_CHECKING:
    from tests.conftest import Grade

IDS = ["first", "second"]


def hints_of(tmp_path: Path, text: str) -> dict[str, tuple[str, ...]]:
    folder = Path(write_kata(tmp_path, ""))
    folder.joinpath("spec", "hints.toml").write_text(text, "utf-8")
    return {name: found.hints for name, found in read_hints(read_kata(folder), IDS).items()}


def test_a_byte_order_mark_is_not_a_mistake(tmp_path: Path) -> None:
    assert hints_of(tmp_path, '\ufeff[first]\nhints = ["Look."]\n') == {"first": ("Look.",)}


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
        ('[first]\nhints = ["a"]\nwhen = "b"', "[first]: write when = "),
        ('[first]\nhints = ["a"]\nwhen = [{seen = "(", hint = "b"}]', "[first]: write when = "),
        ('[first]\nhints = ["a"]\nwhen = [{seen = "b"}]', "[first]: write when = "),
        ("[first", "spec/hints.toml cannot be read: "),
    ],
)
def test_hints_of_another_shape_raise_bad_kata_with_what_to_write(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(BadKata) as told:
        hints_of(tmp_path, text)
    assert words in str(told.value)
    assert "kata-1-tiny/spec/hints.toml" in str(told.value)


SPEC = """
    @check(points=1, requirement="a response")
    def test_is_short(client: Client) -> None:
        \"\"\"it is short\"\"\"
        assert client.get("/").body() == b"hi", "body"
"""


def test_a_hint_for_what_was_seen_comes_before_the_first(tmp_path: Path, grade: Grade) -> None:
    kata = Path(write_kata(tmp_path, SPEC))
    kata.joinpath("spec", "hints.toml").write_text(
        """[is_short]
hints = ["Think."]
when = [{ seen = "^body: goodbye", hint = "Not so fast." }, { seen = "^body: hel+o;", hint = "Two letters." }]
""",
        "utf-8",
    )
    (check,) = grade(str(kata), json_report=True).report["checks"]
    assert check["finding"]["hint"] == "Two letters."
    assert check["hints"] == ["Think."]
