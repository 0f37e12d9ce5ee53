"""Reports go where the command line says, in the formats that it asks for, and whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import read_kata
from grader.cli.outputs import outputs_of
from grader.errors import Inconclusive
from grader.learner.journal import Journal
from grader.report.read_json import read
from tests.conftest import DEADLINE, environment
from tests.report.samples import MIXED
from tests.small_kata import SOLUTION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

pytestmark = pytest.mark.cold

COMMANDS = """
import sys
print("::add-mask::of 36 points", flush=True)
print("   ::stop-commands::abc", file=sys.stderr)
print("look: ##[add-mask]36", flush=True)
raise ValueError("so\\n::error title=Grade::36 of 36\\n##[error]no")
"""


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    make_kata(tmp_path)
    write(tmp_path / "solution.py", SOLUTION)
    write(tmp_path / "broken.py", "import nothing")  # the quickest report of all
    return tmp_path


def test_one_grade_is_written_in_several_formats(echo: Path, grade: Grade) -> None:
    to = ("--to", "json:a.json", "--to", "markdown:b.md", "--to", "text:c.txt", "--html", "d.html")
    done = grade("77", "--app", "solution.py", *to, cwd=echo)
    assert done.code == 0
    assert read((echo / "a.json").read_text("utf-8")).points == 3
    assert (echo / "b.md").read_text("utf-8").startswith("## Small echo: 3 of 3 points\n")
    assert "Score: 3 of 3 points" in (echo / "c.txt").read_text("utf-8")
    assert (echo / "d.html").read_text("utf-8").startswith("<!doctype html>")
    assert done.out.endswith("Page: d.html\n")
    assert "Score: 3 of 3 points" in done.out


@pytest.mark.parametrize("to", ["markdown", "markdown:-"])
def test_a_format_without_a_file_is_all_that_is_on_standard_output(to: str, echo: Path, grade: Grade) -> None:
    done = grade("77", "--app", "broken.py", "--to", to, cwd=echo)
    assert done.code == 1
    assert done.out.startswith("## Small echo: 0 of 3 points\n")
    assert "Score:" not in done.out


def test_an_installed_package_adds_a_format(echo: Path, grade: Grade) -> None:
    write(echo / "site" / "mine.py", "def render(report):\n    return b'points: %d' % report.points")
    write(echo / "site" / "mine-1.dist-info" / "entry_points.txt", "[grade.formats]\npoints = mine:render\n")
    done = grade("77", "--app", "solution.py", "--to", "points", cwd=echo, PYTHONPATH=f"{echo}/site:{os.getcwd()}")
    assert (done.code, done.out) == (0, "points: 3")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise SystemExit(0)", "the report format 'points' cannot be loaded (SystemExit: 0)"),
        ("def render(report):\n    raise SystemExit(0)", "the report format 'points' failed (SystemExit: 0)"),
        ("def render(report):\n    return 1 / 0", "the report format 'points' failed (ZeroDivisionError: division by"),
    ],
)
def test_a_format_that_fails_is_no_report(source: str, words: str, echo: Path, grade: Grade) -> None:
    write(echo / "site" / "mine.py", source)
    write(echo / "site" / "mine-1.dist-info" / "entry_points.txt", "[grade.formats]\npoints = mine:render\n")
    done = grade("77", "--app", "broken.py", "--to", "points", cwd=echo, PYTHONPATH=f"{echo}/site:{os.getcwd()}")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"grade: {words}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--to jsn", "There is no report format 'jsn'. Did you mean 'json'?"),
        ("--to json --html -", "--to json and --html cannot both go to standard output; name a file for one of them."),
        ("--to json:a --json ./a", "--to json and --json both write to './a'; name another place for one of them."),
        ("--to text:no/such/file", "--to text: 'no/such/file' cannot be written: there is no folder 'no/such'."),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_lost(
    arguments: str, words: str, echo: Path, grade: Grade
) -> None:
    old = write(echo / "report.json", "old")
    done = grade("77", "--app", "broken.py", "--to", "html:report.json", *arguments.split(), cwd=echo)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"grade: {words}")
    assert old.read_text("utf-8") == "old"


def test_an_old_report_is_removed_before_the_app_starts(echo: Path, grade: Grade) -> None:
    write(echo / "report.json", "old")
    write(echo / "app.py", "import pathlib\nraise ValueError(pathlib.Path('report.json').exists())")
    done = grade("77", "--app", "app.py", "--json", "report.json", cwd=echo)
    assert "False" in json.loads((echo / "report.json").read_text("utf-8"))["boot_failure"]["headline"]
    assert done.code == 1


@pytest.mark.parametrize("columns", ["0", "1", "39"])
def test_a_terminal_of_no_width_still_gets_a_report(columns: str, echo: Path, grade: Grade) -> None:
    done = grade("77", "--app", "broken.py", cwd=echo, COLUMNS=columns)
    assert done.code == 1
    assert "Score: 0 of 3 points" in " ".join(done.out.split())


def test_a_program_gets_no_spaces_at_the_end_of_a_line(echo: Path, grade: Grade) -> None:
    done = grade("77", "--app", "solution.py", "--verbose", cwd=echo)
    assert [line for line in done.out.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-16"])
def test_a_page_is_utf_8_whatever_the_locale_is(encoding: str, echo: Path) -> None:
    command = [sys.executable, "-m", "grader", "77", "--app", "broken.py", "--html", "-", "--seed", "1"]
    done = subprocess.run(
        command, cwd=echo, env=environment(PYTHONIOENCODING=encoding), capture_output=True, timeout=DEADLINE
    )
    page = done.stdout.decode("utf-8")
    assert "Your server must show that …" in page
    assert "\\u20" not in page


def test_a_busy_reader_of_a_pipe_that_does_not_block_gets_all(echo: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    write(echo / "loud.py", "print('x' * 60_000)\nimport nothing")
    command = [sys.executable, "-m", "grader", "77", "--app", "loud.py", "--json", "-", "--to", "text:text"]
    process = subprocess.Popen(command, cwd=echo, env=environment(), stdout=writing, stderr=subprocess.PIPE)
    os.write(writing, b" " * 1_000_000)  # as much as fits: white space before the JSON
    os.close(writing)
    ends = time.monotonic() + DEADLINE
    while not (echo / "text").exists() and time.monotonic() < ends:  # it is written just before the JSON
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    with open(reading, "rb") as pipe:
        data = pipe.read()
    assert process.wait(DEADLINE) == 1
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert json.loads(data)["exit_code"] == 1


@pytest.mark.parametrize("to", [(), ("--verbose",), ("--to", "text"), ("--to", "markdown"), ("--to", "html")])
def test_in_a_log_of_github_an_app_gives_no_commands(to: tuple[str, ...], echo: Path, grade: Grade) -> None:
    write(echo / "app.py", COMMANDS)
    done = grade("77", "--app", "app.py", *to, cwd=echo, GITHUB_ACTIONS="true", CI="true")
    assert done.code == 1
    assert "36" in done.out
    lines = (done.out + done.err).splitlines()
    commands = [line.strip() for line in lines if line.strip().startswith("::") or "##[" in line]
    if "--to" in to:
        assert commands == []
    else:
        start, end = commands
        token = start.removeprefix("::STOP-COMMANDS::")
        assert end == f"::{token}::"
        assert len(token) == 32
        assert lines.index(start) == 0


def test_in_a_container_of_a_job_an_app_gives_no_commands(echo: Path, grade: Grade) -> None:
    """It has none of the job's variables."""
    write(echo / "app.py", COMMANDS)
    done = grade("77", "--app", "app.py", cwd=echo, GITHUB_ACTIONS="")
    assert "\n|  ::add-mask::of 36 points" in done.out
    lines = (done.out + done.err).splitlines()
    assert [line for line in lines if line.strip().startswith("::") or "##[" in line] == []


