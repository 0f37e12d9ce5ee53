"""Normal forms are made in another process, with bounds: no module holds up the class, or ends it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.classes import forms
from grader.classes.forms import NormalForms
from grader.syntax import normal_form
from tests.conftest import ROOT

SOLUTION = next(ROOT.glob("solutions/kata-1-*/app.py")).read_bytes()

#: The process, where the parser never ends with a module that has "bad" in it, whatever Python it is.
FOR_EVER = forms._PROGRAM.replace(
    "forms.work(",
    "forms._SECONDS = 0; whole = forms.normal_form; forms.normal_form = "
    "lambda source: whole(source) if b'bad' not in source else [None for _ in iter(int, 1)]; forms.work(",
)


def running() -> list[str]:
    """The children of this process."""
    return Path("/proc/thread-self/children").read_text().split()


def test_the_forms_are_those_of_this_process() -> None:
    sources = [SOLUTION, SOLUTION + b"\nx = 1\n", b"x = 1", b"def f(:", b"\xff"]
    with NormalForms() as made:
        assert [made.form_of(source) for source in sources] == list(map(normal_form, sources))
    assert normal_form(SOLUTION) != ""


def test_a_module_that_takes_too_long_has_none_and_the_next_one_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "_PROGRAM", FOR_EVER)
    with NormalForms() as made:
        assert made.form_of(b"bad = 1") == ""
        assert made.form_of(SOLUTION) == normal_form(SOLUTION)
        assert made.form_of(b"bad = 1") == ""


def test_a_module_that_some_pythons_parse_for_minutes() -> None:
    with NormalForms() as made:
        made.form_of(b"import " + b"a." * 125_000 + b"a")
        assert made.form_of(SOLUTION) == normal_form(SOLUTION)


def test_a_process_that_breaks_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    breaking = forms._PROGRAM.replace(
        "forms.work(", "forms.normal_form = lambda _: __import__('os')._exit(9); forms.work("
    )
    with NormalForms() as made:
        with monkeypatch.context() as patched:
            patched.setattr(forms, "_PROGRAM", breaking)
            assert made.form_of(SOLUTION) == ""
        assert made.form_of(SOLUTION) == normal_form(SOLUTION)


def test_where_no_process_can_start_there_is_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(*_: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(forms, "Process", no_more)
    with NormalForms() as made:
        assert made.form_of(SOLUTION) == ""


def test_the_process_ends_with_the_block() -> None:
    before = running()
    with NormalForms() as made:
        made.form_of(SOLUTION)
        (own,) = set(running()) - set(before)
    assert running() == before
    with pytest.raises(ProcessLookupError):
        os.kill(int(own), 0)
