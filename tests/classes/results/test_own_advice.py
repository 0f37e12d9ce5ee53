"""Students of a class get advice that they can follow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.classes.model import Entry, Submission
from grader.classes.results.own_advice import fitting
from grader.classes.results.student_page import html_of, markdown_of, shown
from grader.model import BootFailure
from grader.report.feedback import Feedback
from tests.classes.hand import ADA, KATA, NAME, WHOLE


@pytest.mark.parametrize(
    ("headline", "advice", "instead"),
    [
        (
            "app.py has no “app”",
            "It has “application”: rename it, or add --app app.py:application.",
            "It has “application”: call it “app”.",
        ),
        (
            "hw/main.py has no “server”",
            "If “create_app” makes it, add --app hw/main.py:create_app --factory.",
            "If “create_app” makes it, write `server = create_app()` below it.",
        ),
        (
            "“app” in app.py is a function that does not take ASGI's three arguments",
            "If it makes the app, add --factory.",
            "If it makes the app, give it another name, and write `app = THAT_NAME()` below it.",
        ),
        (
            "app.py needs the environment variable KEY, which is not set for it",
            "The app's environment is an allow-list: PATH, HOME, the locale and a few more. `--env KEY` passes this "
            "variable on, too.",
            "The app has no variables but PATH, HOME, the locale and a few more: do without, or take a default, "
            '`os.environ.get("KEY", "")`.',
        ),
        ("x", "Install it into the environment that runs `grade`, or do without it.", "Do without it."),
        (
            "app.py imports “parts”, which lies in lib, where it is not looked for",
            "Name the module as uvicorn would there: `--app package.module:app`.",
            "Put it into the folder of the module that has the app: imports are looked for there.",
        ),
        (
            "app.py uses a relative import, but its folder is not a package",
            "Put an empty __init__.py into each folder of the package, or name the module as uvicorn would, in the "
            "folder above: `--app package.module:app`.",
            "Put an empty __init__.py into each folder of the package.",
        ),
        ("x", "Give it time. Or add --startup-limit 20.", "Give it time."),
        ("x", "Fix the line shown.", "Fix the line shown."),
        ("x", "", ""),
    ],
)
def test_no_option_of_a_command_is_advised(headline: str, advice: str, instead: str) -> None:
    found = fitting(replace(WHOLE, boot_failure=BootFailure(headline, advice))).boot_failure
    assert found == BootFailure(headline, instead)


def test_the_page_and_the_markdown_have_the_same_advice() -> None:
    failed = replace(WHOLE, boot_failure=BootFailure("app.py is broken", "Fix the line shown."), results=())
    entry = Entry(ADA, Submission("ada", NAME), failed, possible=4)
    report = shown(entry, KATA, Feedback.FULL)
    assert "Fix the line shown." in html_of(report)
    assert "Fix the line shown." in markdown_of(report)
