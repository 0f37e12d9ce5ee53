"""The worked examples: each runs, shows both sides, and ends; and the pieces of their apps are right."""

import asyncio
import functools
import importlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NUMBERS = (1, 2, 3, 4)
PATIENCE = 60  # seconds; reached only by an example that hangs

BATCH, STREAM = "application/json", "text/event-stream"


def load(name: str) -> ModuleType:
    """Import a module of the examples by its bare name, as the examples themselves do."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(EXAMPLES))


accept, modes, sse = load("accept"), load("modes"), load("sse")
example_1, example_2, example_3, example_4 = (load(f"example_{number}") for number in NUMBERS)


@functools.cache
def played(number: int) -> subprocess.CompletedProcess[str]:
    """Run an example to its end, once. What it leaves open or never awaits is complained about."""
    strict = ["-W", "always::ResourceWarning", "-W", "always::RuntimeWarning"]
    command = [sys.executable, *strict, str(EXAMPLES / f"example_{number}.py")]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def lanes(number: int) -> tuple[str, str]:
    """Give what an example's server said and what its client said, with wrapped lines joined."""
    rows = [line.split(" | ") for line in played(number).stdout.splitlines() if re.match(r"( *[\d.]+| {5}) \| ", line)]
    cells = [(row[0].strip(), row[1].rstrip(" |"), row[2] if len(row) > 2 else "") for row in rows]
    server = "".join(f"\n{left}" if stamp else f" {left.strip()}" for stamp, left, _ in cells if left.strip())
    client = "".join(f"\n{right}" if stamp else f" {right.strip()}" for stamp, _, right in cells if right.strip())
    return server, client


def send(app: Any, method: str, path: str, **options: Any) -> httpx.Response:
    """Send one request to an app in this process, without httpx's own Accept header."""

    async def answer() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
            del client.headers["Accept"]
            return await client.request(method, path, **options)

    return asyncio.run(answer())


def events(response: httpx.Response) -> list[Any]:
    """Read a whole response as events."""
    return list(sse.read_events([response.content]))


# --- All four, as a reader runs them ---


@pytest.mark.parametrize("number", NUMBERS)
def test_ends_by_itself_without_complaint(number: int) -> None:
    assert (played(number).returncode, played(number).stderr) == (0, "")


