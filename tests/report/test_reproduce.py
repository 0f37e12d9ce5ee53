"""The curl lines of a check: the one that failed comes first, and the stand-in does what the upstream did."""

from __future__ import annotations

import pytest

from grader.model import Check, CheckResult, Outcome
from grader.protocol.transcript import Act, Entry, Lane
from grader.report import reproduce

KEY = "calm lynx & café f29bfc1f"
IN_QUERY = "curl -N 'http://127.0.0.1:8000/generate?prompt=calm+lynx+%26+caf%C3%A9+f29bfc1f&stream=true'"
IN_BODY = (
    f"""curl -N http://127.0.0.1:8000/tasks -H 'content-type: application/json' --data-binary '{{"task":"{KEY}"}}'"""
)


def entry(act: Act, detail: str = "", data: bytes = b"") -> Entry:
    return Entry(0.1, Lane.UPSTREAM, act, 1, data, len(data), detail)


OPENED, ITEM = entry(Act.OPENED, KEY), entry(Act.GAVE, data=b"one")
FAILED, ENDED = entry(Act.FAILED, "out of order"), entry(Act.FINISHED)


@pytest.mark.parametrize(
    ("transcript", "word"),
    [
        ((OPENED, FAILED), "-fail"),
        ((OPENED, ITEM, ITEM, FAILED), "-fail-after-2"),
        ((OPENED, ENDED), "-empty"),
        ((OPENED, ITEM, ENDED), ""),
        ((), ""),
    ],
)
@pytest.mark.parametrize("line", [IN_QUERY, IN_BODY], ids=["query", "body"])
def test_the_stand_in_does_what_the_upstream_did(line: str, transcript: tuple[Entry, ...], word: str) -> None:
    result = CheckResult(Check("it", "it is so", 1), Outcome.FAILED, transcript=transcript, requests=(line,))
    assert reproduce.shown(result) == (line.replace("f29bfc1f", f"f29bfc1f{word}"),)
    assert reproduce.heading(result) == "to reproduce, start the app with `uvicorn app:app` and send:"


@pytest.mark.parametrize(
    ("count", "at", "lines", "words"),
    [
        (1, 1, ["1"], "to reproduce, start"),
        (2, 2, ["2", "1"], "to reproduce request 2, where it failed, and others, start"),
        (9, 7, ["7", "1", "2"], "to reproduce request 7, where it failed, and others, start"),
        (9, 0, ["1", "2", "3"], "to reproduce the first of its requests, start"),
    ],
)
def test_the_request_that_failed_comes_first(count: int, at: int, lines: list[str], words: str) -> None:
    requests = tuple(str(number) for number in range(1, count + 1))
    result = CheckResult(Check("it", "it is so", 1), Outcome.FAILED, requests=requests, at_request=at)
    assert list(reproduce.shown(result)) == lines
    assert reproduce.heading(result).startswith(words)
