"""`--app` and its companions mean what they mean to uvicorn: what `uvicorn package.module:app` serves is graded."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.small_kata import SOLUTION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

APP = textwrap.dedent(SOLUTION)
PART = 'TYPE = b"application/json"'
FACTORY = APP + "\ndef create_app():\n    return globals()['_app']\n\n_app = app\ndel app\n"


def parted(module: str) -> str:
    """The app, which imports a part of itself from a module."""
    return f"from {module} import TYPE\n" + APP.replace('b"application/json"', "TYPE")


#: Files of a project, and the options that name its app, as `uvicorn` would be called in the project's folder.
PROJECTS: dict[str, tuple[dict[str, str], str]] = {
    "a file": ({"mine.py": APP}, "mine.py"),
    "a file, and another name": ({"mine.py": APP.replace("def app(", "def server(")}, "mine.py:server"),
    "a module": ({"mine.py": APP}, "mine:app"),
    "a package with relative imports": (
        {"shop/__init__.py": "", "shop/main.py": parted(".wire"), "shop/wire.py": PART},
        "shop/main.py:app",
    ),
    "a package that names itself": (
        {"shop/__init__.py": "", "shop/main.py": parted("shop.wire"), "shop/wire.py": PART},
        "shop.main:app",
    ),
    "a package without __init__.py": ({"shop/main.py": parted("shop.wire"), "shop/wire.py": PART}, "shop.main"),
    "a package inside of another": (
        {
            "shop/__init__.py": "",
            "shop/web/__init__.py": "",
            "shop/wire.py": PART,
            "shop/web/main.py": parted("..wire"),
        },
        "shop.web.main:app",
    ),
    "a src layout": (
        {"src/shop/__init__.py": parted("shop.wire"), "src/shop/wire.py": PART},
        "shop:app",
    ),
    "a src layout, by its file": (
        {"src/shop/__init__.py": "", "src/shop/main.py": parted("shop.wire"), "src/shop/wire.py": PART},
        "src/shop/main.py",
    ),
    "a factory": ({"mine.py": FACTORY}, "mine:create_app --factory"),
    "an app inside of an object": ({"mine.py": APP + "\nclass api:\n    inner = app\ndel app"}, "mine:api.inner"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder in which the small kata can be named."""
    make_kata(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", PROJECTS)
def test_what_uvicorn_serves_is_graded(name: str, project: Path, grade: Grade) -> None:
    files, options = PROJECTS[name]
    for file, source in files.items():
        write(project / file, source)
    done = grade("77", "--app", *options.split(), cwd=project)
    assert (done.code, done.err) == (0, ""), done.out


def test_a_function_that_is_no_app_is_told_of_the_option(project: Path, grade: Grade) -> None:
    write(project / "mine.py", FACTORY)
    done = grade("77", "--app", "mine:create_app", cwd=project)
    assert done.code == 1
    assert "If it makes the app, add --factory." in " ".join(done.out.split())


def test_links_that_lead_in_a_circle_are_no_file(project: Path, grade: Grade) -> None:
    (project / "one.py").symlink_to("two.py")
    (project / "two.py").symlink_to("one.py")
    done = grade("77", "--app", "one.py", cwd=project)
    assert (done.code, done.out, done.err) == (
        2,
        "",
        "grade: --app: there is no file 'one.py': it is a link that leads to none.\n",
    )


NEEDY = "import os\nassert (os.environ['STUDY_KEY'], os.environ['STUDY_URL']) == ('sk 1', 'x=y')\n" + APP
FROM_SHELL = {"STUDY_KEY": "sk 1"}
#: How variables reach an app: options, and variables of the shell.
VARIABLES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "of the shell, and a value": (("--env", "STUDY_KEY", "--env", "STUDY_URL=x=y"), FROM_SHELL),
    "a file": (("--env-file", "both.env"), {}),
    "two files": (("--env-file", "key.env", "--env-file", "url.env"), {}),
    "a file, and an option that wins": (("--env-file", "other.env", "--env", "STUDY_KEY"), FROM_SHELL),
}


@pytest.mark.parametrize("name", VARIABLES)
def test_an_app_gets_the_variables_that_it_needs(name: str, project: Path, grade: Grade) -> None:
    options, shell = VARIABLES[name]
    write(project / "mine.py", NEEDY)
    write(project / "both.env", "STUDY_KEY='sk 1'\nSTUDY_URL=x=y")
    write(project / "key.env", "STUDY_KEY=sk 1")
    write(project / "url.env", "STUDY_URL=x=y")
    write(project / "other.env", "STUDY_KEY=other\nSTUDY_URL=x=y")
    done = grade("77", "--app", "mine.py", *options, cwd=project, **shell)
    assert (done.code, done.err) == (0, ""), done.out


def test_an_app_that_lacks_a_variable_of_the_shell_is_told_of_the_option(project: Path, grade: Grade) -> None:
    write(project / "mine.py", NEEDY)
    done = grade("77", "--app", "mine.py", cwd=project, **FROM_SHELL)
    said = " ".join(done.out.split())
    assert done.code == 1
    assert "needs the environment variable STUDY_KEY, which is not set for it" in said
    assert "allow-list" in said
    assert "`--env STUDY_KEY`" in said
