"""The sentences of a contract: prose, list items and rows, each once, however the README is wrapped."""

from __future__ import annotations

import pytest

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.verify.contract import plain, sentences


def contract(*lines: str) -> tuple[str, ...]:
    return sentences(
        "\n".join(["# Kata", "Not. This.", "", "## The contract", "", *lines, "", "## What is graded", "No."])
    )


def test_a_readme_without_a_contract_has_none() -> None:
    assert sentences("# Kata 1\n\nA story.\n") == ()
    assert sentences("") == ()


def test_fine_print_counts_although_it_is_folded_and_what_folds_it_does_not() -> None:
    folded = ("- One.", "<details><summary>Fine print: more</summary>", "", "- Two.", "", "</details>", "", "Three.")
    assert contract(*folded) == ("One.", "Two.", "Three.")
    assert contract("One:", "<details>", "<summary>More</summary>", "Two.", "</details>") == ("One:", "Two.")


def test_a_contract_ends_with_its_section_or_with_the_file() -> None:
    assert contract("One.", "### Batch", "Two.") == ("One.", "Two.")
    assert sentences("## The contract\nOne.") == ("One.",)
    assert sentences("## The contract\nOne.\n# Another page\nTwo.") == ("One.",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two! Three? Four.", ["One.", "Two!", "Three?", "Four."]),
        ("One is\nwrapped.  Two.", ["One is wrapped.", "Two."]),
        ("It is `a. B` here. `b` is next.", ["It is `a. B` here.", "`b` is next."]),
        ("See RFC 9110 8.3. And 3.1 too, e.g. Here.", ["See RFC 9110 8.3.", "And 3.1 too, e.g. Here."]),
        ("One (with words. Some) goes on. Two.", ["One (with words. Some) goes on.", "Two."]),
        ("One. (Two is in parentheses.) Three.", ["One.", "(Two is in parentheses.)", "Three."]),
        ("He says “One.” Two.", ["He says “One.”", "Two."]),
        ("One, such as 1. not two.", ["One, such as 1. not two."]),
        ("**Batch**: one **bold** word.", ["Batch: one bold word."]),
        ("No mark at the end", ["No mark at the end"]),
    ],
)
def test_prose_is_split_at_the_end_of_each_sentence(text: str, found: list[str]) -> None:
    assert list(contract(*text.split("\n"))) == found


def test_each_item_of_a_list_is_split_by_itself() -> None:
    lines = ["- One.", "- Two is", "  wrapped. Three.", "", "1. Four", "2) Five"]
    assert contract(*lines) == ("One.", "Two is wrapped.", "Three.", "Four", "Five")


def test_each_row_of_a_table_is_one_sentence_and_its_head_is_none() -> None:
    lines = ["| a | b |", "| --- | :-: |", "| one. Two | `x` |", "| three | | four |", "After."]
    assert contract(*lines) == ("one. Two | `x`", "three | | four", "After.")


def test_code_and_headings_are_left_out() -> None:
    lines = ["One.", "```python", "x = 1. Y", "", "# Not", "```", "Two.", "", "    code. More", "", "~~~", "no", "~~~"]
    assert contract(*lines, "#### Heading. Too", "Three.") == ("One.", "Two.", "Three.")


def test_what_is_indented_below_an_item_is_not_code() -> None:
    assert contract("- One.", "", "    Two.") == ("One.", "Two.")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["One. These are:", "- a", "- b"], ["One.", "a", "b"]),
        (["These are:", "", "| a |", "| --- |", "| b |"], ["b"]),
        (["Mind this:", "", "It is so."], ["It is so."]),
        (["- Mind:", "- It is so."], ["It is so."]),
        (["The end of the upstream is the end:", "```", "x", "```"], ["The end of the upstream is the end:"]),
        (["The end:", "### Heading", "Two."], ["The end:", "Two."]),
        (["The end:"], ["The end:"]),
    ],
    ids=["list", "table", "paragraph", "item", "code", "heading", "nothing"],
)
def test_what_introduces_something_belongs_to_it(lines: list[str], found: list[str]) -> None:
    assert list(contract(*lines)) == found


@pytest.mark.parametrize(
    "written", ["| a | `b` | | c |", "a | `b` | | c", "  a  |  `b` | |  c", "|a | `b` | | c|"], ids=range(4)
)
def test_a_row_may_be_written_with_or_without_its_outer_bars(written: str) -> None:
    assert plain(written) == "a | `b` | | c"


def test_an_item_may_be_written_with_or_without_its_mark() -> None:
    assert plain("- **One** is\n  enough.") == plain("One is enough.") == "One is enough."
    assert plain("-1 is refused.") == "-1 is refused."


@pytest.mark.parametrize("kata", bundled(), ids=lambda kata: kata.id)
def test_what_is_shown_can_be_copied_into_the_file(kata: Kata) -> None:
    found = sentences(kata.readme.read_text("utf-8"))
    assert len(found) > 20
    assert tuple(map(plain, found)) == found
    assert not [text for text in found if not text[0].isupper() and text[0] not in "`(" and "|" not in text][3:]
