"""A verdict on a reference app is made from its report."""

from __future__ import annotations

from pathlib import Path

from grader.catalog.kata import read_kata
from grader.model import BootFailure, Outcome, Report
from grader.pool.news import Trouble
from grader.pool.pool import Pool
from grader.verify.reference import ReferenceApp, Role
from grader.verify.verdict import Verdict, verdicts
from tests.small_kata import make_kata

APP = ReferenceApp(Role.WRONG, Path("some_app.py"))


def test_it_has_the_outcomes_and_headlines_of_the_report(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    wrong, solution = kata.solutions / "wrong" / "no_type.py", kata.solutions / "app.py"
    apps = [ReferenceApp(Role.WRONG, wrong), ReferenceApp(Role.SOLUTION, solution)]
    with Pool(2) as pool:
        found, right = verdicts(kata, apps, pool, seed="5eed")
    assert found.outcomes == {"is_json": Outcome.FAILED, "all_items": Outcome.BLOCKED}
    assert found.headlines["is_json"] == '200, "text/html"; expected: 200, "application/json"'
    assert (found.points, found.seed, found.failed, found.trouble) == (0, "5eed", ("is_json",), "")
    assert (right.app, right.points, right.headlines, right.failed) == (apps[1], 3, {}, ())


def test_an_app_that_does_not_start_is_said_to_be_one() -> None:
    failure = BootFailure("app.py is not valid Python")
    report = Report("kata-1", "Title", "app.py", "5eed", "grade kata-1", (), boot_failure=failure)
    found = Verdict.of(APP, report)
    assert found.does_not_start
    assert found.trouble == "it does not start: app.py is not valid Python"


def test_without_a_report_it_says_why() -> None:
    found = Verdict.of(APP, Trouble("the grader's process ended without a report"))
    assert (found.outcomes, found.does_not_start) == ({}, False)
    assert found.trouble == "the grader's process ended without a report"
