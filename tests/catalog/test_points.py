"""The points of a kata are those that its checks have, though no specification is run to count them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import Kata, read_kata
from grader.catalog.packs import bundled
from grader.catalog.points import points_of
from grader.grading.collect import checks_of
from tests.small_kata import SOLUTION, SPECIFICATION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade


@pytest.mark.parametrize("kata", bundled(), ids=lambda kata: kata.id)
def test_they_are_those_of_the_checks(kata: Kata) -> None:
    assert points_of(kata) == sum(check.points for check in checks_of(kata))


@pytest.mark.parametrize(
    "spec",
    [
        "def test_x(:",
        "\0",
        "def test_x(): ...",
        "@check(points=MANY)\ndef test_x(): ...",
        "@check(points='2')\ndef test_x(): ...",
        "x = " + "(" * 100_000,
    ],
    ids=lambda spec: spec[:20],
)
def test_they_are_unknown_where_the_source_does_not_tell(spec: str, tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    assert points_of(kata) == 3
    write(kata.specification / "test_more.py", spec)
    assert points_of(kata) is None


def test_a_specification_in_a_folder_below_is_graded_as_it_is_explained(tmp_path: Path, grade: Grade) -> None:
    kata = read_kata(make_kata(tmp_path))
    (kata.specification / "inner").mkdir()
    (kata.specification / "test_echo.py").rename(kata.specification / "inner" / "test_echo.py")
    write(kata.specification / "echo_test.py", "raise ValueError('not a file of the specification')")
    write(tmp_path / "app.py", SOLUTION)
    assert points_of(kata) == sum(check.points for check in checks_of(kata)) == 3
    done = grade("kata-77", "--app", "app.py", json_report=True, cwd=tmp_path)
    assert (done.code, done.report["points"]) == (0, 3), done.err


def test_the_list_runs_no_specification(tmp_path: Path, grade: Grade) -> None:
    folder = make_kata(tmp_path)
    touch = f"open({str(tmp_path / 'ran')!r}, 'w').close()"
    write(folder / "spec" / "test_echo.py", f"{touch}\n{textwrap.dedent(SPECIFICATION)}")
    write(make_kata(tmp_path, "kata-78-fault") / "spec" / "test_echo.py", "def test_x(:")
    listed = grade("list", cwd=tmp_path)
    assert (listed.code, listed.err) == (0, "")
    rows = [line.split() for line in listed.out.splitlines()]
    assert [row[-1] for row in rows if row and row[0] in ("kata-77", "kata-78")] == ["3", "?"]
    assert not (tmp_path / "ran").exists()