def test_in_a_log_of_github_a_traced_app_gives_no_commands(echo: Path, grade: Grade) -> None:
    write(echo / "app.py", COMMANDS.replace("raise", "app = None\nraise"))
    done = grade("trace", "77", "/echo?key=a", "--app", "app.py", cwd=echo, GITHUB_ACTIONS="true")
    found = [line.strip() for line in done.out.splitlines() if line.strip().startswith("::") or "##[" in line]
    assert done.code == 1
    assert [line.partition("S::")[0] for line in found[:1]] == ["::STOP-COMMAND"]
    assert found[1:] == [f"::{found[0].rpartition('::')[2]}::"]


@pytest.mark.parametrize(("kata", "code"), [("77", 3), ("78", 2)])
def test_no_old_report_is_left_where_the_kata_cannot_be_used(kata: str, code: int, echo: Path, grade: Grade) -> None:
    write(echo / "katas" / "kata-77-small-echo" / "kata.toml", "")
    old = write(echo / "report.json", "old")
    assert grade(kata, "--app", "broken.py", "--json", "report.json", cwd=echo).code == code
    assert not old.exists()


@pytest.mark.parametrize("option", ["--json", "--to=json:", "--html"])
def test_a_report_does_not_go_to_a_standard_output_that_is_closed(option: str, echo: Path) -> None:
    words = [option] if "=" in option else [option, "-"]
    command = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "grader", "77", "--app", "solution.py", *words]
    done = subprocess.run(command, cwd=echo, env=environment(), stderr=subprocess.PIPE, text=True, timeout=DEADLINE)
    assert done.returncode == 2
    assert (
        done.stderr == f"grade: {option.partition(':')[0].replace('=', ' ')}: standard output is closed; name a file.\n"
    )


@pytest.mark.parametrize("options", [["--json", "-"], []])
def test_a_reader_that_has_gone_ends_it_quietly_and_the_score_is_kept(options: list[str], echo: Path) -> None:
    (echo / "katas" / "kata-77-small-echo" / "app.py").write_text((echo / "solution.py").read_text("utf-8"), "utf-8")
    done = without_reader("77", *options, cwd=echo)
    assert (done.returncode, done.stderr) == (0, "")
    assert Journal(echo).standing(read_kata(echo / "katas" / "kata-77-small-echo")).best is not None


def test_a_help_that_nobody_reads_ends_quietly(echo: Path) -> None:
    done = without_reader("--help", cwd=echo)
    assert (done.returncode, done.stderr) == (3, "")


def without_reader(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``grade ARGS`` into a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return subprocess.run(
            [sys.executable, "-m", "grader", *args],
            cwd=cwd,
            env=environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DEADLINE,
        )
    finally:
        os.close(writing)


def test_one_format_that_is_not_written_keeps_no_other_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A grade with an inconclusive check, for a platform that has no word for it: no old file, exit code 3."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.txt").write_text("an old grade", "utf-8")
    wanted = ("json:a.json", "github-classroom:b.txt", "markdown:c.md")
    outputs = outputs_of(wanted, None, None, opens=False, verbose=False, color="never")
    outputs.clear()
    with pytest.raises(Inconclusive, match="nothing is written for GitHub Classroom"):
        outputs.put_out(MIXED)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.json", "c.md"]
