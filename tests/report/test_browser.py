"""A page is opened in the reader's own browser, if there is one; none ever takes over the terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import DEADLINE, ROOT, environment
from tests.report.pages import read
from tests.small_kata import make_kata

if TYPE_CHECKING:
    from tests.conftest import Grade

#: Without a window, and without a browser that somebody has chosen.
NOWHERE = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "BROWSER": "", "TERM": "xterm"}
ELSEWHERE = pytest.mark.skipif(sys.platform == "darwin", reason="macOS always has a window, and a browser")

Program = Callable[..., Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A program that writes what it is called with into ``called``, and ends as told; returns its path."""

    def write(name: str, ends: str = "exit 0") -> Path:
        folder = tmp_path / "programs"
        folder.mkdir(exist_ok=True)
        file = folder / name
        file.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name}" "$@" >> "{tmp_path}/called"\n{ends}\n', "utf-8")
        file.chmod(0o755)
        return file

    return write


def called(folder: Path) -> list[str]:
    """The name of the program that was called, and its arguments."""
    file = folder / "called"
    return file.read_text("utf-8").splitlines() if file.exists() else []


def show(page: Path, **variables: str) -> str:
    """What ``browser.show`` returns for ``page``, named from its folder; a process looks for browsers but once."""
    code = "import sys, pathlib\nfrom grader.report import browser\nprint(browser.show(pathlib.Path(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", code, page.name],
        cwd=page.parent,
        env=environment(**{**NOWHERE, **variables}),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.mark.parametrize("command", ["{}", "{} %s", "/no/such/browser:{}"])
def test_the_browser_of_the_environment_is_given_the_pages_address(
    command: str, tmp_path: Path, program: Program
) -> None:
    page = tmp_path / "a report – 100%.html"
    assert show(page, BROWSER=command.format(program("fake"))) == "True"
    assert called(tmp_path) == ["fake", page.as_uri()]


@ELSEWHERE
def test_without_a_window_there_is_no_browser(tmp_path: Path, program: Program) -> None:
    path = program("w3m").parent
    program("firefox")
    assert show(tmp_path / "report.html", PATH=str(path)) == "False"
    assert called(tmp_path) == []


@ELSEWHERE
@pytest.mark.parametrize(
    "variables", [{"DISPLAY": ":99"}, {"WAYLAND_DISPLAY": "wayland-9"}, {"BROWSER": "/no/such/browser"}]
)
def test_a_browser_that_takes_over_the_terminal_is_none(
    variables: dict[str, str], tmp_path: Path, program: Program
) -> None:
    for name in ("www-browser", "links", "elinks", "lynx", "w3m"):
        path = program(name).parent
    assert show(tmp_path / "report.html", PATH=str(path), **variables) == "False"
    assert called(tmp_path) == []


@ELSEWHERE
def test_a_browser_of_the_terminal_is_started_for_those_who_have_chosen_it(tmp_path: Path, program: Program) -> None:
    path = program("w3m").parent
    assert show(tmp_path / "report.html", PATH=str(path), BROWSER="w3m") == "True"
    assert called(tmp_path)[0] == "w3m"


@ELSEWHERE
def test_with_a_window_the_systems_browser_is_taken(tmp_path: Path, program: Program) -> None:
    page, closed = tmp_path / "report.html", tmp_path / "closed"
    os.mkfifo(closed)
    path = program("x-www-browser", ends=f'exec > /dev/null 2>&1; read -r line < "{closed}"').parent
    assert show(page, PATH=str(path), DISPLAY=":99") == "True"
    closed.write_text("closed\n", "utf-8")  # waits until somebody reads
    assert called(tmp_path) == ["x-www-browser", page.as_uri()]


def test_a_browser_that_cannot_be_started_is_none(tmp_path: Path, program: Program) -> None:
    assert show(tmp_path / "report.html", BROWSER=str(program("fake", ends="exit 1")), PATH="") == "False"


# -- grade run --html FILE --open ------------------------------------------------------------------------------------


@pytest.fixture
def kata(tmp_path: Path) -> Path:
    """A folder in which the small kata can be named."""
    make_kata(tmp_path)
    return tmp_path


def test_open_shows_the_page_that_html_names(kata: Path, program: Program, grade: Grade) -> None:
    done = grade("77", "--html", "report.html", "--open", cwd=kata, **{**NOWHERE, "BROWSER": str(program("fake"))})
    assert (done.code, done.err) == (1, "")
    assert called(kata) == ["fake", (kata / "report.html").as_uri()]
    assert "\nScore: 0 of 3 points" in done.out
    assert done.out.endswith("\nPage: report.html\n")
    assert read((kata / "report.html").read_text("utf-8")).one("title").text == "0 of 3 – Small echo"


