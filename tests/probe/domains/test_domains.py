"""Each class of a domain has an instance in every grade, and the instances are what the names of the classes say."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from itertools import pairwise
from random import Random
from string import Template
from urllib.parse import urlencode

import pytest

from grader.probe.domains.counts import every_count, many
from grader.probe.domains.fields import every_field, identity
from grader.probe.domains.flags import every_bad_flag
from grader.probe.domains.keys import every_key, every_name
from grader.probe.domains.texts import every_opening, every_text
from grader.probe.domains.values import every_extra, every_extreme, wrong_values

DOMAINS: dict[str, Callable[[Random], Mapping[str, object]]] = {
    "texts": every_text,
    "keys": every_key,
    "names": every_name,
    "bad flags": every_bad_flag,
    "extra keys": every_extra,
    "extreme values": every_extreme,
    "fields": every_field,
    "fields of one client": identity,
    "wrong values": wrong_values,
}
#: Those whose classes have fixed names; one of the extra keys is drawn.
NAMED = sorted(DOMAINS.keys() - {"extra keys"})
SEEDS = range(20)


@pytest.mark.parametrize("name", DOMAINS)
def test_a_seed_decides_the_instances(name: str) -> None:
    domain = DOMAINS[name]
    assert domain(Random("seed")) == domain(Random("seed"))
    assert domain(Random("seed")) != domain(Random("other seed"))


@pytest.mark.parametrize("name", NAMED)
def test_every_class_is_in_every_grade(name: str) -> None:
    domain = DOMAINS[name]
    assert len({frozenset(domain(Random(seed))) for seed in SEEDS}) == 1


@pytest.mark.parametrize("name", DOMAINS)
def test_json_and_utf_8_can_carry_every_instance(name: str) -> None:
    for seed in SEEDS:
        found = DOMAINS[name](Random(seed))
        assert json.loads(json.dumps(found).encode("utf-8")) == found
        assert json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8")) == found


#: What careless code does to a text or a key. Each shows in some instance.
CHANGES: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "strip line feeds": lambda text: text.strip("\n"),
    "lower": str.lower,
    "upper": str.upper,
    "casefold": str.casefold,
    "NFC": lambda text: unicodedata.normalize("NFC", text),
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "NFKC": lambda text: unicodedata.normalize("NFKC", text),
    "ASCII": lambda text: text.encode("ascii", "ignore").decode(),
    "Latin-1": lambda text: text.encode("latin-1", "replace").decode("latin-1"),
    "the BMP": lambda text: "".join(char for char in text if ord(char) < 0x10000),
    "printable": lambda text: "".join(char for char in text if char.isprintable()),
    "no NUL": lambda text: text.replace("\0", ""),
    "no byte order mark": lambda text: text.removeprefix("\ufeff"),
    "single spaces": lambda text: " ".join(text.split(" ")) if "  " not in text else re.sub(" +", " ", text),
    "first line": lambda text: text.split("\n")[0],
    "universal line endings": lambda text: text.replace("\r\n", "\n").replace("\r", "\n"),
    "no quotes": lambda text: text.replace('"', "'"),
    "no quotation marks around it": lambda text: text.strip('"'),
    "no single quotation marks around it": lambda text: text.strip("'"),
    "a template": lambda text: Template(text).safe_substitute(),
    "per cent": lambda text: text.replace("%%", "%"),
    "links": lambda text: text.replace("http://", "https://"),
    "no numbers of cards": lambda text: re.sub(r"\d{4} \d{4} \d{4} \d{4}", "****", text),
    "NaN": lambda text: re.sub(r"\b(NaN|Infinity)\b", "null", text),
    "bytes by the thousand": lambda text: b"".join(
        text.encode()[at : at + 1000].decode(errors="ignore").encode() for at in range(0, len(text.encode()), 1000)
    ).decode(),
    "braces": lambda text: text.replace("{{", "{").replace("}}", "}"),
    "cut": lambda text: text[:4096],
    "unescaped": lambda text: text.replace("\\n", "\n"),
    "HTML": lambda text: text.replace("<", "&lt;"),
    "percent": lambda text: re.sub("%20", " ", text),
    "plus": lambda text: text.replace("+", " "),
}
#: Changes to what an upstream gives: those of tokenizers, and of code that undoes escapes.
CHANGES_OF_TEXTS: dict[str, Callable[[str], str]] = {
    "no space before signs": lambda text: re.sub(r" ([.,!?;:])", r"\1", text),
    "no space in contractions": lambda text: text.replace(" n't", "n't").replace(" 's", "'s"),
    "escapes undone": lambda text: re.sub(r"\\u00e9", "\u00e9", text),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["texts", "keys"])
def test_every_careless_change_shows(name: str, change: str) -> None:
    for seed in SEEDS:
        values = DOMAINS[name](Random(seed)).values()
        assert any(CHANGES[change](str(value)) != value for value in values)


@pytest.mark.parametrize("change", CHANGES_OF_TEXTS)
def test_every_careless_change_of_a_text_shows(change: str) -> None:
    for seed in SEEDS:
        values = every_text(Random(seed)).values()
        assert any(CHANGES_OF_TEXTS[change](value) != value for value in values)


def test_a_long_word_is_broken_by_a_sign() -> None:
    """So that a pattern that splits words in each way, such as `(\\w+)+`, never comes to an end."""
    for seed in SEEDS:
        for domain in (every_text, every_key):
            assert re.fullmatch(r"[a-z]{40}!", domain(Random(seed))["a long word and a sign"])


def test_words_of_the_protocols_stand_alone() -> None:
    texts = every_text(Random("seed")).values()
    assert {"[DONE]", "data:", "done", "null", "{}", "\n", "\r", " "} <= set(texts)


def test_empty_texts_are_at_both_ends_and_two_in_a_row() -> None:
    for seed in SEEDS:
        texts = list(every_text(Random(seed)).values())
        assert texts[0] == texts[-1] == ""
        assert ("", "") in pairwise(texts)


def test_one_text_begins_with_all_before_it() -> None:
    for seed in SEEDS:
        texts = list(every_text(Random(seed)).values())
        before = "".join(texts[:2])
        assert texts[2].startswith(before)
        assert before != texts[2]


def test_texts_that_look_like_half_of_something_are_among_the_others() -> None:
    openings = every_opening()
    assert all(openings.values())
    for seed in SEEDS:
        assert openings.items() <= every_text(Random(seed)).items()


def test_a_text_is_repeated_at_once_and_later() -> None:
    for seed in SEEDS:
        texts = [text for text in every_text(Random(seed)).values() if text]
        repeated = [text for text, following in pairwise(texts) if text == following]
        assert [texts.count(text) for text in repeated] == [3, 3] or [texts.count(text) for text in repeated] == [3]


def test_texts_are_longer_than_usual_limits() -> None:
    sizes = sorted(len(text) for text in every_text(Random("seed")).values())
    assert 4096 < sizes[-4] < 10_000
    assert 65_536 < sizes[-1] < 100_000


def test_keys_are_different_and_never_empty_and_short_enough_for_a_request_line() -> None:
    for seed in SEEDS:
        keys = list(every_key(Random(seed)).values())
        assert all(keys)
        assert len(set(keys)) == len(keys)
        assert 4096 < max(len(urlencode({"key": key})) for key in keys) < 48_000


def test_many_is_more_than_a_window_and_bounded() -> None:
    assert all(512 < many(Random(seed)) < 540 for seed in SEEDS)
    assert all(every_count(Random(seed))[:3] == (0, 1, 2) for seed in SEEDS)


def test_a_value_of_many_levels_is_less_than_json_readers_take() -> None:
    text = json.dumps(every_extreme(Random("seed"))["schema"])
    assert text.count("[") == text.count("{") == 8


#: Spellings that libraries take for true or false (pydantic's, PyYAML's, distutils', some in other languages).
SPELLINGS = {
    *("true t yes y on 1 enable enabled ok ja si oui wahr false f no n off 0 disable disabled nein non falsch".split()),
    *("1.0", "0.0", "none", "null", "nil", ""),
}


def test_a_bad_flag_is_no_spelling_of_true_or_false() -> None:
    for seed in SEEDS:
        values = every_bad_flag(Random(seed)).values()
        assert not {value.strip().lower() for value in values} & SPELLINGS
        assert {value[0] for value in values} >= set("tfynoedjs")


def test_wrong_values_have_no_right_type() -> None:
    assert "a text" not in wrong_values(Random("seed"), str)
    assert {"null", "a fraction", "true"} <= wrong_values(Random("seed"), int).keys()
    assert not {"zero", "a negative number"} & wrong_values(Random("seed"), int).keys()
    assert not {"a fraction", "zero"} & wrong_values(Random("seed"), float).keys()
    assert "null" not in wrong_values(Random("seed"), str, None)
    assert wrong_values(Random("seed"), list).keys() >= {"an object", "an empty text", "null", "true", "one"}
