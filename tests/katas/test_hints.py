"""Hints for what was seen: each is given for a wrong app of its kata, and the ten bugs that learners make have one."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.grading.collect import checks_of
from grader.learner.watch.state import State
from grader.model import Report, WhenSeen
from grader.report.html import render
from grader.report.read_json import read
from tests.katas import diagnoses
from tests.learner.watch.test_view import lines as rows_of

if TYPE_CHECKING:
    from tests.conftest import Grade

KATAS = {kata.id: kata for kata in bundled()}
graded = cache(checks_of)


def headlines(kata: Kata, check: str) -> Iterator[str]:
    """The headlines of a check, as they were recorded of the wrong apps that fail it.

    Not those in which the app raised an error of its own: there the hint is about the error.
    """
    for lines in diagnoses.recorded(kata).values():
        for name, _, headline in (line.partition(": ") for line in lines):
            if name == check and not re.match(r"The app raised (?!UpstreamError)", headline):
                yield headline


@pytest.mark.parametrize("name", KATAS)
def test_each_hint_for_what_was_seen_is_given_for_a_wrong_app_or_a_bug(name: str) -> None:
    kata = KATAS[name]
    for check in graded(kata):
        given = {
            next((when.seen for when in check.when if re.search(when.seen, headline)), "")
            for headline in headlines(kata, check.id)
        }
        given |= {when.seen for when in check.when if any(is_for(when, bug) for bug in of_check(name, check.id))}
        unused = [when.seen for when in check.when if when.seen not in given and ": 501" not in when.seen]
        assert unused == [], check.id


@pytest.mark.parametrize("name", KATAS)
def test_the_stub_gets_the_hint_to_begin(name: str, tmp_path: Path, grade: Grade) -> None:
    kata = KATAS[name]
    first = graded(kata)[0].id
    done = grade(name, "--only", first, "--app", str(kata.stub), cwd=tmp_path, json_report=True)
    found = next(check["finding"] for check in done.report["checks"] if check["id"] == first)
    assert found["hint"].startswith("This is still the stub's own response. Begin with this mode alone: ")
    assert re.match(r"(GET|POST) /\S+ is not written yet: the app responds with 501", found["headline"])


SOLUTIONS = {name: (kata.solutions / "app.py").read_text("utf-8") for name, kata in KATAS.items()}
SOLUTION = SOLUTIONS["kata-1"]


@dataclass(frozen=True)
class Bug:
    """A bug that a learner makes: ``before`` in the solution becomes ``after``. ``check`` is the first that fails."""

    check: str
    before: str
    after: str
    cause: str
    hint: str
    kata: str = "kata-1"


BUGS = {
    "a misspelt name": Bug(
        "done_closes_the_stream",
        '{"chunks": count}, event',
        '{"chunks": cuont}, event',
        "The app raised NameError: name 'cuont' is not defined in app.py:",
        "Python knows no such name at this place",
    ),
    "a missing import": Bug(
        "one_event_a_chunk",
        "import json\n",
        "",
        "The app raised NameError: name 'json' is not defined in app.py:",
        "Python knows no such name at this place: compare its spelling, or import it.",
    ),
    "a missing await": Bug(
        "one_event_a_chunk",
        "first = await anext",
        "first = anext",
        "The app raised TypeError: Object of type anext_awaitable is not JSON serializable (an `await` is missing) in",
        "A coroutine was not awaited: write `await` before the call.",
    ),
    "another route": Bug(
        "batch_is_the_default",
        '"/generate"',
        '"/gen"',
        "There is no GET /generate: the app has GET /gen.",
        "Compare method, path and fields of the request with those in the README.",
    ),
    "a generator that is returned": Bug(
        "stream_true_is_an_event_stream",
        """return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )""",
        "return {'events': events(first, chunks)}",
        "The app raised ValueError: the endpoint returned 'async_generator', of which FastAPI cannot make JSON (a "
        "generator is not a value or a response) in app.py:",
        "An asynchronous generator stands where a value or a response is needed",
    ),
    "a sleep that blocks": Bug(
        "loop_is_never_blocked",
        "    count = 0\n",
        "    __import__('time').sleep(0.12)\n    count = 0\n",
        "The event loop was blocked for ",  # by how many requests at once depends on the check
        "While that line waits, nothing else runs: await something instead",
    ),
    "one line ending": Bug(
        "one_event_a_chunk",
        "{json.dumps(payload)}\\n\\n",
        "{json.dumps(payload)}\\n",
        "The response has ended: the stream ended before a blank line ended its last event",
        "One line ending ends a line, and two end an event",
    ),
    "an event in two parts": Bug(
        "done_closes_the_stream",
        "event: {event}\\n",
        "event: {event}\\n\\n",
        'A blank line follows "event: done" before any data, so a browser drops that event',
        "The type and its data are one event",
    ),
    "a 502 that is too late": Bug(
        "stream_upstream_failure_is_502",
        SOLUTION.partition("response_model=None)\n")[2],
        """async def generate(prompt: str, stream: bool = False):
    return StreamingResponse(late(prompt), media_type="text/event-stream")


