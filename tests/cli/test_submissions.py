"""A submission gets a report even without an app; what is written for its student shows what is allowed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.report.test_formats import ALWAYS
from tests.small_kata import SOLUTION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    make_kata(tmp_path)
    (tmp_path / "ada").mkdir()
    return tmp_path


def test_a_missing_app_is_reported_in_each_format(echo: Path, grade: Grade) -> None:
    written = [word for name in ALWAYS for word in ("--to", f"{name}:report.{name}")]
    done = grade("77", "--submission", "--app", str(echo / "ada" / "app.py"), *written, cwd=echo, json_report=True)
    assert (done.code, done.err) == (1, "")
    assert "The app did not start: there is no file ada/app.py in the submission" in done.out
    assert [name for name in ALWAYS if not (echo / f"report.{name}").stat().st_size] == []
    report = done.report
    assert (report["points"], report["app"], report["is_submission"]) == (0, "ada/app.py", True)
    assert report["command"] == "grade 77 --app ada/app.py --submission"
    assert set(done.outcomes().values()) == {"failed"}
    assert "there is no file ada/app.py" in report["checks"][0]["finding"]["headline"]
    assert (report["origin"]["pack"], len(report["origin"]["digest"])) == ("folder", 64)
    assert str(echo) not in str(report)


@pytest.mark.parametrize("options", [[], ["--submission"]], ids=["ones own", "a submission"])
def test_what_lies_beside_an_app_is_not_read(options: list[str], echo: Path, grade: Grade) -> None:
    write(echo / "ada" / "app.py", SOLUTION)
    os.mkfifo(echo / "ada" / "pipe.py")
    (echo / "ada" / "huge.py").touch()
    os.truncate(echo / "ada" / "huge.py", 60 << 20)
    assert grade("77", "--app", "ada/app.py", *options, cwd=echo).code == 0


@pytest.mark.parametrize("options", [[], ["--submission"]], ids=["ones own", "a submission"])
def test_an_app_that_is_too_long_has_not_started(options: list[str], echo: Path, grade: Grade) -> None:
    (echo / "ada" / "app.py").touch()
    os.truncate(echo / "ada" / "app.py", 60 << 20)
    done = grade("77", "--app", "ada/app.py", *options, cwd=echo)
    assert (done.code, done.err) == (1, "")
    assert "The app did not start: app.py is longer than 8 MiB" in done.out


def test_an_empty_app_is_reported_and_no_path_of_this_machine(echo: Path, grade: Grade) -> None:
    write(echo / "ada" / "app.py", "")
    done = grade("77", "--submission", "--app", str(echo / "ada" / "app.py"), cwd=echo, json_report=True)
    assert (done.code, done.report["points"]) == (1, 0)
    assert "the app did not start" in done.report["checks"][0]["finding"]["headline"]
    assert str(echo) not in str(done.report)


def test_without_submission_it_is_a_wrong_command(echo: Path, grade: Grade) -> None:
    done = grade("77", "--app", "ada/app.py", cwd=echo)
    assert (done.code, done.err) == (2, "grade: --app: there is no file 'ada/app.py'.\n")


def test_a_report_for_the_student_shows_what_is_allowed(echo: Path, grade: Grade) -> None:
    write(echo / "ada" / "app.py", "raise ValueError('an otter')")
    words = ("--submission", "--app", "ada/app.py", "--to", "markdown:a.md", "--label", "Ada", "--feedback", "score")
    done = grade("77", *words, cwd=echo, json_report=True)
    assert done.code == 1
    assert "an otter" in done.out  # the instructor's terminal has all
    assert [check["title"] for check in done.report["checks"]] == ["what did not pass"]
    assert (done.report["app"], done.report["command"]) == ("Ada", "")
    assert "an otter" not in str(done.report) + (echo / "a.md").read_text("utf-8")
