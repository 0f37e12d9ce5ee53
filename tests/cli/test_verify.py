"""What `grade verify` ends with: a problem is not the same as a kata that cannot be used."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from grader.cli import verify
from grader.cli.main import main
from tests.conftest import DEADLINE, ROOT, environment
from tests.small_kata import make_kata, write

#: The command, in which one of its parts is replaced by a signal.
INTERRUPTED = """
    import signal, sys
    from pathlib import Path
    from grader import interrupt
    from grader.cli import verify
    from grader.cli.main import main
    from grader.verify.proof import Proof
    from grader.verify.reference import ReferenceApp, Role
    from grader.verify.verdict import Verdict

    def interrupted(*_, **__):
        signal.raise_signal({number})

    def proven(kata, *_, **__):
        if kata.id == "kata-78":
            interrupted()
        return Proof(kata, (), (Verdict(ReferenceApp(Role.STUB, kata.stub), {{}}, {{}}),), ())

    interrupt.end_on_signals()
    verify.prove = proven
    verify.survey = verify.audit = interrupted
    main(["verify", *sys.argv[1:]])
"""


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["kata-78"], "nothing was graded"),
        (
            ["kata-77", "kata-78", "--once"],
            "what is shown above is complete, but the next kata was not graded to the end",
        ),
        (
            ["kata-77", "--mutate"],
            "the proof above is complete, but not all mutants of kata-77-small-echo were graded",
        ),
        (["kata-77", "--repeat", "2"], "nothing was graded"),
        (
            ["kata-77", "--repeat", "2", "--resume", "kept"],
            "the grades so far are in kept, and the same command goes on with the rest",
        ),
    ],
    ids=["the first kata", "the second kata", "mutants", "repeats", "repeats that are kept"],
)
def test_a_signal_says_what_is_complete(
    arguments: list[str], words: str, number: signal.Signals, tmp_path: Path
) -> None:
    make_kata(tmp_path)
    make_kata(tmp_path, "kata-78-other")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(INTERRUPTED).format(number=int(number)), *arguments],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    why = "interrupted" if number == signal.SIGINT else "terminated"
    assert (done.returncode, done.stderr) == (128 + number, f"grade: {why}; {words}.\n")
    assert ("kata-77-small-echo" in done.stdout) == ("above" in words)


def test_of_a_pack_without_solutions_only_that_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_kata(tmp_path)
    (tmp_path / "solutions" / folder.name / "app.py").unlink()
    for options in ([], ["--mutate"]):
        assert main(["verify", str(folder), *options]) == 1
        out, err = capsys.readouterr()
        lines = out.splitlines()
        assert (lines[0], err) == ("kata-77-small-echo", "")
        assert " ".join(" ".join(lines[1:]).split()).startswith("problem there is no solution: write ")
        assert "checks" not in out
        assert "passed" not in out
