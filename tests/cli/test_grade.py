"""The command line: what is typed, what it prints where, and what it ends with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from grader import __version__
from grader.catalog.packs import bundled
from tests.conftest import DEADLINE, ROOT, environment
from tests.small_kata import NAME, NO_ITEMS, SOLUTION, SPECIFICATION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

pytestmark = pytest.mark.cold

SCHEMA = json.loads((ROOT / "grader/report/report.schema.json").read_text("utf-8"))
FIRST = bundled()[0]


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    """A folder in which the small kata can be named, with its solution as solution.py."""
    make_kata(tmp_path)
    write(tmp_path / "solution.py", SOLUTION)
    return tmp_path


def shell(command: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of ``command``; "grade" in it is this checkout's."""
    line = command.replace("grade ", f"{sys.executable} -m grader ", 1)
    return subprocess.run(
        ["sh", "-c", line], cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=DEADLINE
    )


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    return done.stdout


# -- exit codes -----------------------------------------------------------------------------------------------------

BROKEN = SPECIFICATION.replace("draw.texts(3)", "draw.nothing()")


@pytest.mark.parametrize(
    ("arguments", "spoilt", "code"),
    [
        ("77 --app solution.py", False, 0),
        ("77", False, 1),
        ("78", False, 2),
        ("77 --app solution.py", True, 3),
        ("77", True, 1),
    ],
    ids=["all passed", "some failed", "usage", "undecided", "failed, whatever else is undecided"],
)
def test_the_exit_code_tells_how_it_went(arguments: str, spoilt: bool, code: int, echo: Path, grade: Grade) -> None:
    if spoilt:
        write(echo / "katas" / NAME / "spec" / "test_echo.py", BROKEN)
    done = grade(*arguments.split(), cwd=echo, json_report=True)
    assert done.code == code
    assert done.report.get("exit_code", 2) == code


WRONG: list[tuple[str, str]] = [
    ("kata-l", "grade: There is no kata 'kata-l'. Did you mean 'kata-"),
    ("rset", "grade: There is no kata or command 'rset'. Did you mean 'reset'?"),
    ("kata-9", "grade: There is no kata 'kata-9'. There are kata-1, kata-2, kata-3"),
    ("run kata-l", "grade: There is no kata 'kata-l'. Did you mean 'kata-"),
    ("explain kata-l", "grade: There is no kata 'kata-l'. Did you mean 'kata-"),
    ("verify kata-l", "grade: There is no kata 'kata-l'. Did you mean 'kata-"),
    ("init new kata-l", "grade: There is no kata 'kata-l'. Did you mean 'kata-"),
    (
        "77 --only al_items",
        "grade: There is no check 'al_items'. Did you mean 'all_items'? See `grade explain kata-77`.",
    ),
    ("77 --only json", "grade: There is no check 'json'. Did you mean 'is_json'? See `grade explain kata-77`."),
    ("77 --only xyz", "grade: There is no check 'xyz'. See `grade explain kata-77`."),
    ("77 --app gone.py", "grade: --app: there is no file 'gone.py'."),
    ("77 --app gone.py:app", "grade: --app: there is no file 'gone.py'."),
    ("77 --app katas", "grade: --app: there is no file 'katas'."),
    (f"77 --app katas/{NAME}/README.md", "must end in .py."),
    (
        "77 --json no/such/folder/report.json",
        "grade: --json: 'no/such/folder/report.json' cannot be written: there is no folder 'no/such/folder'.",
    ),
    ("77 --json katas", "grade: --json: 'katas' cannot be written: Is a directory."),
    ("77 --html katas", "grade: --html: 'katas' cannot be written: Is a directory."),
    (
        "77 --json - --html -",
        "grade: --json and --html cannot both go to standard output; name a file for one of them.",
    ),
    ("77 --html - --open", "grade: --open needs a file: name one with --html FILE, or leave --html out."),
    ("hint kata-l", "grade: There is no kata 'kata-l'. Did you mean 'kata-"),
    ("reset kata-l", "grade: There is no kata 'kata-l'. Did you mean 'kata-"),
    ("solution kata-l", "grade: There is no kata 'kata-l'. Did you mean 'kata-"),
    ("watch kata-l", "grade: There is no kata 'kata-l'. Did you mean 'kata-"),
    ("trace kata-l /", "grade: There is no kata 'kata-l'. Did you mean 'kata-"),
    ("trace 77 / --app gone.py", "grade: --app: there is no file 'gone.py'."),
    ("watch 77 --app gone.py", "grade: --app: there is no file 'gone.py'."),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=[arguments for arguments, _ in WRONG])
