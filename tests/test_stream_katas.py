"""The process around the command line: whatever goes wrong, it never ends with 1 unless an app was graded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import DEADLINE, ROOT, environment
from tests.small_kata import SOLUTION, make_kata, write

#: As the console script does it: PYTHONPATH stands before the place where the package is installed.
SCRIPT = f"import sys\nsys.path.insert(1, {str(ROOT)!r})\nfrom stream_katas import command\ncommand()"


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    make_kata(tmp_path)
    write(tmp_path / "solution.py", SOLUTION)
    return tmp_path


def start(*args: str, cwd: Path, redirect: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run the console script with ``args``, its output redirected as a shell does."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirect}', "sh", sys.executable, "-P", "-c", SCRIPT, *args],
        cwd=cwd,
        env=environment(**{"PYTHONPATH": ""} | more),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )


@pytest.mark.parametrize("name", ["grader", "click", "rich", "tomllib"])
def test_a_module_of_the_callers_pythonpath_does_not_take_the_place_of_ours(name: str, echo: Path) -> None:
    write(echo / "path" / f"{name}.py", "raise ImportError('the wrong one')")
    done = start("explain", "77", cwd=echo, PYTHONPATH=str(echo / "path"))
    assert (done.returncode, done.stderr) == (0, "")


def test_in_a_checkout_its_own_package_is_found_as_well(echo: Path) -> None:
    write(echo / "path" / "grader.py", "raise ImportError('the wrong one')")
    done = start("list", cwd=ROOT, PYTHONPATH=str(echo / "path"))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_grader_that_cannot_be_imported_has_graded_nothing(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    write(site / "grader.py", "x = 1")
    write(site / "stream_katas.py", (ROOT / "stream_katas.py").read_text("utf-8"))
    code = f"import sys\nsys.path.insert(0, {str(site)!r})\nfrom stream_katas import command\ncommand()"
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr.startswith("grade: the grader cannot start here (")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("arguments", "redirect", "code"),
    [
        ("77 --app solution.py", "> /dev/full", 3),
        ("77", "> /dev/full", 3),
        ("77 --app solution.py", "> /dev/full 2>&1", 3),
        ("77 --app solution.py --json -", "> /dev/full 2>&1", 3),
        ("78", "2> /dev/full", 2),
        ("77 --no-such-option", "2> /dev/full", 2),
        ("77", "2> /dev/full", 1),
    ],
)
def test_a_report_that_is_lost_is_no_grade_and_a_lost_complaint_changes_nothing(
    arguments: str, redirect: str, code: int, echo: Path
) -> None:
    done = start(*arguments.split(), cwd=echo, redirect=redirect)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