async def late(prompt):
    try:
        yield sse({"index": 0, "text": await anext(upstream(prompt))})
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error))
""",
        "The app raised RuntimeError: Caught handled exception, but response already started (the status had "
        "been sent before it) in app.py:",
        "The status was sent before the error came.",
    ),
    "a key that is missing": Bug(
        "one_event_a_chunk",
        "            count += 1\n",
        "            count = {'count': count}['chunk'] + 1\n",
        "The app raised KeyError: 'chunk' in app.py:",
        "The key is not there",
    ),
    "a step that was not awaited": Bug(
        "batch_answers_with_all_outcomes",
        "[await anext(items) for",
        "[anext(items) for",
        "The app raised TypeError: Object of type coroutine is not JSON serializable (an `await` is missing) in ",
        "A coroutine was not awaited",
        "kata-2",
    ),
    "one line ending after a progress event": Bug(
        "one_progress_event_a_step",
        "{json.dumps(payload)}\\n\\n",
        "{json.dumps(payload)}\\n",
        "The response has ended: the stream ended before a blank line ended its last event",
        "One line ending ends a line, and two end an event",
        "kata-2",
    ),
    "a result in two parts": Bug(
        "result_ends_the_stream",
        'yield sse("result", {"outcomes": outcomes})',
        'yield "event: result\\n\\n" + sse("result", {"outcomes": outcomes}).partition("\\n")[2]',
        'A blank line follows "event: result" before any data, so a browser drops that event',
        "The type and its data are one event",
        "kata-2",
    ),
    "a failure that nothing catches": Bug(
        "a_failed_stream_ends_with_an_error",
        "except UpstreamError as error:  # the 200",
        "except ZeroDivisionError as error:  # the 200",
        "The app raised UpstreamError: ",
        "An error leaves the generator",
        "kata-2",
    ),
    "a completion that was not awaited": Bug(
        "batch_is_one_completion",
        'return Answer(request.model).completion("".join(tokens), request.usage(len(tokens)))',
        "async def complete(): ...\n    return complete()",
        "The app raised PydanticSerializationError: Unable to serialize unknown type: <class 'coroutine'> (an `await` "
        "is missing) in app.py:",
        "A coroutine was not awaited",
        "kata-3",
    ),
    "a generator of chunks that is returned": Bug(
        "stream_is_an_event_stream",
        'return StreamingResponse(events(request), media_type="text/event-stream")',
        "return events(request)",
        "The app raised PydanticSerializationError: Unable to serialize unknown type: <class 'async_generator'> (a "
        "generator is not a value or a response) in app.py:",
        "An asynchronous generator stands where a value or a response is needed",
        "kata-3",
    ),
    "a first chunk that is not counted": Bug(
        "done_closes_the_stream",
        "        count = 1\n",
        "",
        "count in the closing event: ",
        "Count every event that you send, the first one too, and look at its index",
    ),
    "an index that comes twice": Bug(
        "chunks_are_numbered",
        '{"index": count,',
        '{"index": count - 1,',
        "indexes of the events: [0, 0",
        "Two events have the same index. Add 1 after each event that you send: after the first one, too",
    ),
    "a closing event that is a number": Bug(
        "done_closes_the_stream",
        '{"chunks": count}, event',
        "count, event",
        "The data of the done event does not fit done.json: ",
        "The data of the closing event is an object, with the key `chunks`",
    ),
    "a stream that is collected first": Bug(
        "each_chunk_leaves_before_the_next_exists",
        """        yield sse({"index": 0, "text": first})
        count = 1
        async for chunk in rest:
""",
        """        for chunk in [first, *[chunk async for chunk in rest]]:
