"""The documents tell the truth: their commands run, their tables match, their links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.cli import main as command_line
from grader.grading.collect import checks_of
from grader.spec import Client, Draw, Response, Upstream
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.conftest import Grade

README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
KATAS = bundled()
COMMANDS = [line[2:] for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


def kata_row(kata: Kata) -> str:
    points = sum(check.points for check in checks_of(kata))
    return f"| [{kata.id}](katas/{kata.name}/README.md) | {kata.title} | {points} | {', '.join(kata.concepts)} |"


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.id)
def test_the_readme_lists_each_kata_as_it_is(kata: Kata) -> None:
    assert kata_row(kata) in README.splitlines()


def test_the_readme_lists_all_commands_and_only_those() -> None:
    listed = set(re.findall(r"^\| `grade ([a-z]+)\b", README, re.MULTILINE))
    assert listed == set(command_line.COMMANDS) - {"run"}


def options_of(command: str) -> set[str]:
    """The options of a command, or of all commands of a group."""
    context = click.Context(command_line.cli)
    found = command_line.cli.get_command(context, command)
    assert found is not None
    commands = (
        [found.get_command(context, name) for name in found.list_commands(context)]
        if isinstance(found, click.Group)
        else [found]
    )
    options = [option for one in commands if one for option in one.params if isinstance(option, click.Option)]
    return {name for option in options for name in option.opts if name.startswith("--")}


#: What all commands take that start an app.
SHARED = {"--app", "--factory", "--env", "--env-file", "--loop", "--http", "--color"}


@pytest.mark.parametrize(
    ("command", "start", "end", "elsewhere"),
    [
        ("run", "Options of `grade KATA`", "Options of `grade trace", {"--katas"}),
        ("trace", "Options of `grade trace", "`grade trace` and", {"--katas", *SHARED}),
        ("verify", "| option of `grade verify`", "A check is plain", {"--katas"}),
    ],
)
def test_the_readme_lists_all_options_and_only_those(command: str, start: str, end: str, elsewhere: set[str]) -> None:
    rows = README.partition(start)[2].partition(end)[0].splitlines()
    listed = {name for row in rows for name in re.findall(r"--[a-z][a-z-]+", row.partition(" | ")[0])}
    assert listed | elsewhere == options_of(command)


def test_the_readme_names_the_options_that_several_commands_share() -> None:
    sentence = README.partition("`grade trace` and `grade watch` also take")[2].partition("\n\n")[0]
    shared, _, watch = sentence.partition(";")
    named = set(re.findall(r"--[a-z][a-z-]+", shared))
    assert named < options_of("trace")
    assert named | set(re.findall(r"--[a-z][a-z-]+", watch)) | {"--katas"} == options_of("watch")


def test_all_commands_but_the_one_that_the_readme_names_take_katas() -> None:
    sentence = " ".join(README.partition("All commands but")[2].partition("\n\n")[0].split())
    without = {name for name in command_line.COMMANDS if "--katas" not in options_of(name)}
    assert sentence.startswith("`grade new` and `grade doctor` take `--katas DIR`")
    assert without == {"new", "doctor"}


def test_the_contributing_guide_names_each_dependency() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    wanted = re.search(r"^dependencies = \[(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert wanted is not None
    table = CONTRIBUTING.partition("## Dependencies")[2]
    for name in re.findall(r'"([a-z0-9-]+)', wanted[1]):
        assert re.search(rf"^\| [^|]*\b{name}\b", table, re.MULTILINE), name


def test_the_contributing_guide_lists_each_part_of_the_grader_and_only_those() -> None:
    table = CONTRIBUTING.partition("| folder or module |")[2].partition("\n\n")[0]
    listed = set(re.findall(r"`(grader/[\w/.]+)`", table))
    grader = ROOT / "grader"
    parts = {path.name for path in grader.iterdir() if (path / "__init__.py").exists() or path.suffix == ".py"}
    assert {name.split("/")[1] for name in listed} == parts - {"__init__.py"}


def test_the_paths_of_the_contributing_guide_exist() -> None:
    paths = re.findall(r"`((?:grader|katas|docs|tests)/[\w/.-]+)`", CONTRIBUTING)
    assert [path for path in paths if "NAME" not in path and not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    ("fixture", "kind"), [("`client`", Client), ("the response", Response), ("`upstream`", Upstream), ("`draw`", Draw)]
)
def test_the_contributing_guide_lists_what_fixtures_can_do(fixture: str, kind: type) -> None:
    row = CONTRIBUTING.partition(f"| {fixture} |")[2].partition(" |\n")[0]
    names = re.findall(r"`(\w+)(?:\([^`]*\))?`", row)
    assert names
    assert [name for name in names if not hasattr(kind, name) and name != "key"] == []  # which each upstream has


def test_the_readme_shows_a_check_as_it_stands() -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    assert code[1] in KATAS[0].specification.joinpath("test_dual_mode.py").read_text("utf-8")


def without_times(picture: str) -> str:
    """A report without the times of a run."""
    picture = re.sub(r"(?m)^ {4}[ \d.]{8} (?=[│✗])", f"{'<ms>':>12} ", picture)
    return re.sub(r"\d\.\d s pause", "<some> s pause", picture)


def test_the_readme_shows_a_report_as_it_is(grade: Grade) -> None:
    shown = re.search(r"```text\n(FAIL.*?)```", README, re.DOTALL)
    assert shown is not None
    wrong = KATAS[0].solutions / "wrong" / "collected_first.py"
    only = "each_chunk_leaves_before_the_next_exists"
    done = grade("kata-1", "--app", str(wrong), "--only", only, "--seed", "readme")
    lines = "".join(line.rstrip() + "\n" for line in done.out.splitlines())
    assert without_times(shown[1]) in without_times(lines)


@pytest.mark.parametrize(
    "document",
    ["README.md", "CONTRIBUTING.md", "examples/README.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))],
)
def test_links_to_files_lead_somewhere(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


def test_the_learners_commands_of_the_readme_run(tmp_path: Path, grade: Grade) -> None:
    """In the README's own order; `pip install .` is what tests/test_wheel.py proves."""
    here = tmp_path
    for command in COMMANDS:
        match shlex.split(command):
            case ["cd", folder]:
                here /= folder
            case ["grade", "init", *rest]:
                assert grade("init", *rest, cwd=here).code == 0
            case ["grade", "hint" | "trace", *_]:
                done = grade(*shlex.split(command)[1:], cwd=here)
                assert (done.code, done.err) == (0, "")
            case ["grade"]:
                assert "Kata 1: " in grade(cwd=here).out
            case ["grade", kata, *options] if kata.startswith("kata-") and "--app" not in options:
                done = grade(kata, *options, cwd=here)
                assert done.code == 1
                assert "Score: 0 of" in done.out


def test_each_make_target_of_the_documents_exists() -> None:
    targets = set(re.findall(r"\bmake ([a-z]+(?:-[1-4])?)\b(?! the| them)", README + CONTRIBUTING))
    targets &= {
        "grade",
        "test",
        "check",
        "bench",
        "verify",
        "setup",
        "examples",
        *(f"example-{n}" for n in range(1, 5)),
    }
    for target in sorted(targets):
        done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_every_command_of_the_readme_is_one_that_is_tested() -> None:
    known = (
        "python3 -m venv .venv ",
        "pip install .",
        "grade init ",
        "cd ",
        "grade",
        "grade kata-",
        "grade hint ",
        "grade trace ",
        "make ",
    )
    assert [command for command in COMMANDS if not command.startswith(known)] == []


def test_no_document_installs_what_no_index_has() -> None:
    texts = [
        path.read_text("utf-8") for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("grader/**/*.py"))
    ]
    assert [text for text in texts if re.search(r"pip install '?stream-katas", text)] == []
