"""What helps with an error that the app raised: it is the cause, whatever the check is about."""

from __future__ import annotations

import re
from typing import NamedTuple

from grader.model import Raised
from grader.text import visible

#: The error of a failed pull. A check that lets the upstream fail knows better what helps.
_UPSTREAM = "UpstreamError"


class _Cause(NamedTuple):
    """A cause that is known by what Python or a framework says about it; ``plain`` says it in words that name it."""

    error: str
    hint: str
    plain: str = ""


#: The first one fits whose ``error``, a regular expression, is found in an error's words.
_CAUSES = (
    _Cause(
        r"response already started",
        "The status was sent before the error came. Whatever decides it belongs before the response: in the endpoint, "
        "not in its generator.",
        "the status had been sent before it",
    ),
    _Cause(
        r"StopAsyncIteration",
        "The upstream has ended, and anext() found nothing: anext(items, None) returns None then. It has also ended "
        "where asyncio.wait_for() has cancelled a pull: asyncio.wait() cancels nothing.",
        "anext() found no item",
    ),
    _Cause(
        r"one pull at a time",
        "A pull is still waiting. Keep it, as a task, and await it before the next one begins.",
    ),
    _Cause(
        r"asyncio\.run\(\) cannot be called|event loop is already running",
        "The server runs the event loop already: write `await` instead of asyncio.run().",
    ),
    _Cause(
        r"'Items' object is not (?:iterable|an iterator)",
        "upstream() is asynchronous: write `async for`, or await anext(...).",
        "`async for` is needed",
    ),
    _Cause(
        r"object Items can't be used in 'await'",
        "upstream() itself needs no `await`: each item does. Write `async for` over it, or await anext(...).",
        "`async for` is needed",
    ),
    _Cause(
        r"Passing coroutines is forbidden|expect a list of futures",
        "asyncio.wait() takes a set of tasks: make one of each pull, step = asyncio.create_task(anext(...)), and wait "
        "for {step} until it is done.",
    ),
    _Cause(
        r"AttributeError: '\w+' object has no attribute 'encode'",
        'A stream consists of text: yield no dict or other object, but "data: " + json.dumps(...) + "\\n\\n".',
        "text is needed",
    ),
    _Cause(
        r"'coroutine' object|object coroutine|type (?:coroutine|anext_awaitable)|<class '(?:coroutine|anext_await)",
        "A coroutine was not awaited: write `await` before the call.",
        "an `await` is missing",
    ),
    _Cause(
        r"'async_generator' object|type async_generator|<class 'async_generator'>",
        "An asynchronous generator stands where a value or a response is needed: use `async for`, or give it to "
        'StreamingResponse(..., media_type="...").',
        "a generator is not a value or a response",
    ),
    _Cause(
        r"'generator' object|type generator|<class 'generator'>",
        "A generator stands where a value or a response is needed: use `for`, or give it to "
        'StreamingResponse(..., media_type="...").',
        "a generator is not a value or a response",
    ),
    _Cause(r"'async for' requires", "`async for` needs something asynchronous; for anything else write `for`."),
    _Cause(
        r"cannot make JSON|vars\(\) argument must have __dict__|Unable to serialize unknown type",
        "FastAPI cannot make JSON of the value that was returned: return a dict, a list or text, or a response.",
    ),
    _Cause(r"NameError", "Python knows no such name at this place: compare its spelling, or import it."),
    _Cause(r"ModuleNotFoundError|ImportError", "That import does not work: compare the name, or install the package."),
    _Cause(
        r"UnboundLocalError", "The name gets its value only later in this function, or in a branch that was not taken."
    ),
    _Cause(r"KeyError", "The key is not there: look at what the object holds, or use .get()."),
    _Cause(r"AttributeError", "The object has no attribute of that name: look at what it is at this place."),
    _Cause(r"RecursionError", "A function calls itself without end."),
    _Cause(
        r"TypeError.*not JSON serializable",
        "json.dumps() cannot write that: make text, numbers, lists and dicts of it.",
    ),
    _Cause(r"JSONDecodeError", "The text is not JSON: print it, and look at what it is."),
)
#: By what the headline says of a response that loses data, whichever check has seen it.
_FAULTS = (
    (
        r"ended before a blank line ended its last event",
        'One line ending ends a line, and two end an event: write "\\n\\n" at the end of each event.',
    ),
    (
        r"(?i)a blank line follows .* before any data",
        'The type and its data are one event, so only the end of it has a blank line: "event: …\\ndata: …\\n\\n".',
    ),
)
#: What was noticed where a request has opened the upstream more than once, whichever check has seen it.
_OPENED = re.compile(r"the app opened \d+ upstream connections for")
_ONCE = (
    "Call upstream(...) once for each request, keep what it returns, and pull the first item and all others from that."
)
_ANY = "Fix this line first: it decides what the client gets, whatever the check is about."
_ANYWHERE = "Fix this first: it decides what the client gets, whatever the check is about."
#: FastAPI's error about a value of which it can make no JSON.
_NO_JSON = re.compile(r"ValueError: \[TypeError\(.*?'(\w+)' object is not iterable.*vars\(\) argument")
#: Characters of an error's words, and of the line that raised it: where it was raised must not be cut off.
_WORDS, _LINE = 140, 100


def hint(raised: Raised | None) -> str:
    """The hint for what the app raised; "" where the check's own hint is better."""
    if raised is None or raised.headline.startswith(_UPSTREAM):
        return ""
    known = _known(raised)
    return known.hint if known else _ANY if raised.frames else _ANYWHERE


def hint_for_fault(headline: str) -> str:
    """The hint for a response that loses data, as ``headline`` says it; "" where it says nothing like that."""
    return next((words for fault, words in _FAULTS if re.search(fault, headline)), "")


def hint_for_note(note: str) -> str:
    """The hint for what else was noticed, where that is the cause; else ""."""
    return _ONCE if _OPENED.match(note) else ""


def sentence(raised: Raised) -> str:
    """What the app raised, what that means where its words do not say it, and where."""
    words = raised.headline.rstrip(".")
    if found := _NO_JSON.match(words):
        words = f"ValueError: the endpoint returned '{found[1]}', of which FastAPI cannot make JSON"
    known = _known(raised)
    means = f" ({known.plain})" if known and known.plain else ""
    place = raised.place
    where = f" in {place.file}:{place.line}, “{visible(place.text, _LINE)}”" if place else ""
    return f"the app raised {visible(words, _WORDS)}{means}{where}"


def _known(raised: Raised) -> _Cause | None:
    if raised.headline.startswith(_UPSTREAM):
        return None
    return next((cause for cause in _CAUSES if re.search(cause.error, raised.headline)), None)
