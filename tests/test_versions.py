"""The declared lower bounds are true: CI runs core tests with them, and what is known to be wrong lies below."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
#: Versions with which right apps got wrong verdicts, or none.
WRONG = {
    "uvicorn": ["0.30.0", "0.34.0", "0.40.0", "0.46.0"],
    "pytest": ["8.0.0", "8.2.2", "8.3.2"],
}


def requirements() -> Iterator[Requirement]:
    optional = PROJECT["optional-dependencies"].values()
    yield from map(Requirement, (*PROJECT["dependencies"], *(text for extra in optional for text in extra)))


def recipe(target: str) -> str:
    found = re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found is not None
    return found[1]


def test_each_library_has_a_lower_bound() -> None:
    without = [found.name for found in requirements() if ">=" not in str(found.specifier)]
    assert without == []


@pytest.mark.parametrize(("name", "version"), [(name, version) for name in WRONG for version in WRONG[name]])
def test_versions_that_are_known_to_be_wrong_are_not_allowed(name: str, version: str) -> None:
    found = next(found for found in requirements() if found.name == name)
    assert version not in found.specifier


def test_ci_runs_core_tests_with_the_lowest_versions_and_on_newer_pythons() -> None:
    ci = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert {"make lowest SCOPE=QUICK", "make pythons SCOPE=QUICK"} <= set(ci)
    assert "--resolution lowest-direct" in recipe("lowest")
    for target in ("lowest", "python-%"):
        assert "-m pytest" in recipe(target)
        assert "$(call grade_solutions," in recipe(target)
    assert re.search(r"^NEWER := 3\.12 3\.13 3\.14$", MAKEFILE, re.MULTILINE)
