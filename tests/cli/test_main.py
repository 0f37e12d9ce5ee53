"""The commands are found by name, and imported only when one runs."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from grader.cli.main import COMMANDS, cli, main
from tests.conftest import ROOT, environment


def loaded(code: str) -> set[str]:
    """The modules of the command line that are imported after ``code``."""
    script = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    return {name.removeprefix("grader.cli.") for name in done.stderr.split() if name.startswith("grader.cli.")}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_commands_has_the_first_line_of_each_ones_help(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(limit=200) == COMMANDS[name]


def test_help_and_completion_import_no_command() -> None:
    started = "from grader.cli.main import cli, main\n"
    completed = "import click\ncli.shell_complete(click.Context(cli), 'l')"
    for code in ("main(['--help'])", "main(['rset'])", completed):
        assert not loaded(started + code) & set(COMMANDS)


def test_a_command_imports_no_other_command() -> None:
    assert loaded("from grader.cli.main import main\nmain(['list'])") & set(COMMANDS) == {"list"}


def test_a_shell_completes_the_names_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    found = cli.shell_complete(click.Context(cli), "l")
    assert [(item.value, item.help) for item in found] == [("list", COMMANDS["list"])]


def test_errors_are_exit_codes_and_no_exceptions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kata-99"]) == 2
    assert main(["list", "--no-such"]) == 2
    assert main(["--version"]) == 0
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("instruction", "code", "words"),
    [("bash_source", 0, "complete"), ("bash_complete", 0, "list"), ("x_source", 2, "")],
)
def test_a_shells_completion_is_no_error(instruction: str, code: int, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "grader"],
        cwd=ROOT,
        env=environment(_GRADE_COMPLETE=instruction, COMP_WORDS="grade li", COMP_CWORD="1"),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (code, "")
    assert words in done.stdout


@pytest.mark.parametrize(
    ("limit", "platform", "says"), [("65", "darwin", True), ("65", "linux", False), ("1024", "darwin", False)]
)
def test_a_memory_limit_that_is_not_kept_is_no_silent_one(
    limit: str, platform: str, says: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert main(["kata-99", "--memory-limit", limit]) == 2
    assert ("--memory-limit is kept on Linux only" in capsys.readouterr().err) is says
