"""Kata 1 with Quart: a Blueprint with a MethodView, a Response subclass for SSE, stream_with_context, abort."""

from itertools import count
from typing import Any

from quart import Blueprint, Quart, Response, abort, current_app, jsonify, request, stream_with_context
from quart.views import MethodView
from werkzeug.exceptions import HTTPException

from grader.kit import UpstreamError, upstream

TRUE = {"true", "1", "yes", "on"}
FALSE = {"false", "0", "no", "off"}


class EventStream(Response):
    """A response of Server-Sent Events, which may take as long as it likes."""

    default_mimetype = "text/event-stream"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.timeout = None
        self.headers["Cache-Control"] = "no-store"


def server_sent_event(data: Any, event: str | None = None) -> bytes:
    head = f"event: {event}\r\n" if event else ""
    return f"{head}data: {current_app.json.dumps(data)}\r\n\r\n".encode()


def as_flag(text: str) -> bool:
    lower = text.lower()
    if lower not in TRUE | FALSE:
        raise ValueError(text)
    return lower in TRUE


bp = Blueprint("generate", __name__)


class Generate(MethodView):
    async def get(self):
        try:
            stream = as_flag(request.args.get("stream", "false"))
        except ValueError:
            abort(422, description="stream: neither true nor false")
        if "prompt" not in request.args:
            abort(422, description="prompt: missing")
        return await (self.stream() if stream else self.batch())

    async def batch(self):
        async with upstream(request.args["prompt"]) as chunks:
            return jsonify(chunks=[chunk async for chunk in chunks])

    async def stream(self):
        chunks = upstream(request.args["prompt"])
        # The first pull decides about the status, so it comes before the response.
        try:
            ahead = [await anext(chunks)]
        except StopAsyncIteration:
            ahead = []

        @stream_with_context
        async def body():
            index = count()
            async with chunks:
                while ahead:
                    yield server_sent_event({"index": next(index), "text": ahead.pop()})
                async for chunk in chunks:
                    yield server_sent_event({"index": next(index), "text": chunk})
            yield server_sent_event({"chunks": next(index)}, event="done")

        return EventStream(body())


bp.add_url_rule("/generate", view_func=Generate.as_view("generate"))


@bp.app_errorhandler(HTTPException)
async def http_error(error: HTTPException):
    response = jsonify(detail=error.description)
    response.status_code = error.code
    return response


@bp.errorhandler(UpstreamError)
async def bad_gateway(error: UpstreamError):
    return jsonify(detail=f"upstream: {error}"), 502


def create_app() -> Quart:
    app = Quart(__name__)
    app.config["RESPONSE_TIMEOUT"] = None
    app.register_blueprint(bp)
    return app


app = create_app()
