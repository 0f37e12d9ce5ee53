"""What crosses the border of a process: each message survives the way, and garbage is told from messages."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.wire import (
    PULL,
    Blocked,
    ChildConfig,
    End,
    Failed,
    Failure,
    Item,
    Loading,
    Location,
    Opening,
    Order,
    Sign,
    Status,
    Stopped,
    Unreachable,
    encode_status,
    is_pull,
    read_opening,
    read_order,
    read_result,
    read_status,
    upstream_address,
    upstream_variable,
)

TEXTS = ["", "\n", "\r\n", '{"end": true}', "👩‍🚀 \u2028 \0 \\", "\ud800", "x" * 100_000]
PLACE = Location("app.py", 7, "answer", "time.sleep(1)", "sleep")
GARBAGE = [b"", b"\0", b"\xff\xfe", b"[" * 100_000, b"9" * 10_000, b'{"status"', b"null", b"7", b'"x"', b"[]", b"{}"]


def line_of(data: bytes) -> bytes:
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    return data[:-1]


# -- the pull protocol ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_kit_and_an_upstream_send_is_read_as_it_was(text: str) -> None:
    assert read_opening(line_of(Opening(text).encode())) == Opening(text)
    assert read_result(line_of(Item(text).encode())) == Item(text)
    assert read_result(line_of(Failure(text).encode())) == Failure(text)
    assert read_result(line_of(End.END.encode())) == End.END
    assert is_pull(line_of(PULL))


@pytest.mark.parametrize("line", GARBAGE)
def test_garbage_is_no_message_of_the_pull_protocol(line: bytes) -> None:
    assert read_opening(line) is None
    assert not is_pull(line)
    with pytest.raises(RecursionError if line.startswith(b"[[") else ValueError):
        read_result(line)


def test_a_pull_from_too_deep_a_stack_raises_recursion_error() -> None:
    """Not an error about the upstream: the learner's code is what calls itself."""

    def pull(depth: int) -> None:
        read_result(b'{"item": "x"}')
        pull(depth + 1)

    with pytest.raises(RecursionError):
        pull(0)


@pytest.mark.parametrize("line", [b'{"item": 1}', b'{"item": null}', b'{"error": []}', b'{"end": false}'])
def test_a_result_of_another_type_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a result"):
        read_result(line)


@pytest.mark.parametrize("address", [("127.0.0.1", 1), ("::1", 65535)])
def test_the_address_survives_the_environment(address: tuple[str, int]) -> None:
    assert upstream_address(upstream_variable(address)) == address


@pytest.mark.parametrize("value", ["", "here", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", ":-1"])
def test_without_a_valid_address_there_is_no_grader(value: str) -> None:
    assert upstream_address({"STREAM_KATAS_UPSTREAM": value}) is None
    assert upstream_address({}) is None


# -- status lines ---------------------------------------------------------------------------------------------------

STATUSES: list[Status] = [
    *Sign,
    Loading(0.0),
    Loading(1.5, PLACE),
    Blocked(2, PLACE),
    Failed("it raises", "look", (PLACE, PLACE)),
    Failed("it raises"),
    Unreachable("no route"),
    Stopped(),
    Stopped("OSError: no"),
]


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: type(status).__name__)
def test_a_status_is_read_as_it_was(status: Status) -> None:
    assert read_status(line_of(encode_status(status))) == status


@pytest.mark.parametrize("line", GARBAGE)
def test_garbage_is_no_status(line: bytes) -> None:
    assert read_status(line) is None


@pytest.mark.parametrize(
    "line",
    [
        b'{"status": "dancing"}',
        b'{"status": ["tick"]}',
        b'{"status": "loading"}',
        b'{"status": "loading", "seconds": "1", "location": null}',
        b'{"status": "loading", "seconds": NaN, "location": null}',
        b'{"status": "blocked", "seconds": Infinity, "location": null}',
        b'{"status": "blocked", "seconds": 1e999, "location": null}',
        b'{"status": "blocked", "seconds": -1, "location": null}',
        b'{"status": "blocked", "seconds": ' + b"9" * 4000 + b', "location": null}',
        b'{"status": "failed", "headline": 1, "advice": "", "frames": []}',
        b'{"status": "failed", "headline": "x", "advice": "", "frames": 7}',
        b'{"status": "stopped", "error": null}',
    ],
)
def test_a_status_with_fields_of_another_kind_is_garbage(line: bytes) -> None:
    assert read_status(line) is None


def test_a_place_that_is_garbage_is_left_out() -> None:
    bad: list[object] = [None, 7, [], {}, ["x", "y", "", "", ""], ["x", 1]]
    good = ["x", 10**400, "", "\ud800", ""]
    line = json.dumps({"status": "failed", "headline": "\udfff", "advice": "", "frames": [*bad, good]}).encode()
    assert read_status(line) == Failed("\\udfff", "", (Location("x", 0, "", "\\ud800", ""),))


VALUES: st.SearchStrategy[object] = st.sampled_from(
    [None, True, -1, 1 << 40, 0.5, float("nan"), float("inf"), "", "\ud800", "é", [], {}, [[]]]
)
PLACES = st.lists(VALUES, min_size=4, max_size=6) | st.just(["x", 1, "", "\ud800", ""])
NAMES = st.sampled_from(["tick", "imported", "ready", "loading", "blocked", "failed", "stopped", "other"])
FIELDS = st.dictionaries(
    st.sampled_from(["seconds", "location", "headline", "advice", "frames", "error"]),
    VALUES | PLACES | st.lists(PLACES, max_size=2),
)


@given(NAMES, FIELDS)
def test_whatever_json_comes_a_report_can_hold_what_is_read(name: str, fields: dict[str, object]) -> None:
    status = read_status(json.dumps({"status": name, **fields}).encode())
    if status is not None:
        json.dumps(status if isinstance(status, tuple) else status.value, allow_nan=False, ensure_ascii=False).encode(
            "utf-8"
        )


@given(st.binary())
def test_whatever_bytes_come_reading_raises_nothing(data: bytes) -> None:
    assert read_status(data) is None
    assert read_opening(data) is None


# -- orders and configuration ---------------------------------------------------------------------------------------


def test_orders_have_one_byte_and_the_end_of_the_lifeline_is_none() -> None:
    assert {read_order(order.value) for order in Order} == set(Order)
    assert all(len(order.value) == 1 for order in Order)
    assert read_order(b"") is None
    assert read_order(b"?") is None


def test_a_configuration_is_read_as_it_was() -> None:
    root, server = "/tmp/\udcff ü", ("asyncio", "h11", 1 << 30, "a plan")
    config = ChildConfig(f"{root}/app.py", root, "app", "api.app", False, *server, 3, 4, 5)
    assert ChildConfig.decode(config.encode()) == config
