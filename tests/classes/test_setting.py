"""class.toml."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader.classes.model import Attempts, Bounds, Late, Settings
from grader.classes.setting import ClassFile, module_name, moment, read_class, with_options
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
        ("[late]\npercent = 101", "percent must be a number of percent from 0 to 100, not 101"),
        ('[limits]\nmemory = "1G"', "memory must be a number of MiB from 64 to 1,000,000,000, not '1G'"),
        ("[late]\ngrace = '1 h'", "grace must be a number of minutes from 0 to 1,000,000,000, not '1 h'"),
        ("[limits]\nstartup = 0", "startup must be a number of seconds from 0.1 to 600, not 0"),
        ("[limits]\nsize = 65", "size must be a number of MiB from 0.01 to 64"),
        ("[limits]\ntotal = true", "total must be a number"),
        ("app = '../app.py'", "app must name a module in a submission"),
        ("app = '/app.py'", "app must name a module in a submission"),
        ("app = 'app.py:application'", "app must name a module in a submission"),
        ('app = "a\\u0000.py"', "app must name a module in a submission"),
        ("deadline = 23:59:00", r"deadline must be a moment, such as \S+, not 23:59:00\.$"),
        ("[late]\npercent = true", r"percent must be a number of percent from 0 to 100, not true\.$"),
        ("title = 2026-11-30", r"title must be a text, not 2026-11-30\.$"),
        ("title = [23:59:00]", r"title must be a text, not a list\.$"),
        ("[title]\nx = 1", r"title must be a text, not a table\.$"),
        ("[late]\npercent = 60\nmost = 50", r"\[late\]: percent must not be above most, which is 50, so not 60\.$"),
        ("app = ''", r"app is empty: write something there, or leave it out\.$"),
        ("seed = ''", "seed is empty"),
        ("deadline = ''", "deadline is empty"),
        ("handed-in = ''", "handed-in is empty"),
        ("[limits]\ntotal = 3", r"\[limits\]: total must be more than startup, which is 10 seconds, not 3"),
        ("[limits]\nstartup = 120", "total must be more than startup, which is 120 seconds, not 120"),
        ("[limits]\nfiles = 10.5", "files must be a whole number from 1 to 5,000, not 10.5"),
        ("[limits]\nfiles = 0", "files must be a whole number"),
        ("[limits]\nfiles = true", "files must be a whole number"),
        ("[late]\npercent = nan", "percent must be a number"),
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
    midnight = datetime(2026, 12, 1).astimezone()  # 23:59:59.5, as Gradescope has it, is within the day
    assert moment("2026-11-30", "x") == moment(datetime(2026, 11, 30, 12).date(), "x") == midnight
    assert moment("9999-12-31T12:00+00:00", "x").year == 9999


@pytest.mark.parametrize(("zone", "day"), [("UTC+5", "9999-12-31"), ("UTC-5", "0001-01-01T00:00")])
def test_a_moment_that_no_clock_shows_is_a_mistake(zone: str, day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        with pytest.raises(UsageError, match="deadline is too far from now"):
            moment(day, "deadline")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_options_that_are_given_win() -> None:
    assert with_options(Settings(title="a", app="b"), title=None, app="c") == Settings(title="a", app="c")


def test_fractions_are_kept(tmp_path: Path) -> None:
    text = "[late]\npercent = 12.5\nmost = 33.4\ngrace = 0.5\n[limits]\nmemory = 64.5\nsize = 0.5"
    found = read_class(write(tmp_path / "class.toml", text)).settings
    assert found.late == Late(12.5, 33.4, timedelta(seconds=30))
    assert (found.limits.memory, found.bounds.size) == (129 << 19, 1 << 19)


def test_the_limits_are_those_of_a_grade_of_ones_own() -> None:
    assert Settings().limits == LaunchLimits()


def test_a_name_of_the_app_is_written_one_way() -> None:
    assert (module_name("./src//app.py", "--app"), module_name("", "--app")) == ("src/app.py", "")


def test_a_mark_of_the_order_of_bytes_is_not_a_mistake(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    (tmp_path / "class.toml").write_text('title = "Ströme"', "utf-8-sig")
    assert read_class(tmp_path / "class.toml").settings.title == "Ströme"


def test_a_folder_of_that_name_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "class.toml").mkdir()
    with pytest.raises(UsageError, match=r"class.toml cannot be read: \w[^']*\.$"):
        read_class(tmp_path / "class.toml")
