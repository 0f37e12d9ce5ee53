"""Raw ASGI: further keys with known names such as `error`, whole numbers as 1.0, blocks without data, odd ids."""

import asyncio
import itertools
import json
import time

from grader.kit import UpstreamError, upstream

number = itertools.count()


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    raw, more = b"", True
    while more:
        message = await receive()
        raw, more = raw + message.get("body", b""), message.get("more_body", False)

    async def start(status, kind):
        headers = [(b"Content-Type", kind), (b"Connection", b"close"), (b"Set-Cookie", b"a=b")]
        await send({"type": "http.response.start", "status": status, "headers": headers})

    async def body(data, more=True):
        await send({"type": "http.response.body", "body": data, "more_body": more})

    async def whole(status, document):
        await start(status, b"Application/JSON")
        await body(json.dumps(document, indent="\t").encode() + b"\r\n", False)

    try:
        asked = json.loads(raw.decode())
        model, messages, options = asked["model"], asked["messages"], asked.get("stream_options")
        stream = asked.get("stream", False)
        if not (isinstance(model, str) and isinstance(messages, list) and messages and type(stream) is bool):
            raise ValueError
        if not isinstance(options, (dict, type(None))):
            raise ValueError
        if not all(isinstance(m["role"], str) and isinstance(m["content"], str) for m in messages):
            raise ValueError
    except (ValueError, TypeError, LookupError):
        await whole(422, {"error": {"message": "", "type": ""}, "choices": []})
        return
    same = {"id": f'{next(number)}\u2028é\n"', "created": float(int(time.time())), "model": model}
    items = upstream(messages[-1]["content"])
    if not stream:
        try:
            tokens = [token async for token in items]
        except UpstreamError:
            await whole(502, {"error": {"message": "", "type": "", "choices": []}, "id": None})
            return
        usage = {"prompt_tokens": 2.0, "completion_tokens": float(len(tokens)), "total_tokens": 2.0 + len(tokens)}
        message = {"role": "assistant", "content": "".join(tokens), "reasoning": "I think", "tool_calls": None}
        choices = [{"index": 0.0, "message": message, "finish_reason": "stop", "delta": {"content": "x"}}]
        same |= {"object": "chat.completion", "error": None}
        await whole(200, {**same, "choices": choices, "usage": usage})
        return

    def event(document):
        text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
        extra = "" if document == "[DONE]" else "data\n"
        return f"{extra}retry:1\nid:{next(number)}\ndata:{text}\n{extra}event\n\n".encode()

    def chunk(delta, reason=None):
        delta = {"finish_reason": "stop", "error": None, "usage": {}, **delta}
        choice = {"index": 0.0, "delta": delta, "finish_reason": reason, "message": None}
        return event({**same, "object": "chat.completion.chunk", "choices": [choice], "usage": None, "error": None})

    async def work():
        await start(200, b"text/event-stream")
        await body(b":" + b" " * 2048 + b"\n\nretry:5\n\nid\n\n")
        await body(chunk({"role": "assistant"}))
        count = 0
        try:
            async for token in items:
                await asyncio.sleep(0.01)
                count += 1
                await body(chunk({"content": token} if token else {}))
            await body(chunk({}, "stop"))
            if options and options.get("include_usage") is True:
                usage = {"prompt_tokens": 2.0, "completion_tokens": float(count), "total_tokens": 2.0 + count}
                await body(event({**same, "object": "chat.completion.chunk", "choices": [], "usage": usage}))
            await body(event("[DONE]"))
        except UpstreamError as error:
            problem = {"message": str(error), "type": "", "choices": []}
            await body(event({"error": problem, "id": same["id"], "object": "error"}))
        await body(b"", False)

    worker, ear = asyncio.create_task(work()), asyncio.create_task(receive())
    await asyncio.wait([worker, ear], return_when=asyncio.FIRST_COMPLETED)
    ear.cancel()
    worker.cancel()
    await asyncio.wait([worker, ear])
    await items.aclose()
