"""A kata is read from its folder; a folder with a fault is an error that says what to write, in one line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import Kata, missing_parts, read_kata
from grader.catalog.lookup import find
from grader.errors import BadKata
from grader.grading.collect import checks_of
from grader.pool.pool import Pool
from grader.verify.proof import Proof, prove
from tests.small_kata import HINTS, MANIFEST, NAME, SPECIFICATION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade


def proof_of(kata: Kata) -> Proof:
    with Pool(1) as pool:
        return prove(kata, pool)


# -- the manifest ----------------------------------------------------------------------------------------------


def test_what_a_manifest_leaves_out_has_a_default(tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    write(folder / "kata.toml", 'title = "Small echo"')
    kata = read_kata(folder)
    assert (kata.concepts, kata.entry, kata.format, kata.version) == ((), ("app.py", "app"), 1, "")


# -- folders with a fault -----------------------------------------------------------------------------------------

Spoil = Callable[[Path], object]


def manifest(text: str) -> Spoil:
    return lambda folder: write(folder / "kata.toml", text)


def without(part: str) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return spoil


def replaced(old: str, new: str) -> Spoil:
    assert old in SPECIFICATION
    return lambda folder: write(folder / "spec/test_echo.py", SPECIFICATION.replace(old, new))


def with_file(name: str, text: str) -> Spoil:
    return lambda folder: write(folder / name, text)


def as_a_folder(part: str) -> Spoil:
    def spoil(folder: Path) -> None:
        folder.joinpath(part).unlink()
        folder.joinpath(part).mkdir()

    return spoil


def as_a_file(part: str) -> Spoil:
    def spoil(folder: Path) -> None:
        shutil.rmtree(folder / part)
        folder.joinpath(part).write_text("x", "utf-8")

    return spoil


def as_a_pipe(part: str) -> Spoil:
    def spoil(folder: Path) -> None:
        folder.joinpath(part).unlink()
        os.mkfifo(folder / part)

    return spoil


TURNED_ROUND = """
    from grader.spec import check

    @check(points=1)
    def test_b() -> None:
        \"""b\"""

    b = test_b
    del test_b

    @check(points=1, after=b)
    def test_a() -> None:
        \"""a\"""

    test_b = b
"""

#: What is wrong with kata.toml: no kata can be made of it.
MANIFESTS: dict[str, tuple[Spoil, str]] = {
    "no kata.toml": (without("kata.toml"), f'{NAME} has no kata.toml; write one with at least: title = "…"'),
    "no TOML": (manifest("title = "), f"{NAME}/kata.toml cannot be read: Invalid value"),
    "not UTF-8": (lambda folder: (folder / "kata.toml").write_bytes(b"\xff"), "kata.toml cannot be read: 'utf-8'"),
    "a folder": (as_a_folder("kata.toml"), "kata.toml cannot be read: [Errno 22] not a file"),
    "a pipe": (as_a_pipe("kata.toml"), "kata.toml cannot be read: [Errno 22] not a file"),
    "a huge file": (
        lambda folder: os.truncate(folder / "kata.toml", 1 << 40),
        "cannot be read: [Errno 27] longer than",
    ),
    "no title": (manifest('concepts = ["batch"]'), f'{NAME}/kata.toml: write a title, such as title = "'),
    "blank title": (manifest('title = " "'), "write a title"),
    "title of another kind": (manifest("title = 3"), "write a title"),
    "entry elsewhere": (manifest('title = "x"\nentry = "../app.py"'), 'entry must be like "app.py" or "app.py:app"'),
    "entry of no Python": (manifest('title = "x"\nentry = "app.js"'), "not 'app.js'"),
    "entry of no name": (manifest('title = "x"\nentry = "app.py:1st"'), "not 'app.py:1st'"),
    "entry of another kind": (manifest('title = "x"\nentry = 7'), "not 7"),
    "concepts as text": (manifest('title = "x"\nconcepts = "batch"'), "concepts must be a list of strings"),
    "version as a number": (manifest('title = "x"\nversion = 1.0'), 'version must be a string such as "1.0", not 1.0'),
    "version of odd characters": (manifest('title = "x"\nversion = "1\\u001b[2J"'), "version must be a string such as"),
    "version too long": (manifest(f'title = "x"\nversion = "{"1" * 33}"'), "version must be a string such as"),
    "format of another kind": (manifest('title = "x"\nformat = "1"'), "format must be a number: format = 1"),
    "format as a truth value": (manifest('title = "x"\nformat = true'), "format must be a number"),
    "no such format": (manifest('title = "x"\nformat = 0'), "format must be a number"),
    "later format": (manifest('title = "x"\nformat = 2'), "has format 2, and this grader reads format 1: update"),
    "concepts of another kind": (manifest('title = "x"\nconcepts = [1]'), "concepts must be a list of strings"),
}