@pytest.mark.parametrize("number", NUMBERS)
def test_is_plain_text_within_80_columns(number: int) -> None:
    output = played(number).stdout
    assert "\x1b" not in output
    assert [line for line in output.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("number", NUMBERS)
def test_shows_both_sides(number: int) -> None:
    assert " time | server                             | client" in played(number).stdout
    assert all(lanes(number))


def test_ends_tidily_on_ctrl_c() -> None:
    # A parent that ignores SIGINT, as shells do for background jobs, hands that down; so it is set in the child.
    start = "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    start += "runpy.run_path(sys.argv[1], run_name='__main__')"
    command = [sys.executable, "-c", start, str(EXAMPLES / "example_3.py")]
    env = os.environ | {"PYTHONPATH": str(EXAMPLES)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env) as example:
        assert example.stdout
        assert any("token 1 of 4" in line for line in example.stdout)
        example.send_signal(signal.SIGINT)
        output, complaints = example.communicate(timeout=PATIENCE)
    assert example.returncode == 130
    assert output.endswith("\nStopped.\n")
    assert complaints == ""


# --- What each of them must show ---


def test_1_stream_comes_day_by_day_and_batch_at_once() -> None:
    output = played(1).stdout
    stream, batch = output.split("As a batch")
    assert stream.index("200 OK") < stream.index("Mon is ready")
    assert stream.index('"Mon"') < stream.index("Tue is ready")
    assert batch.index("Fri is ready") < batch.index("200 OK")
    assert "The days are the same." in output


def test_2_table_says_which_mode_and_why() -> None:
    table = dict(re.findall(r"^(\S.*?) +\| (\w+ +\| .+)$", played(2).stdout, re.MULTILINE))
    assert " ".join(table.pop("request").split()) == "answer | decided by"
    assert {request: " ".join(answer.split()) for request, answer in table.items()} == {
        "(no signal at all)": "batch | default",
        "Accept: */*": "batch | default",
        "Accept: text/event-stream": "stream | Accept",
        "Accept: text/*, application/json;q=0.9": "stream | Accept",
        "Accept: text/event-stream;q=0.1, */*": "batch | Accept",
        "Accept: */*, application/json;q=0": "stream | Accept",
        "Accept: image/png": "406 | -",
        "Accept: */*  key ann-1": "stream | capability",
        "Accept: */*  key bob-1": "batch | default",
        "Accept: application/json  key ann-1": "batch | Accept",
        "stream: true  Accept: application/json": "stream | body flag",
        "?mode=batch  stream: true": "batch | query",
        "/poems/sun  Accept: text/event-stream": "404 | -",
    }


def test_3_model_stops_when_its_client_leaves() -> None:
    server, client = lanes(3)
    stopped = re.search(r"model stopped after (\d+) of 500 tokens", server)
    assert stopped
    assert 6 <= int(stopped[1]) < 500
    assert "disconnects: closes the connection" in client
    assert f"asks /stats: 0 models running, {stopped[1]} tokens made of 500" in client
    assert "The model stopped because its client had disconnected." in " ".join(played(3).stdout.split())


def test_4_only_the_bounded_producer_is_held_back() -> None:
    most = re.search(r"made and not read, at most +(\d+) +(\d+)", played(4).stdout)
    assert most
    # 16 items in the queue and 64 KiB in uvicorn, with room left for kernels that round buffers up.
    assert int(most[1]) < 1000
    assert int(most[2]) > example_4.ITEMS / 2
    server, client = lanes(4)
    assert "bounded: full, so put waits" in server
    assert "unbounded: all 20000 made" in server
    assert "stream closed: bounded" in server
    assert "disconnects from both" in client


# --- The pieces ---


@pytest.mark.parametrize(
    ("header", "liked"),
    [
        ("", [BATCH, STREAM]),
        ("*/*", [BATCH, STREAM]),
        (f"{BATCH}, {STREAM}", [BATCH, STREAM]),
        (STREAM, [STREAM]),
        ("TEXT/Event-Stream", [STREAM]),
        ("text/*", [STREAM]),
        (f"{STREAM};q=0.5, {BATCH};q=0.501", [BATCH]),
        (f"{STREAM};Q=0.5, */*;q=0.4", [STREAM]),
        # The most specific range counts, wherever it stands and whatever it weighs.
        (f"*/*, {STREAM};q=0.1", [BATCH]),
        (f"{STREAM};q=0.1, */*", [BATCH]),
        (f"text/*;q=0.9, {STREAM};q=0.2, {BATCH};q=0.3", [BATCH]),
        ("*/*;q=0.9, text/*;q=0.2", [BATCH]),
        (f"{STREAM};q=0.2, {STREAM};charset=utf-8;q=0.9, {BATCH};q=0.5", [STREAM]),
        # q=0 refuses.
        (f"{BATCH};q=0", []),
        (f"{BATCH};q=0, */*", [STREAM]),
        (f"{STREAM};q=0.000, */*;q=0.001", [BATCH]),
        ("*/*;q=0", []),
        ("image/png", []),
        # Parameters narrow a range; all we send is UTF-8.
        (f'{STREAM};charset="UTF-8"', [STREAM]),
        (f"{STREAM};charset=latin-1", []),
        # Separators inside quoted strings separate nothing.
        (f'image/png;a="x, {STREAM};q=1", {BATCH};q=0.1', [BATCH]),
        (f'image/png;a="\\", {STREAM}", {BATCH}', [BATCH]),
        # What cannot be read is left out.
        (f"{STREAM};q=high, {BATCH};q=0.1", [BATCH]),
        (f"{STREAM};q=1.5, {BATCH};q=0.1", [BATCH]),
        (f"*/json, {STREAM}", [STREAM]),
        (f" , ;, {STREAM} ;\tq=0.5 ,,", [STREAM]),
        ("anything", [BATCH, STREAM]),
        ("text/event-streams", []),
    ],
)
def test_accept_header_is_weighed(header: str, liked: list[str]) -> None:
    assert accept.liked_best(header, [BATCH, STREAM]) == liked


@pytest.mark.parametrize(
    ("query", "flag", "header", "key", "decision"),
    [
        ("batch", True, STREAM, "ann-1", ("batch", "query")),
        ("stream", False, BATCH, None, ("stream", "query")),
        (None, False, STREAM, "ann-1", ("batch", "body flag")),
        (None, True, BATCH, None, ("stream", "body flag")),
        (None, True, "image/png", None, ("stream", "body flag")),
        (None, None, STREAM, None, ("stream", "Accept")),
        (None, None, BATCH, "ann-1", ("batch", "Accept")),
        (None, None, "*/*", "ann-1", ("stream", "capability")),
        (None, None, "", "ann-1", ("stream", "capability")),
        (None, None, "*/*", "bob-1", ("batch", "default")),
        (None, None, "*/*", "nobody", ("batch", "default")),
        (None, None, "", None, ("batch", "default")),
    ],
)
def test_first_signal_with_an_opinion_decides(
    query: str | None, flag: bool | None, header: str, key: str | None, decision: tuple[str, str]
) -> None:
    assert modes.decide(query and modes.Mode(query), flag, header, key) == decision


def test_an_accept_header_that_refuses_both_is_told_so() -> None:
    with pytest.raises(modes.NotAcceptable):
        modes.decide(None, None, "image/png", None)


@pytest.mark.parametrize(
    ("path", "header", "status", "media_type"),
    [
        ("/poems/rain", BATCH, 200, BATCH),
        ("/poems/rain", STREAM, 200, STREAM),
        ("/poems/rain", "image/png", 406, BATCH),
        ("/poems/sun", STREAM, 404, BATCH),
    ],
)
def test_every_answer_says_on_what_it_depends(path: str, header: str, status: int, media_type: str) -> None:
    response = send(example_2.app, "GET", path, headers={"Accept": header})
    assert response.status_code == status
    assert response.headers["Content-Type"].partition(";")[0] == media_type
    assert response.headers["Vary"] == "Accept, X-API-Key"


def test_several_accept_lines_are_one_list() -> None:
    headers = [("Accept", f"{BATCH};q=0.5"), ("Accept", STREAM)]
    assert send(example_2.app, "GET", "/poems/rain", headers=headers).headers["Mode-Decided-By"] == "Accept"


def test_both_modes_have_the_same_content() -> None:
    batch = send(example_2.app, "POST", "/poems", json={"poem": "rain", "stream": False})
    stream = send(example_2.app, "POST", "/poems", json={"poem": "rain", "stream": True})
    *lines, done = events(stream)
    assert [json.loads(event.data)["line"] for event in lines] == batch.json()["lines"]
    assert done.name == "done"


def test_forecast_says_the_same_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example_1, "WORK", 0)
    stream = send(example_1.app, "GET", "/forecast?stream=true")
    batch = send(example_1.app, "GET", "/forecast?stream=false")
    *days, done = events(stream)
    assert stream.headers["Cache-Control"] == "no-cache"
    assert [json.loads(day.data) for day in days] == batch.json()
    assert (done.name, json.loads(done.data)) == ("done", {"days": 5})


