"""What `grade verify` ends with: a problem is not the same as a kata that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.cli import verify
from grader.cli.main import main
from tests.small_kata import make_kata, write


@pytest.mark.parametrize(
    ("arguments", "problems", "code"),
    [([], (), 3), ([], ("a problem",), 1), (["kata-77"], (), 0), (["kata-78"], (), 3)],
    ids=["only refused", "refused, and a problem", "another one", "by its name"],
)
def test_a_kata_that_cannot_be_used_is_no_problem_of_a_kata(
    arguments: list[str],
    problems: tuple[str, ...],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_kata(tmp_path)
    write(make_kata(tmp_path, "kata-78-other") / "kata.toml", "title = ")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verify, "_verify", lambda *_: problems)
    assert main(["verify", *arguments]) == code
    assert ("kata-78-other/kata.toml cannot be read" in capsys.readouterr().err) == (arguments != ["kata-77"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--load", "2"], "--load and --resume need --repeat N."),
        (["--sample", "2"], "--sample needs --mutate."),
        (["--mutate", "--repeat", "2"], "--mutate and --repeat are two proofs: run one after the other."),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "kata-1", *arguments]) == 2
    assert reason in capsys.readouterr().err
