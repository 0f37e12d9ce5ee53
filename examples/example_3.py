"""Example 3: a model's completion, token by token, in the shape of the Chat Completions API.

    make example-3

Or serve the app alone. Press Ctrl-C in the middle of the response, then see what the model did:

    .venv/bin/uvicorn --app-dir examples example_3:app
    curl -N http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' \\
        -d '{"model": "parrot-1", "stream": true, "messages": [{"role": "user", "content": "Who is there?"}]}'
    curl http://127.0.0.1:8000/stats
"""

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

import httpx
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from completions import Answer, ChatRequest, Json, failure
from sse import EventStream, read_events
from stage import Stage, run

log = logging.getLogger("server")
app = FastAPI(title="Parrot")

TOKEN_TIME = 0.06  # seconds that the model works on each token
stats = {"models_running": 0, "tokens_made": 0}


def tokens_of(text: str) -> list[str]:
    """Cut a text into tokens. Each keeps the space before it: clients join tokens as they come."""
    return re.findall(r"\s*\S+", text)


async def parrot(prompt: str) -> AsyncGenerator[str]:
    """The model: it repeats the prompt, one token at a time. Each takes time, as in a real model."""
    tokens = tokens_of(prompt)
    made = 0
    stats["models_running"] += 1
    try:
        for token in tokens:
            await asyncio.sleep(TOKEN_TIME)
            made += 1
            stats["tokens_made"] += 1
            log.info("token %d of %d: %r", made, len(tokens), token)
            yield token
    finally:
        # Runs at the end, and also when the client has disconnected: the server then cancels the stream, which
        # raises CancelledError at the sleep, or closes it, which raises GeneratorExit at the yield. Catch
        # neither: the model would go on although nobody reads its tokens.
        stats["models_running"] -= 1
        log.info("model stopped after %d of %d tokens", made, len(tokens))


@app.post("/v1/chat/completions")
async def chat(request: ChatRequest) -> Response:
    """Respond whole or in chunks. Errors must be found here, while the status can still report them."""
    if request.model != "parrot-1":
        return failure(404, f"The model {request.model!r} does not exist.", "model_not_found")
    if request.stream_options and not request.stream:
        return failure(400, "stream_options goes with stream: true only.", "invalid_stream_options")
    prompt = request.messages[-1].content
    answer = Answer(request, parrot(prompt), len(tokens_of(prompt)))
    if request.stream:
        return EventStream(answer.chunks())
    return JSONResponse(await answer.whole())


@app.get("/stats")
async def get_stats() -> dict[str, int]:
    """Return how many models run now, and how many tokens were made so far."""
    return stats


# --- The show: a client of this app ------------------------------------------------------------------------

SHORT = "Polly wants a nut."
LONG = " ".join(f"word-{number}" for number in range(1, 501))


def show(stage: Stage) -> None:
    """Read one stream to its end, request one batch, and disconnect from one stream in the middle."""
    with stage.http() as http:
        last = ""
        stage.scene("In chunks: chat.completion.chunk")
        with ask(http, SHORT, stream=True, stream_options={"include_usage": True}) as reply:
            for event in read_events(reply.iter_bytes()):
                stage.client(shorten(event.data))
                last = event.data if event.data != "[DONE]" else last
        stage.note(f"The chunk with the usage, in full: {last}")
        stage.scene("Whole: chat.completion")
        with ask(http, SHORT) as reply:
            stage.client(shorten(reply.read().decode()))
        stage.scene("An error that is known in time has a status of its own")
        with ask(http, SHORT, model="parrot-2", stream=True) as reply:
            message = reply.read() and reply.json()["error"]["message"]
            stage.client(f"{reply.status_code} {message}")
        made = show_leaving(stage, http)
    stopped = "stopped because" if made < len(tokens_of(LONG)) else "went on although"
    stage.note(f"The model {stopped} its client had disconnected. All tokens would have taken it 30 seconds.")


def show_leaving(stage: Stage, http: httpx.Client) -> int:
    """Disconnect after six tokens of a long stream. Return how many the model made in all."""
    before = http.get("/stats").json()
    stage.scene("The client disconnects in the middle of 500 tokens")
    with ask(http, LONG, stream=True) as reply:
        for number, event in enumerate(read_events(reply.iter_bytes())):
            if number:  # the first one carries the role
                stage.client(f"token {number}: {json.loads(event.data)['choices'][0]['delta']['content']!r}")
            if number == 6:
                break
        stage.client("disconnects: closes the connection")
    stage.wait_for_server("of 500 tokens")
    after = http.get("/stats").json()
    made: int = after["tokens_made"] - before["tokens_made"]
    stage.client(f"asks /stats: {after['models_running']} models running, {made} tokens made of 500")
    return made


@contextmanager
def ask(http: httpx.Client, text: str, **options: object) -> Iterator[httpx.Response]:
    """Send a request to the parrot."""
    body = {"model": "parrot-1", "messages": [{"role": "user", "content": text}]} | options
    with http.stream("POST", "/v1/chat/completions", json=body) as reply:
        yield reply


def shorten(data: str) -> str:
    """Return what is new in a chunk, or in a whole completion."""
    if data == "[DONE]":
        return data
    answer: Json = json.loads(data)
    choice = answer["choices"][0] if answer["choices"] else {}
    news = {name: choice[name] for name in ("message", "delta", "finish_reason") if choice.get(name)}
    news |= {"usage": answer["usage"]} if answer.get("usage") else {}
    return json.dumps(news)


if __name__ == "__main__":
    run("Example 3: a model's completion, token by token", app, show)