def test_what_cannot_be_done_as_typed_is_one_line_on_stderr(
    arguments: str, words: str, echo: Path, grade: Grade
) -> None:
    done = grade(*arguments.split(), cwd=echo)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("kata-1 --verbos", "No such option '--verbos'"),
        ("kata-1 --only", "'--only' requires an argument"),
        ("kata-1 --loop trio", "'trio' is not one of"),
        ("kata-1 --memory-limit lots", "'lots' is not a valid integer"),
        ("kata-1 --total-limit 0", "0.0 is not in the range"),
        ("kata-1 --total-limit nan", "'nan' is not a number of seconds"),
        ("kata-1 --startup-limit nan", "'nan' is not a number of seconds"),
        ("trace kata-1 / --for nan", "'nan' is not a number of seconds"),
        ("init README.md", "'README.md' is a file"),
        ("verify --jobs 0", "0 is not in the range"),
    ],
)
def test_what_makes_no_sense_is_a_matter_of_usage(arguments: str, words: str, grade: Grade) -> None:
    done = grade(*arguments.split())
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "Traceback" not in done.err


def test_nothing_that_is_typed_reaches_the_terminal_raw(grade: Grade) -> None:
    done = grade("kata-\x1b[2J\n\u202e")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert not set(done.err) & {"\x1b", "\u202e"}


# -- help -----------------------------------------------------------------------------------------------------------


def test_version_and_help_are_at_hand(grade: Grade) -> None:
    assert grade("--version").out == f"grade, version {__version__}\n"
    texts = [grade(*arguments).out for arguments in (["--help"], ["-h"], ["run", "--help"], ["kata-1", "-h"])]
    assert texts[0] == texts[1]
    assert texts[2] == texts[3]
    assert "Exit codes: 0 all passed; 1 some check failed; 2 usage; 3 could not be graded." in " ".join(
        texts[0].split()
    )
    for command in ("run", "list", "explain", "init", "verify"):
        assert f"\n  {command} " in texts[0]
    assert max(len(line) for text in texts for line in text.splitlines()) <= 80


def loaded(code: str) -> set[str]:
    """The modules that are loaded after ``code``, by their first and their whole names."""
    names = python(f"import sys\n{code}\nprint(*sys.modules)").split()
    return {name.partition(".")[0] for name in names} | {name for name in names if name.startswith("grader.")}


def test_help_is_quick_as_it_loads_nothing_that_grading_needs() -> None:
    code = "from grader.cli.main import cli\ntry: cli.main(['--help'], 'grade')\nexcept SystemExit: pass"
    assert not loaded(code) & {"pytest", "httpx", "jsonschema", "rich", "asyncio", "fastapi", "uvicorn", "psutil"}


def test_a_wrong_name_is_told_without_loading_what_grading_needs() -> None:
    code = "sys.argv = ['grade', 'kata-l']\nfrom grader.cli.main import main\ntry: main()\nexcept SystemExit: pass"
    assert not loaded(code) & {"pytest", "httpx", "jsonschema", "rich", "asyncio", "fastapi", "uvicorn"}


def test_an_app_that_imports_the_kit_loads_nothing_of_the_grader() -> None:
    found = loaded("import grader.kit")
    assert {name for name in found if name.startswith("grader.")} == {"grader.kit", "grader.standin", "grader.wire"}
    assert not found & {"httpx", "pytest", "fastapi", "asyncio", "click", "rich", "jsonschema", "threading_utils"}


# -- reports --------------------------------------------------------------------------------------------------------