def test_open_alone_makes_a_page_that_stays(kata: Path, program: Program, grade: Grade) -> None:
    (kata / "temporary").mkdir()
    variables = {**NOWHERE, "BROWSER": str(program("fake")), "TMPDIR": str(kata / "temporary")}
    done = grade("77", "--open", cwd=kata, **variables)
    (page,) = (kata / "temporary").glob("*/report.html")
    assert (done.code, done.err) == (1, "")
    assert called(kata) == ["fake", page.as_uri()]
    assert done.out.endswith(f"\nPage: {page}\n")
    assert read(page.read_text("utf-8")).one("title").text == "0 of 3 – Small echo"


@ELSEWHERE
def test_without_a_browser_the_page_is_there_all_the_same_instead_of_an_older_one(kata: Path, grade: Grade) -> None:
    (kata / "report.html").write_text("an older page", "utf-8")
    done = grade("77", "--html", "report.html", "--open", cwd=kata, **NOWHERE)
    assert (done.code, done.err) == (1, "No browser can be started here.\n")
    assert read((kata / "report.html").read_text("utf-8")).one("h1").text == "Kata 77: Small echo"
    assert [path.name for path in kata.glob("report*")] == ["report.html"]


def test_the_page_on_standard_output_is_all_that_is_there_and_of_the_same_grade(kata: Path, grade: Grade) -> None:
    done = grade("77", "--html", "-", "--verbose", "--color", "always", cwd=kata, json_report=True)
    assert done.out.startswith("<!doctype html>")
    assert read(done.out).one("title").text == "0 of 3 – Small echo"
    assert f"seed {done.report['seed']} ·" in read(done.out).one("header").text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            "--html no/such/folder/report.html",
            "--html: 'no/such/folder/report.html' cannot be written: there is no folder 'no/such/folder'.",
        ),
        ("--html katas --open", "--html: 'katas' cannot be written: Is a directory."),
        ("--html - --open", "--open needs a file: name one with --html FILE, or leave --html out."),
        ("--html - --json -", "--json and --html cannot both go to standard output; name a file for one of them."),
    ],
)
def test_where_the_page_cannot_go_is_said_before_anything_is_graded(
    arguments: str, words: str, kata: Path, program: Program, grade: Grade
) -> None:
    done = grade("77", *arguments.split(), cwd=kata, **{**NOWHERE, "BROWSER": str(program("fake"))})
    assert (done.code, done.out, done.err) == (2, "", f"grade: {words}\n")
    assert called(kata) == []


def test_a_pages_name_is_told_without_being_obeyed(kata: Path, grade: Grade) -> None:
    name = "re\x1b]0;owned\x07port\u202e.html"
    done = grade("77", "--html", name, "--color", "always", cwd=kata)
    assert (kata / name).is_file()
    assert not set(done.out.rpartition("Page: ")[2]) & {"\x1b", "\x07", "\u202e"}


# -- make browser -----------------------------------------------------------------------------------------------------

FAILED = "Chromium could not be installed: without it, tests of the page are skipped."


@pytest.mark.parametrize(
    ("programs", "words", "calls"),
    [
        ({"chromium-browser": "exit 0"}, "This browser is there already; nothing is installed.", []),
        ({}, "There is no Chromium, and it can be installed only by root on Debian: without one, tests", []),
        (
            {"apt-get": "exit 0", "id": "echo 1000"},
            "There is no Chromium, and it can be installed only by root on Debian",
            ["id", "-u"],
        ),
        (
            {"apt-get": "exit 0", "id": "echo 0"},
            "Installing Debian's chromium ...",
            "id -u apt-get -qq update apt-get -qq install --yes --no-install-recommends chromium".split(),
        ),
        ({"apt-get": "exit 100", "id": "echo 0"}, FAILED, "id -u apt-get -qq update".split()),
    ],
    ids=["there already", "not Debian", "not root", "installed", "in vain"],
)
def test_make_browser_says_what_it_does_and_never_fails(
    programs: dict[str, str], words: str, calls: list[str], tmp_path: Path, program: Program
) -> None:
    for name, ends in programs.items():
        program(name, ends)
    make = shutil.which("make")
    assert make is not None
    variables = environment(PATH=str(tmp_path / "programs"), MAKEFLAGS="")
    done = subprocess.run([make, "browser"], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, "")
    assert words in done.stdout
    assert called(tmp_path) == calls
    assert (FAILED in done.stdout) is (words == FAILED)