""",
        "No body yet: the app has 1 item from the upstream and waits for the next one",
        "The app pulls the next chunk before it sends this one. Collect nothing in a list, and do not pull ahead",
    ),
    "an upstream that is opened twice": Bug(
        "one_event_a_chunk",
        "events(first, chunks), media",
        "events(await anext(upstream(prompt)), upstream(prompt)), media",
        "types of the chunks' events: ",
        "Call upstream(...) once for each request, keep what it returns",
    ),
    "an await of the upstream": Bug(
        "batch_is_the_default",
        "chunks = upstream(prompt)",
        "chunks = await upstream(prompt)",
        "The app raised TypeError: object Items can't be used in 'await' expression (`async for` is needed) in app.py:",
        "upstream() itself needs no `await`: each item does. Write `async for`",
    ),
    "a next() of the upstream": Bug(
        "stream_true_is_an_event_stream",
        "await anext(chunks, None)",
        "next(chunks, None)",
        "The app raised TypeError: 'Items' object is not an iterator (`async for` is needed) in app.py:",
        "upstream() is asynchronous",
    ),
    "a dict that is yielded": Bug(
        "one_event_a_chunk",
        'yield sse({"index": 0, "text": first})',
        'yield {"index": 0, "text": first}',
        "The app raised AttributeError: 'dict' object has no attribute 'encode' (text is needed) in app.py:",
        'A stream consists of text: yield no dict or other object, but "data: " + json.dumps(',
    ),
    "progress in Python's notation": Bug(
        "one_progress_event_a_step",
        "data: {json.dumps(payload)}",
        "data: {payload}",
        "The data of the progress event is not valid JSON: “{'done': 1, ",
        'str() and f"{...}" write a dict in Python\'s notation. json.dumps() writes JSON.',
        "kata-2",
    ),
    "a result in Python's notation": Bug(
        "result_ends_the_stream",
        'yield sse("result", {"outcomes": outcomes})',
        """yield f"event: result\\ndata: { {'outcomes': outcomes} }\\n\\n\"""",
        "The data of the result event is not valid JSON: “{'outcomes': [",
        'str() and f"{...}" write a dict in Python\'s notation. json.dumps() writes JSON.',
        "kata-2",
    ),
    "a result that is a bare list": Bug(
        "result_ends_the_stream",
        'sse("result", {"outcomes": outcomes})',
        'sse("result", outcomes)',
        "The data of the result event does not fit outcomes.json: ",
        'The data of the result is an object with one key, as in a batch: {"outcomes": [...]}.',
        "kata-2",
    ),
    "a wait for what is no task": Bug(
        "one_progress_event_a_step",
        "asyncio.wait({step}, ",
        "asyncio.wait({anext(items)}, ",
        "The app raised TypeError: Passing coroutines is forbidden, use tasks explicitly in app.py:",
        "asyncio.wait() takes a set of tasks: make one of each pull, step = asyncio.create_task(anext(...))",
        "kata-2",
    ),
}


def of_check(kata: str, check: str) -> Iterator[Bug]:
    return (bug for bug in BUGS.values() if (bug.kata, bug.check) == (kata, check))


def is_for(when: WhenSeen, bug: Bug) -> bool:
    """Whether ``bug``, which another test grades, gets this hint."""
    return when.hint.startswith(bug.hint)


@pytest.mark.parametrize("name", BUGS)
def test_the_first_line_and_the_hint_name_the_cause_of_a_common_bug(name: str, tmp_path: Path, grade: Grade) -> None:
    bug = BUGS[name]
    assert SOLUTIONS[bug.kata].count(bug.before) == 1
    app = tmp_path / "app.py"
    app.write_text(SOLUTIONS[bug.kata].replace(bug.before, bug.after), "utf-8")
    done = grade(bug.kata, "--app", "app.py", "--only", bug.check, cwd=tmp_path, json_report=True)
    finding = next(check["finding"] for check in done.report["checks"] if check["id"] == bug.check)
    assert finding["headline"].startswith(bug.cause)
    assert finding["hint"].startswith(bug.hint)
    at_the_end = " ".join(" ".join(done.out.splitlines()[-24:]).split())
    assert bug.cause[:60] in at_the_end
    if finding["headline"].startswith("The app raised "):
        assert " in app.py:" in at_the_end.partition("The app raised ")[2]
    require_in_each_view(read(json.dumps(done.report)), bug.cause)


def require_in_each_view(report: Report, cause: str) -> None:
    """The cause is in sight in a watch, large and small, and on the page before all checks."""
    state = State().started().graded(report)
    for columns, rows in ((80, 24), (40, 12)):
        shown = " ".join(" ".join(rows_of(state, columns=columns, rows=rows)).split())
        assert cause[:60] in shown, (columns, rows)
    page = html.unescape(render(report)).partition("<main>")[0]
    assert cause[:60] in re.sub(r"<[^>]+>|\s+", " ", page)
