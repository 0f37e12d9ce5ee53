"""A semicolon in the query separates parameters, and so cuts the prompt.

Fails: prompt_is_passed_on
"""

import json
import re
from urllib.parse import unquote_plus

from grader.kit import UpstreamError, upstream


def query(scope) -> dict[str, str]:
    pairs = {}
    for part in re.split("[&;]", scope["query_string"].decode("latin-1")):
        name, _, value = part.partition("=")
        pairs.setdefault(unquote_plus(name), unquote_plus(value))
    return pairs


class Reply:
    def __init__(self, send):
        self._send = send

    async def start(self, status, media_type, *more):
        headers = [(b"content-type", media_type), *more]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, text, more=True):
        await self._send({"type": "http.response.body", "body": text.encode(), "more_body": more})

    async def json(self, status, value):
        await self.start(status, b"application/json")
        await self.write(json.dumps(value), more=False)


class App:
    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            raise RuntimeError("http only")
        reply = Reply(send)
        if scope["path"] != "/generate":
            return await reply.json(404, {"detail": "no such path"})
        asked = query(scope)
        mode = {"true": True, "false": False}.get(asked.get("stream", "false"))
        if mode is None or "prompt" not in asked:
            return await reply.json(422, {"detail": "a prompt, and a stream of true or false, please"})
        await (self.stream if mode else self.batch)(asked["prompt"], reply)

    async def batch(self, prompt, reply):
        try:
            texts = [text async for text in upstream(prompt)]
        except UpstreamError as error:
            return await reply.json(502, {"detail": str(error)})
        await reply.json(200, {"chunks": texts})

    async def stream(self, prompt, reply):
        chunks, count = upstream(prompt), 0
        try:
            text = await anext(chunks, None)
        except UpstreamError as error:
            return await reply.json(502, {"detail": str(error)})
        await reply.start(200, b"text/event-stream", (b"cache-control", b"no-store"))
        while text is not None:
            await reply.write(f"data: {json.dumps({'index': count, 'text': text})}\n\n")
            count += 1
            text = await anext(chunks, None)
        await reply.write(f"event: done\ndata: {json.dumps({'chunks': count})}\n\n", more=False)


app = App()
