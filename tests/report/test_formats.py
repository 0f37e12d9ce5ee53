"""Formats are found by name, and other packages can add one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import Inconclusive, UsageError
from grader.model import Report
from grader.report import formats
from tests.report.generated import ANY_TEXT, reports
from tests.report.samples import MIXED
from tests.small_kata import write

ALL = ", ".join(formats.BUILT_IN)
PACKAGE = """
def render(report):
    return f"{report.points} of {report.possible} “points”"

def broken(report):
    return report.no_such_field
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a package with entry points, as pip would install it, where Python looks for modules."""

    def made(entries: str, name: str = "my-formats") -> None:
        write(tmp_path / "my_formats.py", PACKAGE)
        folder = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        write(folder / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        write(folder / "entry_points.txt", f"[grade.formats]\n{entries}\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    return made


#: Formats of which tests/report/test_other_programs.py knows what they need, and what they refuse to write.
DEMANDING = ("classroom50", "github-classroom")
ALWAYS = sorted(formats.BUILT_IN.keys() - set(DEMANDING))


@pytest.mark.parametrize("name", ALWAYS)
def test_each_format_is_bytes_in_utf_8(name: str) -> None:
    text = formats.find(name)(MIXED).decode("utf-8")
    assert MIXED.title in text


def test_an_installed_package_adds_a_format(install: Callable[[str], None]) -> None:
    install("points = my_formats:render")
    assert formats.find("points")(MIXED) == f"{MIXED.points} of {MIXED.possible} “points”".encode()


def test_a_package_does_not_replace_a_format_of_ours(install: Callable[[str], None]) -> None:
    install("json = my_formats:render")
    assert json.loads(formats.find("json")(MIXED))["format"] == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("jsn", f"There is no report format 'jsn'. Did you mean 'json'? There are {ALL}."),
        ("", f"There is no report format ''. There are {ALL}."),
        ("xlsx", "There is no report format 'xlsx'. There are"),
    ],
)
def test_an_unknown_format_is_refused(name: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        formats.find(name)
    assert words in str(refused.value)


def test_formats_of_packages_are_named_too(install: Callable[[str], None]) -> None:
    install("points = my_formats:render")
    with pytest.raises(UsageError, match="Did you mean 'points'") as refused:
        formats.find("point")
    assert str(refused.value).endswith(f"There are {ALL}, points.")


def test_one_name_for_two_formats_is_refused(install: Callable[..., None]) -> None:
    install("points = my_formats:render")
    install("points = my_formats:broken", "their-formats")
    with pytest.raises(UsageError, match="Several packages have a report format 'points': my-formats, their-formats"):
        formats.find("points")


def test_a_format_that_cannot_be_imported_is_told_of_before_anything_is_graded(install: Callable[[str], None]) -> None:
    install("gone = my_formats.gone:render")
    with pytest.raises(Inconclusive, match="the report format 'gone' cannot be loaded"):
        formats.find("gone")


def test_a_format_that_fails_is_not_a_fault_of_the_app(install: Callable[[str], None]) -> None:
    install("broken = my_formats:broken")
    with pytest.raises(Inconclusive, match="the report format 'broken' failed"):
        formats.find("broken")(MIXED)


@given(st.sampled_from(ALWAYS), reports(ANY_TEXT, st.floats(min_value=0, max_value=1e6)))
@settings(max_examples=60, deadline=None)
def test_each_format_writes_any_report(name: str, report: Report) -> None:
    """Also one that was read from JSON, and that no grade of ours would make."""
    formats.find(name)(report).decode("utf-8")
