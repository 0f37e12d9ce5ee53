"""A request's bytes, and what it asks for. What httpx would send is the measure."""

from __future__ import annotations

from typing import Any

import h11
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.probe.asked import Asked
from grader.probe.request import HOST, Request

LAW = settings(deadline=None, derandomize=True, database=None, max_examples=300)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
QUERY = TEXTS | st.booleans() | st.integers() | st.none()
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
VALUES = st.from_regex(r"[!-~\x80-\xff](?:[ -~\x80-\xff\t]*[!-~\x80-\xff])?", fullmatch=True).map(
    lambda text: text.encode("latin-1")
)
FIELDS = st.lists(st.tuples(st.sampled_from([b"Accept", b"X-A", b"x-a", b"Content-Type"]), VALUES), max_size=4)


def ours(**parts: Any) -> Request:
    return Request.of(parts["method"], parts["path"], **{key: parts[key] for key in parts if key in OPTIONS})


OPTIONS = ("params", "fields", "json", "content")


def theirs(**parts: Any) -> httpx.Request:
    options = {"params": parts.get("params"), "json": parts.get("json"), "content": parts.get("content")}
    return httpx.Request(parts["method"], f"http://{HOST}{parts['path']}", headers=parts.get("fields"), **options)


def on_the_wire(request: httpx.Request) -> bytes:
    """The bytes of httpx's request, with Content-Length as its last field, as curl has it."""
    connection = h11.Connection(h11.CLIENT)
    fields = sorted(request.headers.raw, key=lambda field: field[0].lower() == b"content-length")
    head = h11.Request(method=request.method, target=request.url.raw_path, headers=fields)
    parts = [connection.send(head), connection.send(h11.Data(data=request.read())), connection.send(h11.EndOfMessage())]
    return b"".join(part for part in parts if part)


@LAW
@given(
    path=st.sampled_from(["/", "/tasks", "/items[1]", "/a b/é", "/tasks/%20", "/q?x=1"]),
    params=st.none() | st.dictionaries(TEXTS, QUERY | st.lists(QUERY, max_size=3), min_size=1, max_size=3),
    fields=FIELDS,
)
def test_a_get_request_is_the_one_that_httpx_sends(path: str, params: dict[str, Any] | None, fields: list[Any]) -> None:
    parts = {"method": "GET", "path": path, "params": params, "fields": fields}
    assert ours(**parts).parts()[0] == on_the_wire(theirs(**parts))


@LAW
@given(value=JSONS, fields=FIELDS)
def test_a_post_request_has_its_json_as_httpx_writes_it(value: object, fields: list[Any]) -> None:
    parts = {"method": "POST", "path": "/tasks", "json": value, "fields": fields}
    assert ours(**parts).parts()[0] == on_the_wire(theirs(**parts))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD"])
@pytest.mark.parametrize("content", [None, b"", b"{'a':", b"\xff\x00\r\n"])
def test_content_goes_as_it_is(method: str, content: bytes | None) -> None:
    parts = {"method": method, "path": "/", "content": content}
    assert ours(**parts).parts()[0] == on_the_wire(theirs(**parts))


@LAW
@given(params=st.dictionaries(TEXTS, TEXTS, max_size=3), value=JSONS, fields=FIELDS)
def test_what_is_asked_for_is_what_was_sent(params: dict[str, str], value: object, fields: list[Any]) -> None:
    asked = Asked.of(Request.of("POST", "/é", params=params, json=value, fields=fields))
    other = theirs(method="POST", path="/é", params=params, json=value, fields=fields)
    assert (asked.method, asked.path, asked.params) == ("POST", "/é", params)
    assert set(asked.headers) == {name.lower() for name in other.headers}
    assert asked.json == value


@pytest.mark.parametrize(
    "fields",
    [[(b"X", b"a\r\nb")], [(b"X", b"a\0")], [(b"X", b" a")], [(b"X", b"a\t")], [(b"", b"a")], [(b"X Y", b"a")]],
)
def test_a_field_that_http_does_not_allow_is_refused(fields: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(ValueError, match="Illegal header"):
        Request.of("GET", "/", fields=fields)
    with pytest.raises(h11.LocalProtocolError):
        h11.Request(method="GET", target="/", headers=[(b"Host", b"a"), *fields])


IN_CHUNKS = [(b"Host", b"a"), (b"Transfer-Encoding", b"chunked")]


def as_read(sent: bytes) -> bytes:
    """The body of a request, as h11 reads it."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(sent)
    found = []
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        assert event is not h11.NEED_DATA
        found += [bytes(event.data)] if isinstance(event, h11.Data) else []
    return b"".join(found)


@LAW
@given(body=st.binary(max_size=40), hold_back=st.integers(0, 50))
def test_a_body_goes_in_chunks_where_a_field_says_so(body: bytes, hold_back: int) -> None:
    first, rest = Request.of("POST", "/", fields=IN_CHUNKS, content=body).parts(hold_back)
    assert as_read(first + rest) == body
    assert bool(rest) == bool(body and hold_back)


@LAW
@given(body=st.binary(max_size=40), hold_back=st.integers(0, 50))
def test_the_end_of_a_body_is_a_part_of_its_own(body: bytes, hold_back: int) -> None:
    first, rest = Request.of("POST", "/", content=body).parts(hold_back)
    assert as_read(first + rest) == body
    assert rest == body[max(0, len(body) - hold_back) :]


def test_a_text_that_utf_8_cannot_write_is_refused() -> None:
    for parts in ({"json": "\ud800"}, {"params": {"a": "\ud800"}}):
        with pytest.raises(ValueError, match="surrogates"):
            Request.of("POST", "/", **parts)


@pytest.mark.parametrize("method", ["", "G T", "GET\r\n", "GÉT"])
def test_a_method_is_a_token(method: str) -> None:
    with pytest.raises(ValueError, match=r"Illegal method|ascii"):
        Request.of(method, "/")


def test_not_a_number_is_no_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        Request.of("POST", "/", json=float("nan"))


def test_what_is_given_is_not_made_up_once_more() -> None:
    fields = [(b"Host", b"example.org"), (b"content-length", b"2"), (b"content-type", b"a/b")]
    parts = {"method": "POST", "path": "/", "json": [], "fields": fields}
    assert ours(**parts).fields == tuple(fields)
    assert sorted(on_the_wire(theirs(**parts)).split(b"\r\n")) == sorted(ours(**parts).parts()[0].split(b"\r\n"))


def test_fields_of_a_name_are_replaced() -> None:
    request = Request.of("POST", "/", fields=[(b"Last-Event-ID", b"1"), (b"X", b"y")], content=b"z")
    again = request.with_fields(b"last-event-id", [(b"Last-Event-ID", b"2")])
    names = [field[0] for field in again.fields]
    assert names == [b"Host", b"X", b"Last-Event-ID", b"Content-Length"]
    assert again.headers["last-event-id"] == "2"


def test_a_client_of_http_1_0_says_so() -> None:
    request = Request.of("POST", "/tasks", content=b"x", http10=True)
    assert request.parts()[0].startswith(b"POST /tasks HTTP/1.0\r\n")
    with pytest.raises(ValueError, match="knows no Transfer-Encoding"):
        Request.of("POST", "/tasks", content=b"x", fields=[(b"Transfer-Encoding", b"chunked")], http10=True)
