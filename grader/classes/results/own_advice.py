"""Advice about an app that did not start, for a student whose submission is graded in a class: no options."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from grader.model import BootFailure, Report

#: What the grader says to people who run it themselves, as an expression, and what a student can do instead.
_INSTEAD: Final = (
    (r"rename it, or add --app \S+?:[^\s:]+\.$", "call it “{name}”."),
    (r"If “(.+?)” makes it, add --app .+ --factory\.$", r"If “\1” makes it, write `{name} = \1()` below it."),
    (
        r"If it makes the app, add --factory\.$",
        "If it makes the app, give it another name, and write `{name} = THAT_NAME()` below it.",
    ),
    (
        r"The app's environment is an allow-list: (.+)\. `--env (.+?)` passes this variable on, too\.$",
        r'The app has no variables but \1: do without, or take a default, `os.environ.get("\2", "")`.',
    ),
    (r"Install it into the environment that runs `grade`, or do without it\.$", "Do without it."),
    (
        r"Name the module as uvicorn would there: `--app .+`\.$",
        "Put it into the folder of the module that has the app: imports are looked for there.",
    ),
    (r", or name the module as uvicorn would, in the folder above: `--app .+`\.$", "."),
)
#: A sentence with an option of a command: none of it can be given for a submission.
_OPTION: Final = re.compile(r"[^.]*(?<!\S)[`“]?--[a-z][^.]*\.?\s*")
_NAME: Final = re.compile(r"has no “(\w+)”$|^“(\w+)”")


def fitting(report: Report) -> Report:
    """The report with advice that its student can follow."""
    failure = report.boot_failure
    return report if failure is None else replace(report, boot_failure=_fitting(failure))


def _fitting(failure: BootFailure) -> BootFailure:
    found = _NAME.search(failure.headline)
    name = (found[1] or found[2]) if found else "app"
    advice = failure.advice
    for said, instead in _INSTEAD:
        advice = re.sub(said, instead.format(name=name), advice)
    return replace(failure, advice=_OPTION.sub("", advice).strip())