def chat(monkeypatch: pytest.MonkeyPatch, **options: Any) -> httpx.Response:
    """Ask the parrot of example 3, which loses no time here."""
    monkeypatch.setattr(example_3, "TOKEN_TIME", 0)
    body = {"model": "parrot-1", "messages": [{"role": "user", "content": "Who  is\nthere?"}]} | options
    return send(example_3.app, "POST", "/v1/chat/completions", json=body)


def test_chunks_have_the_shape_of_chat_completions(monkeypatch: pytest.MonkeyPatch) -> None:
    *chunks, done = [event.data for event in events(chat(monkeypatch, stream=True))]
    assert done == "[DONE]"
    parsed = [json.loads(chunk) for chunk in chunks]
    assert {chunk["object"] for chunk in parsed} == {"chat.completion.chunk"}
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in parsed}) == 1
    choices = [choice for chunk in parsed for choice in chunk["choices"]]
    assert [choice["delta"] for choice in choices] == [
        {"role": "assistant", "content": ""},
        {"content": "Who"},
        {"content": "  is"},
        {"content": "\nthere?"},
        {},
    ]
    assert [choice["finish_reason"] for choice in choices] == [None, None, None, None, "stop"]
    assert not any("usage" in chunk for chunk in parsed)


def test_usage_comes_in_a_chunk_without_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    response = chat(monkeypatch, stream=True, stream_options={"include_usage": True})
    *others, last = [json.loads(event.data) for event in events(response)[:-1]]
    assert [chunk["usage"] for chunk in others] == [None] * 5
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}


