"""The bundled katas are sound and fair: what `grade verify` proves, one app a test."""

from __future__ import annotations

import pytest

from grader.catalog.kata import Kata, bundled, manifest_problems, missing_parts
from grader.grading.plugin import checks_of
from grader.verify.judge import judge
from grader.verify.proof import naming_problems, readme_problems, verdict_problems
from grader.verify.reference import ReferenceApp, Role, find_reference_apps
from tests.katas import diagnoses

KATAS = bundled()
EXHIBITS = [(kata, exhibit) for kata in KATAS for exhibit in find_reference_apps(kata)]


@pytest.mark.parametrize(("kata", "exhibit"), EXHIBITS, ids=[f"{kata.id}-{one.label}" for kata, one in EXHIBITS])
def test_each_app_is_judged_as_it_should_be(kata: Kata, exhibit: ReferenceApp) -> None:
    verdict = judge(kata, exhibit, diagnoses.SEED if exhibit.role is Role.WRONG else "")
    assert verdict_problems(verdict, checks_of(kata)) == []
    if exhibit.role is Role.WRONG:
        assert diagnoses.of(verdict) == diagnoses.recorded(kata)[exhibit.file.stem]


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.id)
def test_each_kata_is_complete(kata: Kata) -> None:
    checks = checks_of(kata)
    exhibits = list(find_reference_apps(kata))
    assert missing_parts(kata) + manifest_problems(kata) + readme_problems(kata, checks) == []
    assert [problem for exhibit in exhibits for problem in naming_problems(exhibit, checks)] == []
    assert sum(exhibit.role is Role.VARIANT for exhibit in exhibits) >= 6
    assert sum(exhibit.role is Role.WRONG for exhibit in exhibits) >= 10


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.id)
def test_a_diagnosis_is_recorded_for_each_wrong_app_and_no_other(kata: Kata) -> None:
    wrong = {exhibit.file.stem for exhibit in find_reference_apps(kata) if exhibit.role is Role.WRONG}
    assert diagnoses.recorded(kata).keys() == wrong


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.id)
def test_each_check_is_failed_by_a_wrong_app(kata: Kata) -> None:
    named = {name for exhibit in find_reference_apps(kata) for name in exhibit.fails}
    assert {check.id for check in checks_of(kata)} - named == set()
