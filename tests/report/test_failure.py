"""What an app printed itself, without the tracebacks that its server writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.model import Place
from grader.report.failure import place, without_tracebacks

ONE = """ERROR: Exception in ASGI application
Traceback (most recent call last):
  File "/home/ada/app.py", line 8, in generate
    return {}["chunks"]
           ~~^^^^^^^^^^
KeyError: 'chunks'
"""
CAUSED = f"""{ONE}
The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/home/ada/app.py", line 9, in generate
    raise ValueError("no") from error
ValueError: no
"""


#: The words of an error that another one came from are many lines.
MANY_LINES = CAUSED.replace("KeyError: 'chunks'\n", "app.Refused: no\n\n\\\nTraceback\n")


@pytest.mark.parametrize(
    "traceback",
    [ONE, CAUSED, ONE + CAUSED, MANY_LINES, MANY_LINES + ONE],
    ids=["one", "with its cause", "several", "of many lines", "of many lines, and another"],
)
def test_tracebacks_of_errors_that_nothing_caught_are_left_out(traceback: str) -> None:
    assert without_tracebacks(f"before\n{traceback}after\n  all\n") == "before\nafter\n  all\n"
    assert without_tracebacks(traceback) == ""
    assert without_tracebacks(traceback.rstrip("\n")) == ""


def test_how_long_the_event_loop_had_been_blocked_is_said_once_it_says_something() -> None:
    at = Place("app.py", 3, "events", "time.sleep(0.1)", seconds=0.04)
    assert place(at).plain == "app.py:3, in events: time.sleep(0.1)"
    assert place(replace(at, seconds=0.05)).plain.endswith("; the event loop had been blocked for 0.1 s")


def test_of_a_coroutine_that_was_not_awaited_its_name_is_left() -> None:
    warning = """/venv/lib/uvicorn/protocols/http/h11_impl.py:-1: RuntimeWarning: coroutine 'collect' was never awaited
RuntimeWarning: Enable tracemalloc to get the object allocation traceback
"""
    assert without_tracebacks(f"one\n{warning}two\n") == "one\ncoroutine 'collect' was never awaited\ntwo\n"
    with_line = warning.replace("awaited\n", "awaited\n  return collect()\n", 1)
    assert without_tracebacks(with_line.rstrip("\n")) == "coroutine 'collect' was never awaited\n"


def test_what_an_app_prints_itself_is_kept() -> None:
    own = "Traceback (most recent call last):\n  it is mine\nKeyError: 1\nERROR: Exception in my own code\n"
    assert without_tracebacks(own) == own