def test_whole_answer_has_the_shape_of_chat_completions(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = chat(monkeypatch).json()
    message = {"role": "assistant", "content": "Who  is\nthere?"}
    assert answer["object"] == "chat.completion"
    assert answer["choices"] == [{"index": 0, "message": message, "finish_reason": "stop"}]
    assert answer["usage"]["total_tokens"] == 6


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"model": "parrot-2", "stream": True}, 404),
        ({"stream_options": {"include_usage": True}}, 400),
        ({"messages": [], "stream": True}, 422),
    ],
)
def test_errors_known_in_time_have_a_status(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], status: int
) -> None:
    response = chat(monkeypatch, **options)
    assert (response.status_code, response.headers["Content-Type"]) == (status, BATCH)


def test_a_model_that_fails_midway_says_so_in_band(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(prompt: str) -> Any:
        yield prompt
        raise RuntimeError("out of crackers")

    monkeypatch.setattr(example_3, "parrot", broken)
    *_, last = [event.data for event in events(chat(monkeypatch, stream=True))]
    assert json.loads(last)["error"]["type"] == "server_error"
    assert "crackers" not in last


@pytest.mark.parametrize("path", ["/bounded", "/unbounded"])
def test_nothing_is_lost_in_a_queue(path: str) -> None:
    numbers = [int(event.data.split()[0]) for event in events(send(example_4.app, "GET", f"{path}?items=50"))]
    assert numbers == list(range(1, 51))


def test_an_error_of_the_producer_ends_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(name: str, items: int) -> Any:
        yield f"{name} {items}"
        raise RuntimeError("out of items")

    monkeypatch.setattr(example_4, "source", broken)
    with pytest.raises(RuntimeError, match="out of items"):
        send(example_4.app, "GET", "/bounded")


@pytest.mark.parametrize(
    ("data", "wire"),
    [
        ("one", "data: one\n\n"),
        ("", "data: \n\n"),
        ("one\ntwo\r\nthree\rfour", "data: one\ndata: two\ndata: three\ndata: four\n\n"),
        ("end\n", "data: end\ndata: \n\n"),
        ("a\u2028b\x0bc", "data: a\u2028b\x0bc\n\n"),
        (" space", "data:  space\n\n"),
    ],
)
def test_every_line_of_the_data_is_a_data_line(data: str, wire: str) -> None:
    assert sse.event(data) == wire


def test_what_would_break_the_framing_is_refused() -> None:
    with pytest.raises(ValueError, match="one line"):
        sse.event("x", name="a\nb")
    with pytest.raises(ValueError, match="JSON compliant"):
        sse.json_event(float("nan"))


STREAM_BYTES = (
    "\ufeffdata: one\n\n"
    ": comment\r\nevent: named\r\ndata: two\r\ndata:lines\r\n\r\n"
    "data:  kept space\rid: 7\r\r"
    "event: nothing\n\n"
    "data\n\n"
    "data: \u00e9\u2028\U0001f99c\n\n"
    "data: cut off\n"
).encode()


@pytest.mark.parametrize("size", [1, 2, 3, len(STREAM_BYTES)])
def test_events_are_read_however_the_bytes_are_cut(size: int) -> None:
    chunks = [STREAM_BYTES[start : start + size] for start in range(0, len(STREAM_BYTES), size)]
    assert [(event.name, event.data) for event in sse.read_events(chunks)] == [
        ("message", "one"),
        ("named", "two\nlines"),
        ("message", " kept space"),
        ("message", ""),
        ("message", "\u00e9\u2028\U0001f99c"),
    ]


def test_a_carriage_return_ends_an_event_at_once() -> None:
    def chunks() -> Any:
        yield b"data: now\r\r"
        pytest.fail("the reader wanted more before it gave the event")

    assert next(iter(sse.read_events(chunks()))).data == "now"
