"""What an app printed itself, without the tracebacks that its server writes."""

from __future__ import annotations

import pytest

from grader.report.failure import without_tracebacks

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


@pytest.mark.parametrize("traceback", [ONE, CAUSED, ONE + CAUSED], ids=["one", "with its cause", "several"])
def test_tracebacks_of_errors_that_nothing_caught_are_left_out(traceback: str) -> None:
    assert without_tracebacks(f"before\n{traceback}after\n  all\n") == "before\nafter\n  all\n"
    assert without_tracebacks(traceback) == ""
    assert without_tracebacks(traceback.rstrip("\n")) == ""


def test_what_an_app_prints_itself_is_kept() -> None:
    own = "Traceback (most recent call last):\n  it is mine\nKeyError: 1\nERROR: Exception in my own code\n"
    assert without_tracebacks(own) == own