#: What is missing.
PARTS: dict[str, tuple[Spoil, str]] = {
    "no README": (without("README.md"), "README.md is missing: the story, the contract, and all that is graded"),
    "no stub": (without("app.py"), "app.py is missing: the stub that a learner edits"),
    "no specification": (without("spec"), "spec is missing: the specification: pytest files named test_*.py"),
    "specification as a file": (as_a_file("spec"), "spec is missing: the specification"),
    "README as a folder": (as_a_folder("README.md"), "README.md is missing"),
    "empty specification": (without("spec/test_echo.py"), "spec/ holds no test_*.py file: write the checks there"),
}

STATED = 'requirement="the answer is all that the upstream gives, in order"'
#: What is wrong with the specification.
SPECIFICATIONS: dict[str, tuple[Spoil, str]] = {
    "syntax error": (
        with_file("spec/test_echo.py", "x = 1\ndef test_x(:"),
        "SyntaxError: invalid syntax (test_echo.py:2)",
    ),
    "import error": (with_file("spec/test_echo.py", "import grader.nothing"), "ModuleNotFoundError: No module named"),
    "exception": (with_file("spec/test_echo.py", "x = 1\nx.y"), "has no attribute 'y' (test_echo.py:2)"),
    "no check": (with_file("spec/test_echo.py", '"""Later."""'), "there is no check; write a test function marked"),
    "not marked": (
        replaced(f"@check(points=2, after=test_is_json, {STATED})", ""),
        "test_all_items is not marked; write @check",
    ),
    "no docstring": (replaced('"""the answer is JSON"""', ""), "check is_json: it needs a docstring whose first line"),
    "twice": (with_file("spec/test_z.py", SPECIFICATION), "check is_json: there are two of this name"),
    "after no check": (replaced("after=test_is_json", "after=print"), "check all_items: it comes after print, which"),
    "after what is not there": (replaced("after=test_is_json", "after=test_is_jsn"), "name 'test_is_jsn' is not"),
    "after a later one": (with_file("spec/test_echo.py", TURNED_ROUND), "check a: it comes after b, which must"),
    "no points": (replaced("points=2", "points=0"), "check all_items: it must be worth at least one point"),
    "points as text": (replaced("points=2", "points='2'"), "check all_items: it must be worth at least one point"),
    "hints of no check": (with_file("spec/hints.toml", '[is_jsn]\nhints = ["x"]'), "[is_jsn] is not the id of a check"),
    "schema of no JSON": (with_file("schemas/echo.json", "{"), "schemas/echo.json, a JSON Schema: Expecting"),
    "no JSON Schema": (with_file("schemas/echo.json", '{"type": "objekt"}'), "a JSON Schema: 'objekt' is not valid"),
    "schema that is missing": (without("schemas/echo.json"), "a JSON Schema: [Errno 2] No such file"),
}


@pytest.mark.parametrize("fault", MANIFESTS)
def test_a_manifest_with_a_fault_makes_no_kata(fault: str, tmp_path: Path) -> None:
    spoil, words = MANIFESTS[fault]
    folder = make_kata(tmp_path)
    spoil(folder)
    with pytest.raises(BadKata) as error:
        find(f"katas/{NAME}", tmp_path)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["kata-x-y", "kata-1", "kata-1-", "kata-1-A", "kata-1-a_b", "kata--1-a", "1-a"])
def test_a_folder_of_another_name_is_no_kata(name: str, tmp_path: Path) -> None:
    folder = make_kata(tmp_path, name)
    with pytest.raises(BadKata, match="is named like kata-12-some-words"):
        find(".", folder)


