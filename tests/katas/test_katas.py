"""The bundled katas are sound and fair: what `grade verify` proves, one app a test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from grader.catalog.kata import Kata, manifest_problems, missing_parts
from grader.catalog.packs import bundled
from grader.grading.collect import checks_of
from grader.pool.pool import Pool
from grader.pool.servers import fork_servers
from grader.verify.clauses import read_clauses
from grader.verify.coverage import coverage_problems
from grader.verify.proof import naming_problems, readme_problems, undocumented, verdict_problems
from grader.verify.reference import ReferenceApp, Role, find_reference_apps
from grader.verify.verdict import Verdict, job_for
from tests.katas import clauses, diagnoses

KATAS = bundled()
graded = cache(checks_of)
AT_ONCE = 3  # grades: a grade mostly waits, and pytest runs two of these tests at a time


def batches() -> Iterator[object]:
    """The reference apps of each kata, some at a time: while one grade waits, others run.

    Of the wrong apps a sixth is in every run of the tests; `make verify` grades all of them, three times each.
    """
    for kata in KATAS:
        apps = list(find_reference_apps(kata))
        for start in range(0, len(apps), 2 * AT_ONCE):
            batch = apps[start : start + 2 * AT_ONCE]
            is_long = all(app.role is Role.WRONG for app in batch) and start % (12 * AT_ONCE) != 0
            name = f"{kata.id}-{'-'.join(app.label for app in batch)}"
            yield pytest.param(kata, batch, id=name, marks=pytest.mark.long if is_long else ())


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with fork_servers() as servers, Pool(AT_ONCE, servers) as pool:
        yield pool


@pytest.mark.whole
@pytest.mark.parametrize(("kata", "apps"), list(batches()))
def test_each_app_gets_the_right_verdict(kata: Kata, apps: list[ReferenceApp], pool: Pool) -> None:
    jobs = [job_for(kata, app, seed=diagnoses.SEED if app.role is Role.WRONG else "") for app in apps]
    verdicts = [Verdict.of(app, result) for app, result in zip(apps, pool.results(jobs), strict=True)]
    problems = [problem for verdict in verdicts for problem in verdict_problems(verdict, graded(kata))]
    assert problems == []
    laws = {check.id for check in graded(kata) if check.is_law}
    steady = [verdict for verdict in verdicts if verdict.app.role is Role.WRONG and not verdict.app.may_fail]
    found = {verdict.app.file.stem: _essence(diagnoses.of(verdict), laws) for verdict in steady}
    assert found == {name: _essence(diagnoses.recorded(kata)[name], laws) for name in found}


def _essence(lines: list[str], laws: set[str]) -> list[str]:
    return [diagnoses.essence(line, is_law=line.partition(":")[0] in laws) for line in lines]


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.id)
def test_each_kata_is_complete(kata: Kata) -> None:
    checks = graded(kata)
    apps = list(find_reference_apps(kata))
    assert missing_parts(kata) + manifest_problems(kata) + readme_problems(kata, checks) == []
    assert list(undocumented(checks)) == []
    assert [problem for app in apps for problem in naming_problems(app, checks)] == []
    assert sum(app.role is Role.VARIANT for app in apps) >= 6
    assert sum(app.role is Role.WRONG for app in apps) >= 10


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.id)
def test_each_sentence_of_a_contract_has_a_clause_that_is_true(kata: Kata) -> None:
    found = coverage_problems(kata, read_clauses(kata), checks=tuple(checks_of(kata)), apps=find_reference_apps(kata))
    assert list(found) == []


def test_the_page_of_clauses_is_what_the_katas_say() -> None:
    assert clauses.PAGE.read_text("utf-8") == clauses.page(), "run make clauses"


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.id)
def test_a_diagnosis_is_recorded_for_each_wrong_app_and_no_other(kata: Kata) -> None:
    wrong = {app.file.stem for app in find_reference_apps(kata) if app.role is Role.WRONG}
    recorded = diagnoses.recorded(kata)
    assert recorded.keys() == wrong
    assert [name for name, lines in recorded.items() if not lines] == []


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.id)
def test_each_check_is_failed_by_a_wrong_app(kata: Kata) -> None:
    named = {name for app in find_reference_apps(kata) for name in app.fails}
    assert {check.id for check in graded(kata)} - named == set()


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.id)
def test_the_readme_lists_exactly_what_is_graded_in_order(kata: Kata) -> None:
    listed = kata.readme.read_text("utf-8").partition("## What is graded")[2].partition("\n## ")[0]
    found = [(title, int(points)) for title, points in re.findall(r"(?m)^\| (.+) \| (\d+) \|$", listed)]
    assert found == [(check.title, check.points) for check in graded(kata)]
    assert f"<summary>{len(found)} checks, {sum(points for _, points in found)} points</summary>" in listed


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.id)
def test_a_readme_is_read_in_five_minutes_and_begins_with_the_steps(kata: Kata) -> None:
    """900 words in sight, at 180 a minute; code and the fine print, which is folded, do not count."""
    readme = kata.readme.read_text("utf-8")
    in_sight = re.sub(r"(?s)<details>.*?</details>|```.*?```|\]\(.*?\)", "", readme)
    assert len(re.findall(r"[A-Za-z][\w'’-]*", in_sight)) <= 900
    assert readme.count("<details>") == readme.count("</details>") > 3
    assert "garbage" not in in_sight  # an aside: it is fine print
    headings = re.findall(r"(?m)^## (.+)$", readme)
    assert headings[:2] == ["Step by step", "The contract"]
    anchors = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in re.findall(r"(?m)^#+ (.+)$", readme)
    }
    assert set(re.findall(r"\]\(#(.+?)\)", readme)) <= anchors


def test_the_steps_of_kata_2_come_in_the_order_in_which_a_learner_works() -> None:
    kata = next(kata for kata in KATAS if kata.id == "kata-2")
    steps = re.findall(r"(?m)^\| \d\. (.+?) \|", kata.readme.read_text("utf-8"))
    assert steps == ["batches", "streams", "heartbeats", "failures", "disconnects", "many clients"]


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.id)
def test_each_check_is_short_and_holds_one_response_open(kata: Kata) -> None:
    """House rules of CONTRIBUTING.md: at most one `with`, at most twelve lines below the title."""
    for file in kata.specification.glob("test_*.py"):
        for test in ast.parse(file.read_text("utf-8")).body:
            if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
                assert (test.end_lineno or 0) - (test.body[0].end_lineno or 0) <= 12, test.name
                assert sum(isinstance(node, ast.With) for node in ast.walk(test)) <= 1, test.name
