"""Kata 3's solution speaks to the official client, through a real server on loopback.

The client forgives much, so this proves less than the specification does; but what it says no to, nobody may ship.
"""

from __future__ import annotations

import importlib.util
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
import pytest
import uvicorn
from openai.types.chat import ChatCompletionMessageParam

from grader import kit
from grader.probe.gate import Gate, UpstreamServer
from grader.protocol.transcript import Act

_ROOT = Path(__file__).resolve().parents[2]
SOLUTION = _ROOT / "solutions" / "kata-3-llm-response-simulator" / "app.py"
README = _ROOT / "katas" / "kata-3-llm-response-simulator" / "README.md"
PROMPT = "Sag etwas & mehr, café"
MESSAGES: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": PROMPT},
]
TOKENS = ["Hel", "lo,", "\n", " wor", "ld 👩‍🚀", "\u2028", "[DONE]"]


@dataclass(frozen=True, slots=True)
class Stand:
    """The solution on its stand: the official client at one end, the upstream's gate at the other."""

    client: openai.OpenAI
    gate: Gate


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"{host}:{port}"


def _solution() -> Any:
    spec = importlib.util.spec_from_file_location("kata_3_solution", SOLUTION)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.app


def _unrecorded(act: Act, stream: int, data: bytes, detail: str) -> None:
    pass


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """Serve the solution. The sockets listen before anybody asks, so there is nothing to wait for."""
    source, front = _listener(), _listener()
    upstream = UpstreamServer(source)
    monkeypatch.setattr(kit, "_ADDRESS", source.getsockname())
    server = uvicorn.Server(uvicorn.Config(_solution(), loop="asyncio", http="h11", log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [front]}, name="uvicorn")
    thread.start()
    base, http = f"http://{_address(front)}/v1", openai.DefaultHttpxClient(trust_env=False)  # no proxy to loopback
    with openai.OpenAI(base_url=base, api_key="none", max_retries=0, timeout=30, http_client=http) as client:
        yield Stand(client, upstream.open_gate(PROMPT, _unrecorded))
    server.should_exit = True
    thread.join(timeout=30)
    upstream.close()
    assert not thread.is_alive()


def test_batch(stand: Stand) -> None:
    stand.gate.give(TOKENS)
    stand.gate.finish()
    answer = stand.client.chat.completions.create(model="kata", messages=MESSAGES)
    assert (answer.object, answer.model) == ("chat.completion", "kata")
    assert (answer.choices[0].message.role, answer.choices[0].finish_reason) == ("assistant", "stop")
    assert answer.choices[0].message.content == "".join(TOKENS)
    assert answer.usage is not None
    assert answer.usage.completion_tokens == len(TOKENS)
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + len(TOKENS)


def test_stream_token_by_token(stand: Stand) -> None:
    with stand.client.chat.completions.create(model="kata", messages=MESSAGES, stream=True) as stream:
        first = next(stream)
        assert (first.object, first.choices[0].delta.role) == ("chat.completion.chunk", "assistant")
        for token in TOKENS:
            stand.gate.give([token])
            chunk = next(stream)
            assert (chunk.id, chunk.choices[0].delta.content) == (first.id, token)
            assert chunk.choices[0].finish_reason is None
        stand.gate.finish()
        rest = list(stream)
    assert [chunk.choices[0].finish_reason for chunk in rest] == ["stop"]


def test_stream_with_usage(stand: Stand) -> None:
    stand.gate.give(TOKENS)
    stand.gate.finish()
    stream = stand.client.chat.completions.create(
        model="kata", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    *before, last = stream
    assert "".join(chunk.choices[0].delta.content or "" for chunk in before) == "".join(TOKENS)
    assert [chunk.usage for chunk in before if chunk.usage] == []
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.completion_tokens == len(TOKENS)


def test_accumulated_by_the_client(stand: Stand) -> None:
    """The client's own helper adds the chunks up to a completion; it is stricter than its iterator."""
    stand.gate.give(TOKENS)
    stand.gate.finish()
    with stand.client.chat.completions.stream(model="kata", messages=MESSAGES) as stream:
        answer = stream.get_final_completion()
    assert answer.choices[0].message.content == "".join(TOKENS)
    assert answer.choices[0].finish_reason == "stop"


def test_failure_in_mid_stream(stand: Stand) -> None:
    stand.gate.give(TOKENS)
    stand.gate.finish(error="the upstream is out of order")
    with stand.client.chat.completions.create(model="kata", messages=MESSAGES, stream=True) as stream:
        seen = [next(stream).choices[0].delta.content or "" for _ in ["", *TOKENS]]  # the role comes by itself
        assert "".join(seen) == "".join(TOKENS)
        with pytest.raises(openai.APIError, match="out of order"):
            next(stream)


def test_failure_of_a_batch(stand: Stand) -> None:
    stand.gate.finish(error="the upstream is out of order")
    with pytest.raises(openai.InternalServerError, match="out of order") as caught:
        stand.client.chat.completions.create(model="kata", messages=MESSAGES)
    assert caught.value.status_code == 502


@pytest.mark.parametrize("stream", [False, True])
def test_no_messages(stand: Stand, stream: bool) -> None:
    with pytest.raises(openai.BadRequestError, match="messages") as caught:
        stand.client.chat.completions.create(model="kata", messages=[], stream=stream)
    assert caught.value.type == "invalid_request_error"


def test_a_block_without_data_is_what_the_readme_says_it_is() -> None:
    """The standard allows it, so the checks do; the client raises, so the README says that."""
    front = _listener()
    served = threading.Thread(target=_serve_once, args=(front, b'retry: 3000\n\ndata: {"choices": []}\n\n'))
    served.start()
    base, http = f"http://{_address(front)}/v1", openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(base_url=base, api_key="none", max_retries=0, timeout=30, http_client=http) as client:
        stream = client.chat.completions.create(model="kata", messages=MESSAGES, stream=True)
        with pytest.raises(json.JSONDecodeError):
            next(stream)
    served.join(timeout=30)
    said = "at a block without data, such as a `retry` field with a blank line of its own, it raises `JSONDecodeError`"
    assert said in " ".join(README.read_text("utf-8").split())


def _serve_once(listener: socket.socket, events: bytes) -> None:
    with listener, listener.accept()[0] as connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + events)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):  # with unread bytes the close would become a RST, and drop the events
            pass
