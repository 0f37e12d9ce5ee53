"""What helps with an error that the app raised: it is the cause, whatever the check is about."""

from __future__ import annotations

import re

from grader.model import Raised

#: The error of a failed pull. A check that lets the upstream fail knows better what helps.
_UPSTREAM = "UpstreamError"
#: By the beginning of the error's words, or a part of them. The first that fits is taken.
_HINTS = (
    (
        r"response already started",
        "The status was sent before the error came. Whatever decides it belongs before the response: in the endpoint, "
        "not in its generator.",
    ),
    (
        r"StopAsyncIteration",
        "The upstream has ended, and anext() found nothing: anext(items, None) returns None then. It has also ended "
        "where asyncio.wait_for() has cancelled a pull: asyncio.wait() cancels nothing.",
    ),
    (
        r"one pull at a time",
        "A pull is still waiting. Keep it, as a task, and await it before the next one begins.",
    ),
    (
        r"asyncio\.run\(\) cannot be called|event loop is already running",
        "The server runs the event loop already: write `await` instead of asyncio.run().",
    ),
    (r"'Items' object is not iterable", "upstream() is asynchronous: write `async for`, or await anext(...)."),
    (
        r"'coroutine' object|object coroutine|type (?:coroutine|anext_awaitable)",
        "A coroutine was not awaited: write `await` before the call.",
    ),
    (
        r"'async_generator' object",
        "An asynchronous generator stands where a value or a response is needed: use `async for`, or give it to "
        'StreamingResponse(..., media_type="...").',
    ),
    (
        r"'generator' object",
        "A generator stands where a value or a response is needed: use `for`, or give it to "
        'StreamingResponse(..., media_type="...").',
    ),
    (r"'async for' requires", "`async for` needs something asynchronous; for anything else write `for`."),
    (
        r"cannot make JSON|vars\(\) argument must have __dict__",
        "FastAPI cannot make JSON of the value that was returned: return a dict, a list or text, or a response.",
    ),
    (r"NameError", "Python knows no such name at this place: compare its spelling, or import it."),
    (r"ModuleNotFoundError|ImportError", "That import does not work: compare the name, or install the package."),
    (r"UnboundLocalError", "The name gets its value only later in this function, or in a branch that was not taken."),
    (r"KeyError", "The key is not there: look at what the object holds, or use .get()."),
    (r"AttributeError", "The object has no attribute of that name: look at what it is at this place."),
    (r"RecursionError", "A function calls itself without end."),
    (
        r"TypeError.*not JSON serializable",
        "json.dumps() cannot write that: make text, numbers, lists and dicts of it.",
    ),
    (r"JSONDecodeError", "The text is not JSON: print it, and look at what it is."),
)
_ANY = "Fix this line first: it decides what the client gets, whatever the check is about."
_ANYWHERE = "Fix this first: it decides what the client gets, whatever the check is about."
#: FastAPI's error about a value of which it can make no JSON.
_NO_JSON = re.compile(r"ValueError: \[TypeError\(.*?'(\w+)' object is not iterable.*vars\(\) argument")


def hint(raised: Raised | None) -> str:
    """The hint for what the app raised; "" where the check's own hint is better."""
    if raised is None or raised.headline.startswith(_UPSTREAM):
        return ""
    any_error = _ANY if raised.frames else _ANYWHERE
    return next((words for pattern, words in _HINTS if re.search(pattern, raised.headline)), any_error)


def sentence(raised: Raised) -> str:
    """What the app raised, and where."""
    place = raised.place
    where = f" in {place.file}:{place.line}, “{place.text}”" if place else ""
    if found := _NO_JSON.match(raised.headline):
        return (
            f"the app raised ValueError{where}: the endpoint returned '{found[1]}', of which FastAPI cannot make JSON"
        )
    return f"the app raised {raised.headline.rstrip('.')}{where}"
