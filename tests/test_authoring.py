"""Whoever follows docs/authoring.md word by word ends up with a kata that is sound and fair."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.conftest import Grade

#: Each fenced block: its kind, the file that it is (or ""), and what it says.
BLOCKS = re.findall(
    r"^```(\S+) ?(.*)\n((?:.*\n)*?)```$", (ROOT / "docs" / "authoring.md").read_text("utf-8"), re.MULTILINE
)
#: Left out here: it would take too long, or slow down all other tests. `make mutate` and `make audit` do such things.
_LONG = ("--mutate", "--load", "4")


def remove(root: Path, patterns: list[str]) -> None:
    for pattern in patterns:
        for file in list(root.glob(pattern)):
            file.unlink()


def write_files(root: Path) -> None:
    """All files that the guide shows."""
    for _, file, text in BLOCKS:
        if file:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(text, "utf-8")


def test_the_authors_guide_can_be_followed(tmp_path: Path, grade: Grade) -> None:
    codes: list[tuple[str, int, str]] = []
    for kind, file, text in BLOCKS:
        if file:
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(text, "utf-8")
        for line in text.splitlines() if kind == "console" else []:
            match shlex.split(line):
                case ["$", "rm", *patterns]:
                    remove(tmp_path, patterns)
                case ["$", "grade", *words]:
                    words = ["1" if word == "5" else word for word in words if word not in _LONG]
                    done = grade(*words, cwd=tmp_path)
                    codes.append((" ".join(words), done.code, done.out))
                case other:
                    raise AssertionError(f"nobody knows how to follow {other}")
    laid_out, unfilled, proven, again, repeated, wrong = codes
    assert (laid_out[1], unfilled[1], proven[1], again[1], repeated[1], wrong[1]) == (0, 1, 0, 0, 0, 1), codes
    assert "fill in" in unfilled[2]
    assert proven[2].endswith("sound and fair\n\n")
    assert "verdicts differed" in repeated[2]


def test_the_equivalent_mutant_of_the_guide_is_the_one_that_it_shows(tmp_path: Path) -> None:
    from grader.catalog.kata import read_kata
    from grader.pool.pool import Pool
    from grader.verify.equivalents import equivalents
    from grader.verify.survival import Fate, mutants_of, try_out

    write_files(tmp_path)
    kata = read_kata(tmp_path / "katas" / "kata-12-running-total")
    (blocking,) = [mutant for mutant in mutants_of(kata) if mutant.operator == "blocking-pull"]
    with Pool(1) as pool:
        (trial,) = try_out(kata, [blocking], pool, reasons=equivalents(kata))
    assert trial.fate is Fate.EQUIVALENT


def test_the_laws_of_the_guide_give_the_stub_no_points(tmp_path: Path, grade: Grade) -> None:
    """It adds no delays: a law about the pace holds for it, unless it comes after a check that the stub fails."""
    write_files(tmp_path)
    kata = tmp_path / "katas" / "kata-12-running-total"
    spec = kata / "spec" / "test_running_total.py"
    (pace,) = [text for _, file, text in BLOCKS if not file and "pace.has_no_rests()" in text]
    spec.write_text(f"{spec.read_text('utf-8')}\n\n{pace}", "utf-8")
    for app, outcomes in (("katas", {"blocked"}), ("solutions", {"passed"})):
        done = grade(str(kata), "--app", f"{app}/kata-12-running-total/app.py", cwd=tmp_path, json_report=True)
        found = done.outcomes()
        assert {found[name] for name in ("no_delays_are_added", "the_loop_is_never_blocked")} == outcomes, done.out
