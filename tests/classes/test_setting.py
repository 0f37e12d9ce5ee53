"""class.toml."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader.classes.model import Attempts, Bounds, Late, Settings
from grader.classes.setting import ClassFile, moment, read_class, with_options
from grader.errors import UsageError
from grader.report.feedback import Feedback
from grader.serving.limits import LaunchLimits
from tests.small_kata import write

WHOLE = """
    title = "Streams"
    katas = ["kata-1", "course:kata-2"]
    roster = "lists/roster.csv"
    app = "src/app.py"
    deadline = 2026-11-30T23:59:00+01:00
    handed-in = "modified"
    attempts = "best"
    seed = "s"
    feedback = "titles"

    [late]
    percent = 10
    most = 50
    grace = 15
    refuse = true

    [limits]
    startup = 2.5
    total = 30
    memory = 256
    size = 2
    files = 10
"""


def test_all_that_a_class_can_decide(tmp_path: Path) -> None:
    assert read_class(write(tmp_path / "class.toml", WHOLE)) == ClassFile(
        Settings(
            title="Streams",
            app="src/app.py",
            deadline=datetime(2026, 11, 30, 22, 59, tzinfo=UTC),
            late=Late(10, 50, timedelta(minutes=15), refuse=True),
            attempts=Attempts.BEST,
            limits=LaunchLimits(2.5, 30, 256 << 20),
            bounds=Bounds(2 << 20, 10),
            seed="s",
            feedback=Feedback.TITLES,
        ),
        ("kata-1", "course:kata-2"),
        tmp_path / "lists/roster.csv",
        is_modified=True,
    )


def test_nothing_has_to_be_decided(tmp_path: Path) -> None:
    assert read_class(write(tmp_path / "class.toml", "")) == ClassFile()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("titel = 'x'", "'titel' means nothing here. Did you mean 'title'?"),
        ("[late]\npercents = 1", r"\[late\]: 'percents' means nothing here. Did you mean 'percent'?"),
        ("title = 1", "title must be a text, not 1"),
        ("katas = 'kata-1'", "katas must be a list"),
        ("katas = [1]", "katas must be a list of names"),
        ("attempts = 'first'", 'attempts must be "last" or "best", not'),
        ("late = 10", r"write late as a table, \[late\]"),
        ("[late]\nrefuse = 1", "refuse must be true or false"),
        ("[late]\npercent = 101", "percent must be a number from 0 to 100"),
        ("[limits]\nsize = 65", "size must be a number from 0.01 to 64"),
        ("[limits]\ntotal = true", "total must be a number"),
        ("app = '../app.py'", "app must name a module in a submission"),
        ("app = 'app'", "app must name a module in a submission"),
        ("deadline = 'soon'", "deadline must be like"),
        ("deadline = 3", "deadline must be a moment"),
        ("deadline = 10:00:00", "deadline must be a moment"),
        ("title =", "cannot be read"),
    ],
)
def test_a_mistake_is_one_sentence(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        read_class(write(tmp_path / "class.toml", text))


def test_a_moment_without_a_zone_is_in_that_of_the_machine_and_a_day_lasts_until_its_end() -> None:
    assert moment("2026-11-30T12:00", "x") == datetime(2026, 11, 30, 12).astimezone()
    assert moment("2026-11-30", "x") == datetime(2026, 11, 30, 23, 59, 59).astimezone()
    assert moment(datetime(2026, 11, 30, 12).date(), "x") == datetime(2026, 11, 30, 23, 59, 59).astimezone()


def test_options_that_are_given_win() -> None:
    assert with_options(Settings(title="a", app="b"), title=None, app="c") == Settings(title="a", app="c")