@pytest.mark.parametrize("fault", PARTS)
def test_what_is_missing_is_told_before_anything_is_graded(fault: str, tmp_path: Path) -> None:
    spoil, words = PARTS[fault]
    folder = make_kata(tmp_path)
    spoil(folder)
    kata = read_kata(folder)
    assert [problem for problem in missing_parts(kata) if words in problem]
    proof = proof_of(kata)
    assert [problem for problem in proof.problems if words in problem]
    assert proof.verdicts == ()


#: One of a kind; the others pass through the same hands.
GRADED = "no kata.toml,no TOML,no README,empty specification,syntax error,schema of no JSON,no JSON Schema".split(",")


@pytest.mark.parametrize("fault", GRADED)
def test_grading_by_a_kata_with_a_fault_is_one_clear_line(fault: str, tmp_path: Path, grade: Grade) -> None:
    spoil, words = (MANIFESTS | PARTS | SPECIFICATIONS)[fault]
    folder = make_kata(tmp_path)
    spoil(folder)
    done = grade(str(folder), "--app", str(tmp_path / "solutions" / NAME / "app.py"))
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("grade: ")
    assert words in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("fault", [name for name in SPECIFICATIONS if "chema" not in name])
def test_a_specification_with_a_fault_is_a_problem_of_the_proof(fault: str, tmp_path: Path) -> None:
    spoil, words = SPECIFICATIONS[fault]
    folder = make_kata(tmp_path)
    spoil(folder)
    kata = read_kata(folder)
    with pytest.raises(BadKata) as error:
        checks_of(kata)
    proof = proof_of(kata)
    assert words in str(error.value)
    assert str(error.value) in proof.problems
    assert proof.verdicts == ()


def test_a_schema_with_a_fault_is_a_problem_of_the_proof(tmp_path: Path, grade: Grade) -> None:
    folder = make_kata(tmp_path)
    write(folder / "schemas/echo.json", "{")
    for part in ("variants", "wrong"):
        shutil.rmtree(tmp_path / "solutions" / NAME / part)
    done = grade("verify", str(folder))
    assert done.code == 1
    assert "problem  solution: The specification needs" in done.out
    assert done.out.endswith("not yet sound and fair\n\n")
    assert done.err == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MANIFEST + "level = 3", "kata.toml: Additional properties are not allowed ('level' was unexpected)"),
        ('title = "Small echo"', "kata.toml: 'concepts' is a required property"),
        ('title = "Small echo"\nconcepts = []', "kata.toml: concepts: [] should be non-empty"),
        ('title = "Small echo"\nconcepts = ["batch"]\nformat = 1', "kata.toml: 'version' is a required property"),
        ('title = "Small echo"\nconcepts = ["batch"]\nversion = "1"', "kata.toml: 'format' is a required property"),
        (f'title = "{"x" * 61}"\nconcepts = ["batch"]', "is too long"),
    ],
)
def test_what_the_schema_of_manifests_forbids_is_a_problem_of_the_proof(text: str, words: str, tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    write(folder / "kata.toml", text)
    without("README.md")(folder)  # which spares the grading
    problems = proof_of(read_kata(folder)).problems
    assert [problem for problem in problems if words in problem], problems


# -- katas beside each other --------------------------------------------------------------------------------------


def test_katas_whose_files_bear_the_same_names_are_told_apart(tmp_path: Path, grade: Grade) -> None:
    """Python keeps what it has imported: a second kata must not be given the first one's checks."""
    one, two = make_kata(tmp_path, "kata-78-one"), make_kata(tmp_path, "kata-79-two")
    write(two / "spec/test_echo.py", SPECIFICATION.replace("points=2", "points=20").replace("is_json", "other"))
    write(two / "spec/hints.toml", HINTS.replace("is_json", "other"))
    for _ in range(2):
        assert [check.id for check in checks_of(read_kata(one))] == ["is_json", "all_items"]
        assert [check.id for check in checks_of(read_kata(two))] == ["other", "all_items"]
    listed = grade("list", cwd=tmp_path).out
    rows = [line.split() for line in listed.splitlines()]
    assert [row[-1] for row in rows if row and row[0] in ("kata-78", "kata-79")] == ["3", "21"]
