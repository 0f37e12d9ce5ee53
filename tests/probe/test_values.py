"""JSON values are kept by their text and schema, as long as there are few of them."""

from __future__ import annotations

from grader.probe.values import Values


def test_a_value_is_found_by_its_text_and_the_schema_that_it_fits() -> None:
    values = Values()
    kept = values.keep('{"id":1}', "chunk", {"id": 1})
    assert values.get('{"id":1}', "chunk") == (True, kept)
    assert values.get('{"id":1}', "error") == (False, None)
    assert values.get("null", "") == (False, None)
    values.keep("null", "", None)
    assert values.get("null", "") == (True, None)


def test_texts_are_in_memory_once() -> None:
    values = Values()
    one, other = (values.keep(str(n), "", {"choices": [{"role": "".join(("a", "b"))}], "n": n}) for n in (1, 2))
    assert (one["n"], other["n"]) == (1, 2)
    assert one["choices"][0]["role"] is other["choices"][0]["role"] == "ab"


def test_beyond_a_quarter_of_a_mebibyte_no_value_is_kept() -> None:
    values = Values()
    values.keep("x" * (1 << 18), "", "first")
    assert values.keep("y", "", "second") == "second"
    assert values.get("x" * (1 << 18), "") == (True, "first")
    assert values.get("y", "") == (False, None)
