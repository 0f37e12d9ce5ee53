"""The lines that send the requests of a check again, to the app that is started by hand, with the kit's stand-in."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

from grader.model import CheckResult
from grader.protocol.transcript import Act

#: Requests that are shown.
_MOST = 3


def heading(result: CheckResult) -> str:
    """What to do before the requests of a check are sent again."""
    which = ""
    if len(result.requests) > 1 and result.at_request:
        which = f" request {result.at_request}, where it failed"
        which += ", and others" if len(shown(result)) > 1 else ""
    elif len(result.requests) > _MOST:
        which = " the first of its requests"
    return f"to reproduce{which}, start the app with `uvicorn app:app` and send:"


def shown(result: CheckResult) -> tuple[str, ...]:
    """The curl lines of a check, the one that failed first.

    Where the upstream failed or had no items, the key has the word by which the stand-in does the same.
    """
    lines = list(result.requests)
    if 0 < result.at_request <= len(lines):
        lines.insert(0, lines.pop(result.at_request - 1))
    return tuple(_like_the_upstream(line, result) for line in lines[:_MOST])


def _like_the_upstream(line: str, result: CheckResult) -> str:
    for key, word in _words(result).items():
        for written in (quote_plus(key, errors="backslashreplace"), json.dumps(key, ensure_ascii=False)[1:-1]):
            if written and written in line:
                line = line.replace(written, f"{written}-{word}", 1)
                break
    return line


def _words(result: CheckResult) -> dict[str, str]:
    """The word for each key of which the upstream failed, or had no items at all."""
    keys: dict[int, str] = {}
    given: dict[str, int] = {}
    found: dict[str, str] = {}
    for entry in result.transcript:
        key = keys.get(entry.stream, "")
        match entry.act:
            case Act.OPENED:
                keys[entry.stream] = entry.detail
            case Act.GAVE:
                given[key] = given.get(key, 0) + 1
            case Act.FAILED if key:
                found[key] = f"fail-after-{given[key]}" if given.get(key) else "fail"
            case Act.FINISHED if key and not given.get(key):
                found.setdefault(key, "empty")
    return found
