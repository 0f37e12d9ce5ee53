"""How far a class is, on a terminal and elsewhere."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from grader.classes.progress import Progress
from grader.cli.classes.live import duration, line_of, table_of
from tests.serving.jail import offers
from tests.small_kata import SOLUTION, make_kata, write
from tests.terminal import Terminal


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress(300), "graded: 0 of 300"),
        (Progress(300, 12, 4, median=0.94, left=130), "graded: 12 of 300 (4 running), median 0.9 s, about 2 min left"),
        (Progress(300, 300, median=0.94, left=0.0), "graded: 300 of 300, median 0.9 s"),
    ],
)
def test_a_line(progress: Progress, line: str) -> None:
    assert line_of(progress) == line


@pytest.mark.parametrize(("seconds", "words"), [(40, "40 s"), (120, "2 min"), (5400, "90 min"), (12_000, "3 h 20 min")])
def test_a_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def shown(progress: Progress) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    console.print(table_of(progress))
    file = console.file
    assert isinstance(file, io.StringIO)
    return [" ".join(line.split()) for line in file.getvalue().splitlines()]


def test_a_table_has_what_there_is() -> None:
    assert shown(Progress(9, 3, 2)) == ["done running waiting", "3 2 4"]
    assert shown(Progress(9, 3, 2, kept=1, refused=1, again=1, median=1.0, left=8.0)) == [
        "done running waiting once more not gradable in the ledger before median time left",
        "3 2 4 1 1 1 1.0 s 8 s",
    ]


def test_on_a_terminal_a_table_changes_and_is_gone_at_the_end(tmp_path: Path) -> None:
    offers.a_tier()
    make_kata(tmp_path)
    for number in range(3):
        write(
            tmp_path / "class" / f"s{number}" / "app.py",
            SOLUTION.replace("    import json", f"    import json  # {number}"),
        )
    with Terminal("class", "class", "--kata", "kata-77", "--out", "results", cwd=tmp_path) as terminal:
        assert "waiting" in terminal.wait_for("running")
        last = terminal.wait_for("Results: results")
        assert terminal.wait_for_end() == 0
    assert "running" not in last
    assert "3  graded" in last
