"""Reports made by hand: one that has everything in it, one of an app that did not start, one where all is well."""

from __future__ import annotations

from dataclasses import replace

from grader.model import BootFailure, Check, CheckResult, Finding, Outcome, Place, Report, Requirement, Spot
from grader.protocol.transcript import Act, Entry, Lane

_LANES = {act: Lane.CLIENT if at <= list(Act).index(Act.STALLED) else Lane.UPSTREAM for at, act in enumerate(Act)}


def entry(at: float, act: Act, data: bytes = b"", detail: str = "") -> Entry:
    """One line of a transcript, in the first stream of its lane."""
    return Entry(at, _LANES[act], act, 1, data, len(data), detail)


TRANSCRIPT = (
    entry(0.001, Act.SENT, detail="GET /echo?key=brown+otter"),
    entry(0.002, Act.OPENED, detail="brown otter"),
    entry(0.003, Act.PULLED, detail="pull 1"),
    entry(0.004, Act.GAVE, b"one"),
    entry(0.005, Act.HEAD, detail="200 text/event-stream"),
    entry(0.006, Act.CHUNK, b"data: one\n\n"),
    entry(0.007, Act.CHUNK, b"data two\n\n"),
    entry(0.3, Act.DISCONNECTED, detail="FIN"),
)
FINDING = Finding(
    expected="“two”",
    seen="a field “data two”",
    requirement=Requirement("WHATWG HTML 9.2.6", "A line without a colon is a field name."),
    headline="a line without a colon is a field without a value",
    hint="A field is `name: value`.",
    spot=Spot(b"data: one\n\ndata two\n\n", 11, 11, request=1),
    place=Place("app.py", 17, "events", 'yield f"data {item}"', "json.dumps", 2.5),
)
CURL = "curl -N 'http://127.0.0.1:8000/echo?key=brown+otter'"

PASSED = CheckResult(
    Check("answers", "`GET /echo` is answered", 1), Outcome.PASSED, transcript=TRANSCRIPT[:6], requests=(CURL,)
)
SILENT = CheckResult(Check("is_silent", "nothing is sent unasked", 1), Outcome.PASSED)
FAILED = CheckResult(
    Check("streams", "each item is an event of its own", 2, ("A blank line ends it.",), after=("answers",)),
    Outcome.FAILED,
    FINDING,
    TRANSCRIPT,
    diverged=0.2,
    requests=(CURL,),
)
COMPARED = CheckResult(
    Check("counts", "items are counted", 4),
    Outcome.FAILED,
    Finding(
        "3",
        "2",
        Requirement("", "All items are counted."),
        subject="items",
        headline="items: 2; expected: 3",
        headline_is_complete=True,
    ),
)
BLOCKED = CheckResult(
    Check("ends", "the stream ends cleanly", 8, after=("streams",)),
    Outcome.BLOCKED,
    Finding("first “each item is an event of its own”", "that has not passed"),
)
UNDECIDED = CheckResult(
    Check("is_quick", "the first item does not wait for the second", 16),
    Outcome.INCONCLUSIVE,
    Finding(
        "a verdict",
        "the machine gave the app no time",
        headline="the machine gave the app no time; expected: a verdict",
        headline_is_complete=True,
    ),
    TRANSCRIPT[:3],
)

#: One check of every outcome, and whatever else a report can hold.
MIXED = Report(
    kata="kata-77-small-echo",
    title="Small echo",
    app="/home/ada/my-katas/kata-77-small-echo/app.py",
    seed="5eed",
    command="grade kata-77 --app app.py",
    results=(PASSED, SILENT, FAILED, COMPARED, BLOCKED, UNDECIDED),
    notes=("The app was started again once.",),
    log="INFO: first line\n\tindented\n",
    seconds=1.25,
    versions={"python": "3.11.2", "uvicorn": "0.30.0"},
)
UNBOOTED = replace(
    MIXED,
    results=tuple(CheckResult(result.check, Outcome.FAILED) for result in MIXED.results),
    boot_failure=BootFailure(
        "app.py raises KeyError while it is imported: 'k'",
        "Look at `x['k']`.",
        (Place("app.py", 2, "<module>", "y = x['k']"), Place("app.py", 9, "helper", "return f()", "f", 1.5)),
    ),
    notes=(),
)
PERFECT = replace(
    MIXED,
    results=tuple(
        replace(result, outcome=Outcome.PASSED, finding=None, diverged=None) for result in (PASSED, SILENT, FAILED)
    ),
    notes=(),
    log="",
)