def json_of(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    Draft202012Validator(SCHEMA).validate(document)
    return document


def test_json_to_standard_output_is_all_that_is_there(echo: Path, grade: Grade) -> None:
    done = grade("77", "--json", "-", "--verbose", "--color", "always", cwd=echo)
    assert done.code == json_of(done.out)["exit_code"] == 1
    assert done.err == ""


def test_json_to_a_file_comes_with_the_report_for_people(echo: Path, grade: Grade) -> None:
    file = write(echo / "report.json", "an older report")
    done = grade("77", "--app", "solution.py", "--json", "report.json", cwd=echo)
    assert json_of(file.read_text("utf-8"))["points"] == 3
    assert "Score: 3 of 3 points" in done.out
    assert sorted(path.name for path in echo.glob("report*")) == ["report.json"]


@pytest.mark.parametrize("redirection", ["", "2> errors"])
def test_json_goes_to_whatever_can_be_written(redirection: str, echo: Path) -> None:
    link = echo / "stderr"
    link.symlink_to("/proc/self/fd/2" if Path("/proc/self").exists() else "/dev/fd/2")  # as /dev/stderr is one
    done = shell(f"grade 77 --json {link} {redirection}", echo)
    written = (echo / "errors").read_text("utf-8") if redirection else done.stderr
    assert json_of(written)["exit_code"] == done.returncode == 1
    assert "Score: 0 of 3 points" in done.stdout
    assert link.is_symlink()


def test_a_missing_folder_is_told_of_before_anything_is_graded(echo: Path, grade: Grade) -> None:
    app = write(echo / "app.py", "open('started', 'w').close()")
    done = grade("77", "--app", str(app), "--json", "no/report.json", cwd=echo)
    assert (done.code, done.out) == (2, "")
    assert not list(echo.rglob("started"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_of(echo: Path, grade: Grade) -> None:
    done = grade("77", "--app", "solution.py", "--json", "/dev/full", cwd=echo)
    assert done.code == 3
    assert done.err == "grade: the report could not be written to /dev/full: No space left on device\n"
    assert "Score: 3 of 3 points" in done.out


@pytest.mark.parametrize("command", ["grade 77 --json - > /dev/full", "grade --help > /dev/full"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_report_that_nobody_gets_is_no_grade(command: str, echo: Path) -> None:
    done = shell(command, echo)
    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("grade 77 >&-", 1),
        ("grade 77 --app solution.py <&- >&- 2>&-", 0),
        ("grade 78 <&- >&- 2>&-", 2),
        ("{ grade 77 --verbose; echo $? >&2; } | true", 0),
    ],
)
def test_closed_streams_change_no_exit_code(command: str, code: int, echo: Path) -> None:
    done = shell(command, echo)
    assert done.returncode == code
    assert done.stderr.strip() in ("", "1", "3")  # of the grade before the pipe: read in time, or not


def test_an_encoding_without_arrows_breaks_no_report(echo: Path, grade: Grade) -> None:
    done = grade("77", cwd=echo, PYTHONIOENCODING="ascii")
    assert done.code == 1
    assert "Next: fix \\u201cthe answer is JSON\\u201d" in done.out
    assert done.err == ""


@pytest.mark.parametrize(
    ("arguments", "more", "coloured"),
    [
        ("", {}, False),  # nobody's terminal
        ("--color always", {}, True),
        ("--color never", {"FORCE_COLOR": "1"}, False),
        ("", {"FORCE_COLOR": "1"}, True),
        ("", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals(
    arguments: str, more: dict[str, str], coloured: bool, echo: Path, grade: Grade
) -> None:
    write(echo / "broken.py", "import nothing")  # the quickest report of all
    done = grade("77", "--app", "broken.py", *arguments.split(), cwd=echo, **more)
    assert done.code == 1
    assert ("\x1b[" in done.out) == coloured


# -- what is graded -------------------------------------------------------------------------------------------------


def test_one_check_runs_with_all_that_it_comes_after(echo: Path, grade: Grade) -> None:
    more = '\n\n    @check(points=4, after=test_all_items)\n    def test_more() -> None:\n        """more"""\n'
    write(echo / "katas" / NAME / "spec" / "test_echo.py", SPECIFICATION + more)
    for name in ("all_items", "test_all_items"):
        done = grade("77", "--app", "solution.py", "--only", name, cwd=echo, json_report=True)
        assert done.outcomes() == {"is_json": "passed", "all_items": "passed"}
    assert done.report["possible"] == 3


def test_what_to_type_next_is_what_was_typed(echo: Path, grade: Grade) -> None:
    write(echo / "katas" / NAME / "my app.py", NO_ITEMS)
    app = f"katas/{NAME}/my app.py"
    done = grade("77", "--app", app, "--only", "all_items", cwd=echo, json_report=True)
    again = f"grade 77 --app '{app}'"
    assert done.report["command"] == again
    assert f"Run just this check: {again} --only all_items --seed {done.report['seed']}" in " ".join(done.out.split())


def test_a_specification_that_breaks_is_not_taken_for_one_without_the_check(echo: Path, grade: Grade) -> None:
    write(echo / "katas" / NAME / "spec" / "test_echo.py", SPECIFICATION.replace("points=2, ", ""))
    done = grade("77", "--app", "solution.py", "--only", "all_items", cwd=echo)
    assert done.code == 3
    assert f"{NAME}/spec cannot be loaded: TypeError" in done.err


def requests(report: dict[str, Any]) -> list[list[str]]:
    return [check["requests"] for check in report["checks"]]


def test_a_seed_repeats_a_run_and_without_one_each_is_different(echo: Path, grade: Grade) -> None:
    arguments = ("77", "--app", "solution.py", "--json", "-")
    first = json.loads(grade(*arguments, cwd=echo).out)
    again = json.loads(grade(*arguments, "--seed", first["seed"], cwd=echo).out)
    other = json.loads(grade(*arguments, cwd=echo).out)
    alone = json.loads(grade(*arguments, "--seed", first["seed"], "--only", "is_json", cwd=echo).out)
    assert requests(first) == requests(again)
    assert requests(first)[:1] == requests(alone)
    assert all(line.startswith("curl -N ") for lines in requests(first) for line in lines)
    assert first["seed"] != other["seed"]
    assert requests(first)[0] != requests(other)[0]


def test_another_module_and_another_name_can_be_graded(echo: Path, grade: Grade) -> None:
    write(echo / "mine.py", SOLUTION.replace("def app(", "def server("))
    assert grade("77", "--app", "mine.py:server", cwd=echo).code == 0
    done = grade("77", "--app", "mine.py", cwd=echo)
    assert done.code == 1
    assert "mine.py has no “app”" in done.out


def test_the_servers_parts_can_be_chosen(echo: Path, grade: Grade) -> None:
    pytest.importorskip("uvloop")
    pytest.importorskip("httptools")
    parts = '\n        assert type(__import__("asyncio").get_running_loop()).__module__.startswith("uvloop")'
    inside = '\n        assert "httptools" in __import__("sys").modules'
    head = 'if scope["type"] != "http":\n            return'
    assert head in SOLUTION
    write(echo / "mine.py", SOLUTION.replace(head, head + parts + inside))
    assert grade("77", "--app", "mine.py", "--loop", "uvloop", "--http", "httptools", cwd=echo).code == 0
    assert grade("77", "--app", "mine.py", cwd=echo).code == 1


def test_a_part_that_is_not_installed_is_told_of_before_grading(tmp_path: Path, grade: Grade) -> None:
    write(tmp_path / "sitecustomize.py", "import sys\nsys.modules['uvloop'] = None")
    done = grade("kata-1", "--loop", "uvloop", PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert (done.code, done.out) == (2, "")
    assert done.err == "grade: uvloop is not installed here; install it with: python -m pip install uvloop\n"


# -- the other commands ---------------------------------------------------------------------------------------------


def test_a_workspace_anywhere_is_made_and_graded(tmp_path: Path, grade: Grade) -> None:
    made = grade("init", "mine", FIRST.id, cwd=tmp_path)
    assert made.code == 0
    assert made.out.endswith(
        f"Next: cd mine, read {FIRST.name}/README.md, edit its app.py, and run `grade {FIRST.id}`.\n"
    )
    folder = tmp_path / "mine" / FIRST.name
    solution = FIRST.solutions / "app.py"
    folder.joinpath("app.py").write_text(solution.read_text("utf-8"), "utf-8")
    for name, cwd in ((FIRST.id, tmp_path / "mine"), (".", folder), (f"mine/{FIRST.name}", tmp_path)):
        done = grade(name, "--only", "batch_is_the_default", cwd=cwd, json_report=True)
        assert done.code == 0, done.out + done.err
        assert done.report["app"] == str(folder.relative_to(cwd) / "app.py")
        assert done.report["kata"] == FIRST.name
    again = grade("init", "mine", FIRST.id, cwd=tmp_path)
    assert again.out.splitlines()[0] == f"kept   mine/{FIRST.name}/app.py (it has your edits)"
    assert again.out.splitlines()[1] == "0 files written to mine."


def test_outside_a_workspace_one_learns_how_to_get_one(tmp_path: Path, grade: Grade) -> None:
    done = grade(FIRST.id, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"grade: There is no {FIRST.name}/app.py here. Make a workspace with `grade init DIR`")
    below_a_file = grade("init", "solution/below", cwd=write(tmp_path / "solution", "x").parent)
    assert below_a_file.code == 2
    assert below_a_file.err.count("\n") == 1


def test_the_katas_that_can_be_named_here_are_listed(echo: Path, grade: Grade) -> None:
    done = grade("list", cwd=echo)
    rows = [line.split() for line in done.out.splitlines()]
    assert done.code == 0
    assert [row[0] for row in rows if row and row[0].startswith("kata-")] == [*(k.id for k in bundled()), "kata-77"]
    assert ["kata-77", "(next)", "Small", "echo", "3"] in rows
    assert rows[rows.index(["kata-77", "(next)", "Small", "echo", "3"]) + 1] == ["batch"]


def test_what_a_kata_grades_is_explained(echo: Path, grade: Grade) -> None:
    done = grade("explain", "77", cwd=echo)
    assert done.code == 0
    assert [line.rstrip() for line in done.out.splitlines()] == [
        "kata-77: Small echo — 2 checks, 3 points",
        "Your server must show that …",
        "  1  the answer is JSON",
        "     [is_json]",
        "     requirement: A sender says in Content-Type what the content is.",
        "       RFC 9110 8.3 https://www.rfc-editor.org/rfc/rfc9110#section-8.3",
        "  2  the answer is all that the upstream gives, in order",
        "     [all_items]",
        "     requirement: the answer is all that the upstream gives, in order",
        "       this kata's README",
        "     after: is_json",
    ]
