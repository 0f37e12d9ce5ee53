"""Which module a file or a dotted name means, and from where it is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.serving.module import Module, find, locate


def make(folder: Path, *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("files", "file", "root", "name"),
    [
        (["app.py"], "app.py", "", "app"),
        (["sub/app.py"], "sub/app.py", "sub", "app"),
        (["app/__init__.py", "app/main.py"], "app/main.py", "", "app.main"),
        (["a/__init__.py", "a/b/__init__.py", "a/b/c.py"], "a/b/c.py", "", "a.b.c"),
        (["a/b/__init__.py", "a/b/c.py"], "a/b/c.py", "a", "b.c"),
        (["src/a/__init__.py", "src/a/b.py"], "src/a/b.py", "src", "a.b"),
        (["a/__init__.py"], "a/__init__.py", "", "a"),
        (["kata-1/__init__.py", "kata-1/app.py"], "kata-1/app.py", "kata-1", "app"),
        (["app (1).py"], "app (1).py", "", "app (1)"),
    ],
)
def test_the_root_lies_above_the_packages(files: list[str], file: str, root: str, name: str, tmp_path: Path) -> None:
    folder = make(tmp_path, *files)
    assert locate(folder / file) == Module(folder / file, folder / root, name)


def test_links_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "store/77aa.py", "hand-in/helper.py")
    (tmp_path / "hand-in" / "app.py").symlink_to("../store/77aa.py")
    assert locate(tmp_path / "hand-in" / "app.py") == Module(
        tmp_path / "hand-in" / "app.py", tmp_path / "hand-in", "app"
    )


@pytest.mark.parametrize(
    ("text", "file", "root", "module", "attribute"),
    [
        ("app.py", "app.py", "", "app", ""),
        ("app.py:server", "app.py", "", "app", "server"),
        ("./pkg/mod.py:api.app", "pkg/mod.py", "pkg", "mod", "api.app"),
        ("pkg.mod:app", "pkg/mod.py", "", "pkg.mod", "app"),
        ("pkg.mod", "pkg/mod.py", "", "pkg.mod", ""),
        ("own:app", "src/own/__init__.py", "src", "own", "app"),
        ("own.inner", "src/own/inner.py", "src", "own.inner", ""),
        ("a:b.py", "a:b.py", "", "a:b", ""),
    ],
)
def test_an_app_is_named_by_its_file_or_as_for_uvicorn(
    text: str, file: str, root: str, module: str, attribute: str, tmp_path: Path
) -> None:
    make(tmp_path, "app.py", "pkg/mod.py", "src/own/__init__.py", "src/own/inner.py", "a:b.py")
    assert find(text, tmp_path) == (Module(tmp_path / file, tmp_path / root, module), attribute)


@pytest.mark.parametrize("text", ["no.py", "no.py:app", "no.such.module:app", "", ":app", "loop.py", "pkg"])
def test_what_is_not_there_is_a_slip(text: str, tmp_path: Path) -> None:
    make(tmp_path, "pkg/mod.py")
    (tmp_path / "loop.py").symlink_to("loop.py")
    with pytest.raises(UsageError, match="there is no file"):
        find(text, tmp_path)


def test_what_is_not_python_is_a_slip(tmp_path: Path) -> None:
    make(tmp_path, "notes.txt")
    with pytest.raises(UsageError, match=r"must end in \.py"):
        find("notes.txt", tmp_path)


@pytest.mark.parametrize(
    ("module", "folder"),
    [
        (Module(Path("/p/src/a/b.py"), Path("/p/src"), "a.b"), "/p"),
        (Module(Path("/src/a.py"), Path("/src"), "a"), "/src"),
    ],
)
def test_the_working_directory_is_the_projects(module: Module, folder: str) -> None:
    assert module.working_directory == Path(folder)
