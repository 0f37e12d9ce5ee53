"""A kata is found by any of its names; a folder that is no sound kata is told what to write, in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import Kata, available, bundled, discover, find, find_app, missing_parts, read_kata
from grader.errors import BadKata, UsageError
from grader.grading.plugin import checks_of
from grader.pool.pool import Pool
from grader.verify.proof import Proof, prove
from tests.small_kata import MANIFEST, NAME, SPECIFICATION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

FIRST = bundled()[0]


def proof_of(kata: Kata) -> Proof:
    with Pool(1) as pool:
        return prove(kata, pool)


# -- finding ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [FIRST.name, FIRST.id, "1"])
def test_a_bundled_kata_is_found_by_its_names_from_anywhere(name: str, tmp_path: Path) -> None:
    assert find(name, tmp_path) == FIRST


@pytest.mark.parametrize("name", [NAME, "kata-77", "77"])
@pytest.mark.parametrize("start", [".", "katas", f"katas/{NAME}", f"katas/{NAME}/spec"])
def test_a_kata_of_the_folders_above_is_found_by_its_names(name: str, start: str, tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    assert find(name, tmp_path / start) == read_kata(folder)


@pytest.mark.parametrize("name", [f"katas/{NAME}", f"./katas/{NAME}/", f"katas/../katas/{NAME}"])
def test_a_kata_is_found_by_its_path(name: str, tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    assert find(name, tmp_path) == find(str(folder), Path("/")) == read_kata(folder)


@pytest.mark.parametrize(("name", "start"), [(".", "."), ("..", "spec"), ("../schemas/..", "spec")])
def test_where_one_stands_is_a_name_as_well(name: str, start: str, tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    assert find(name, folder / start) == read_kata(folder)


@pytest.mark.parametrize("name", [".", "..", "kata-1", "1", FIRST.name])
def test_a_learners_copy_means_the_kata_that_it_is_a_copy_of(name: str, tmp_path: Path) -> None:
    copy = tmp_path / FIRST.name / "notes"
    copy.mkdir(parents=True)
    start = copy if name == ".." else copy.parent
    write(copy.parent / "app.py", "app = 1")
    found = find(name, start)
    assert found == FIRST
    assert find_app(found, name, start) == copy.parent / "app.py"


def test_a_kata_of_ones_own_goes_before_a_bundled_one_of_its_name(tmp_path: Path) -> None:
    mine = make_kata(tmp_path, FIRST.name)
    assert find(FIRST.id, tmp_path).folder == mine
    assert len(available(tmp_path)) == len(bundled())


def test_katas_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("kata-10-b", "kata-9-z", "kata-10-a", "no-kata"):
        make_kata(tmp_path, name)
    assert [kata.name for kata in discover(tmp_path / "katas")] == ["kata-9-z", "kata-10-a", "kata-10-b"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kata-l", "There is no kata 'kata-l'. Did you mean 'kata-"),
        ("dual-mode-endpoint", "Did you mean 'kata-1-dual-mode-endpoint'?"),
        ("kata-1-dual-mode-endpiont", "Did you mean 'kata-1-dual-mode-endpoint'?"),
        ("xyz", "There is no kata 'xyz'. See `grade list`."),
        ("999", "There is no kata '999'."),
        ("0", "There is no kata '0'."),
        ("", "is no kata's folder"),
        (".", "is no kata's folder. Name a kata: "),
        ("nowhere/at-all", "nowhere/at-all is no kata's folder"),
        ("x" * 5000, "There is no kata 'xxx"),
        ("kata-1\x1b[2J", "There is no kata"),
    ],
    ids=lambda value: value[:30].replace("\x1b", "ESC"),
)
def test_a_wrong_name_is_told_what_was_perhaps_meant(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        find(name, tmp_path)
    assert words in str(error.value)


# -- the learner's module -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [".", "notes", f"{FIRST.name}", f"{FIRST.name}/schemas"])
def test_the_module_is_found_from_anywhere_in_a_workspace(start: str, tmp_path: Path) -> None:
    app = write(tmp_path / FIRST.name / "app.py", "app = 1")
    tmp_path.joinpath(start).mkdir(exist_ok=True)
    assert find_app(FIRST, FIRST.id, tmp_path / start) == app


def test_the_folder_named_goes_before_the_folder_one_is_in(tmp_path: Path) -> None:
    write(tmp_path / FIRST.name / "app.py", "app = 1")
    other = write(tmp_path / "other" / FIRST.name / "app.py", "app = 1")
    assert find_app(FIRST, f"other/{FIRST.name}", tmp_path) == other


def test_where_no_module_is_one_learns_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Make a workspace with `grade init DIR`"):
        find_app(FIRST, FIRST.id, tmp_path)
    mine = make_kata(tmp_path)
    mine.joinpath("app.py").unlink()
    with pytest.raises(UsageError, match=r"has no app\.py; restore it"):
        find_app(read_kata(mine), ".", mine)


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
    "a folder": (as_a_folder("kata.toml"), "kata.toml cannot be read: [Errno 21] Is a directory"),
    "no title": (manifest('concepts = ["batch"]'), f'{NAME}/kata.toml: write a title, such as title = "'),
    "blank title": (manifest('title = " "'), "write a title"),
    "title of another kind": (manifest("title = 3"), "write a title"),
    "entry elsewhere": (manifest('title = "x"\nentry = "../app.py"'), 'entry must be like "app.py" or "app.py:app"'),
    "entry of no Python": (manifest('title = "x"\nentry = "app.js"'), "not 'app.js'"),
    "entry of no name": (manifest('title = "x"\nentry = "app.py:1st"'), "not 'app.py:1st'"),
    "entry of another kind": (manifest('title = "x"\nentry = 7'), "not 7"),
    "concepts as text": (manifest('title = "x"\nconcepts = "batch"'), "concepts must be a list of strings"),
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

#: What is wrong with the specification.
SPECIFICATIONS: dict[str, tuple[Spoil, str]] = {
    "syntax error": (
        with_file("spec/test_echo.py", "x = 1\ndef test_x(:"),
        "SyntaxError: invalid syntax (test_echo.py:2)",
    ),
    "import error": (with_file("spec/test_echo.py", "import grader.nothing"), "ModuleNotFoundError: No module named"),
    "exception": (with_file("spec/test_echo.py", "x = 1\nx.y"), "has no attribute 'y' (test_echo.py:2)"),
    "no check": (with_file("spec/test_echo.py", '"""Later."""'), "there is no check; write a test function marked"),
    "not marked": (replaced("@check(points=2, after=test_is_json)", ""), "test_all_items is not marked; write @check"),
    "no docstring": (replaced('"""the answer is JSON"""', ""), "check is_json: it needs a docstring whose first line"),
    "twice": (with_file("spec/test_z.py", SPECIFICATION), "check is_json: there are two of this name"),
    "after no check": (replaced("after=test_is_json", "after=print"), "check all_items: it comes after print, which"),
    "after what is not there": (replaced("after=test_is_json", "after=test_is_jsn"), "name 'test_is_jsn' is not"),
    "after a later one": (with_file("spec/test_echo.py", TURNED_ROUND), "check a: it comes after b, which must"),
    "no points": (replaced("points=2", "points=0"), "check all_items: it must be worth at least one point"),
    "points as text": (replaced("points=2", "points='2'"), "check all_items: it must be worth at least one point"),
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
    for _ in range(2):
        assert [check.id for check in checks_of(read_kata(one))] == ["is_json", "all_items"]
        assert [check.id for check in checks_of(read_kata(two))] == ["other", "all_items"]
    listed = grade("list", cwd=tmp_path).out
    rows = [line.split() for line in listed.splitlines()]
    assert [row[3] for row in rows if row and row[0] in ("kata-78", "kata-79")] == ["3", "21"]
