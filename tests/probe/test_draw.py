"""What a seed decides: repeatable, unlike other checks' and other runs', and as awkward as promised."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import pytest

from grader.probe.draw import Draw, mark_of

DRAWS: dict[str, Callable[[Draw], Any]] = {
    "key": Draw.key,
    "number": lambda draw: draw.number(0, 10**9),
    "word": lambda draw: [draw.word() for _ in range(3)],
    "texts": lambda draw: draw.texts(5),
    "awkward texts": Draw.awkward_texts,
    "block": lambda draw: draw.block(100),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_decides_a_draw(name: str) -> None:
    draw = DRAWS[name]
    assert draw(Draw("seed:check")) == draw(Draw("seed:check"))
    assert draw(Draw("seed:check")) != draw(Draw("seed:other check"))
    assert draw(Draw("seed:check")) != draw(Draw("other seed:check"))


@pytest.mark.parametrize("name", DRAWS)
def test_two_draws_of_one_check_differ(name: str) -> None:
    draw = Draw("seed")
    assert DRAWS[name](draw) != DRAWS[name](draw)


def test_a_key_needs_decoding() -> None:
    for number in range(50):
        key = Draw(str(number)).key()
        assert quote_plus(key) != key
        assert not key.isascii()
        assert {" ", "&"} < set(key)
        assert key.isprintable()


def test_only_a_drawn_key_has_a_mark() -> None:
    key = Draw("seed").key()
    assert key.endswith(f" {mark_of(key)}")
    assert {mark_of(text) for text in Draw("seed").every_key().values()} == {""}


def test_a_number_reaches_both_bounds_and_no_further() -> None:
    draw = Draw("seed")
    assert {draw.number(3, 6) for _ in range(200)} == {3, 4, 5, 6}


def test_a_prime_leaves_a_rest_in_groups_of_any_size() -> None:
    found = {Draw(str(seed)).prime(101, 113) for seed in range(100)}
    assert found == {101, 103, 107, 109, 113}
    assert {Draw(str(seed)).prime(0, 4) for seed in range(100)} == {2, 3}


def test_texts_are_different_tokens() -> None:
    for count in (0, 1, 5, 500):
        texts = Draw("seed").texts(count)
        assert len(set(texts)) == count
        assert all(re.fullmatch(r" [a-z]+\d+", text) for text in texts)


def test_a_word_fits_into_a_path_or_a_name() -> None:
    assert re.fullmatch(r"[a-z]+\d+", Draw("seed").word())


AWKWARD: dict[str, Callable[[str], bool]] = {
    "several lines": lambda text: len(text.strip().split("\n")) > 1,
    "a lone CR": lambda text: re.search(r"\r(?!\n)", text) is not None,
    "a CRLF": lambda text: "\r\n" in text,
    "a separator that is no line end": lambda text: not {"\u2028", "\u2029", "\u0085"}.isdisjoint(text),
    "both quotes": lambda text: {"'", '"'} <= set(text),
    "a backslash": lambda text: "\\" in text,
    "characters beyond the BMP": lambda text: any(ord(char) > 0xFFFF for char in text),
    "a zero-width joiner": lambda text: "\u200d" in text,
    "a blank at the front": lambda text: text.startswith(" ") and text.strip() != "",
    "a blank at the end": lambda text: text.endswith(" ") and text.strip() != "",
    "blanks alone": lambda text: text != "" and set(text) == {" "},
    "a newline alone": lambda text: text == "\n",
    "a field in mid-text": lambda text: re.search(r"\n(id|data|event|retry):", text) is not None,
    "a field at the front": lambda text: text.startswith("data:"),
    "an empty line": lambda text: "\n\n" in text,
    "a colon": lambda text: ":" in text,
    "a tab": lambda text: "\t" in text,
    "the marker of the end": lambda text: "[DONE]" in text,
    "Python's notation": lambda text: text.startswith("{'"),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_texts_hold_what_careless_code_loses(name: str) -> None:
    for number in range(10):
        assert any(AWKWARD[name](text) for text in Draw(str(number)).awkward_texts())


def test_awkward_texts_are_neither_empty_nor_impossible() -> None:
    texts = Draw("seed").awkward_texts()
    assert all(texts)
    assert [json.loads(json.dumps(text)) for text in texts] == texts
    assert [text.encode("utf-8").decode("utf-8") for text in texts] == texts


def test_a_block_does_not_tell_what_is_drawn_next() -> None:
    """Nor the seed, and so the texts of later checks: 624 numbers of a Mersenne Twister in a row are its state."""
    draw = Draw("seed")
    data = bytes.fromhex(draw.block(2 * 4 * 624))
    words = [_untempered(int.from_bytes(data[at : at + 4], "little")) for at in range(0, len(data), 4)]
    copy = random.Random()
    copy.setstate((3, (*words, 624), None))
    following = copy.randbytes(32).hex()  # a number may have been drawn for the block that is not shown whole
    assert following[8:] not in draw.block(64) + draw.block(64)


def _untempered(word: int) -> int:
    """The word of the Mersenne Twister's state from which it has made this one."""
    word ^= word >> 18
    word ^= word << 15 & 0xEFC60000
    low = word
    for _ in range(5):
        low = word ^ (low << 7 & 0x9D2C5680)
    high = low
    for _ in range(3):
        high = low ^ high >> 11
    return high & 0xFFFFFFFF


@pytest.mark.parametrize("size", [0, 1, 2, 999, 16 << 10])
def test_a_block_is_as_long_as_asked(size: int) -> None:
    block = Draw("seed").block(size)
    assert len(block) == size
    assert block.isascii()
