"""Takes the paths of the grading machine out of what a submission has said: they concern no reader of its report."""

from __future__ import annotations

import re
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TypeVar

from grader.model import Check, Report
from grader.protocol.transcript import Entry

#: The folders that a jail makes for one app, beside what it keeps in them.
_SCRATCH = r"/[^\s\0\"'`:]*/stream-katas-[a-z0-9_]{8}/"
_LIBRARY = Path(__file__).resolve().parents[2]

Facts = TypeVar("Facts")


def without_roots(report: Report, folder: Path) -> Report:
    """``report`` in which a path below ``folder``, the app's own, begins there, and one of this machine with "…/".

    What was sent and received stays as it is.
    """
    machine = {sys.prefix, sys.base_prefix, str(_LIBRARY), str(Path.home()), str(Path.cwd())} - {"/"}
    elsewhere = "|".join([_SCRATCH, *(re.escape(f"{root}/") for root in sorted(machine, key=len, reverse=True))])
    own = "|".join([rf"{_SCRATCH}app/", re.escape(f"{folder}/")])
    command = report.command
    return replace(_cleaned(report, re.compile(own), re.compile(elsewhere)), command=command)


def _cleaned(value: Facts, own: re.Pattern[str], elsewhere: re.Pattern[str]) -> Facts:
    """All texts in ``value``, which is made of frozen dataclasses and tuples."""
    match value:
        case str():
            return elsewhere.sub("…/", own.sub("", value))  # type: ignore[return-value]
        case tuple():
            return tuple(_cleaned(each, own, elsewhere) for each in value)  # type: ignore[return-value]
        case Check() | Entry():
            return value  # of the kata's author; of both ends
    if not is_dataclass(value) or isinstance(value, type):
        return value
    texts = {each.name: getattr(value, each.name) for each in fields(value) if each.name != "origin"}
    return replace(value, **{name: _cleaned(text, own, elsewhere) for name, text in texts.items()})
