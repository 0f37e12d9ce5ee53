"""A body in gzip is decoded as it comes, for a client that accepts it."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.protocol.coding import GzipDecoder, NotGzip, decoder_for
from grader.protocol.http1 import Head

MOST = 1 << 20


def head(*fields: tuple[str, str]) -> Head:
    return Head(200, fields)


@given(st.binary(max_size=200), st.integers(1, 50))
def test_a_body_is_decoded_however_it_is_cut(body: bytes, cut: int) -> None:
    sent, decoder = gzip.compress(body), GzipDecoder()
    parts = [decoder.decode(sent[start : start + cut], most=MOST) for start in range(0, len(sent), cut)]
    assert b"".join(parts) == body


def test_what_was_flushed_is_read_at_once_and_the_rest_later() -> None:
    compressor, decoder = zlib.compressobj(wbits=31), GzipDecoder()
    held_back = compressor.compress(b"data: 1\n\n")
    assert decoder.decode(held_back, most=MOST) == b""
    assert decoder.decode(compressor.flush(zlib.Z_SYNC_FLUSH), most=MOST) == b"data: 1\n\n"


def test_no_more_is_decoded_than_its_reader_takes() -> None:
    assert GzipDecoder().decode(gzip.compress(b"0" * 100_000), most=10) == b"0" * 10


def test_a_body_without_its_trailer_has_not_ended() -> None:
    whole, cut, empty = GzipDecoder(), GzipDecoder(), GzipDecoder()
    sent = gzip.compress(b"data: 1\n\n")
    whole.decode(sent, most=MOST)
    cut.decode(sent[:-4], most=MOST)
    for ended in (whole, empty):
        ended.close()
    with pytest.raises(NotGzip, match="ends before its trailer"):
        cut.close()


def test_another_body_is_not_gzip() -> None:
    with pytest.raises(NotGzip, match="incorrect header check"):
        GzipDecoder().decode(b"data: 1\n\n", most=MOST)


@pytest.mark.parametrize(
    ("fields", "accepted", "decodes"),
    [
        ([("content-encoding", "gzip")], "gzip", True),
        ([("content-encoding", " X-GZIP ")], "gzip, deflate, br", True),
        ([("content-encoding", "gzip")], "", False),
        ([("content-encoding", "br")], "gzip", False),
        ([("content-encoding", "gzip"), ("content-encoding", "gzip")], "gzip", False),
        ([], "gzip", False),
    ],
)
def test_only_what_the_client_accepts_is_decoded(
    fields: list[tuple[str, str]], accepted: str, *, decodes: bool
) -> None:
    assert (decoder_for(head(*fields), accepted) is not None) is decodes
