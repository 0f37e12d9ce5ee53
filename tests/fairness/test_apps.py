"""Right apps that were written from the READMEs alone get full marks: each takes a liberty that its contract gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fairness.test_unusual import full_marks

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

    from tests.conftest import Grade

APPS = Path(__file__).parent / "apps"
#: The others are graded by `make fairness`.
ALWAYS = {
    "kata-1/mixed_line_endings",
    "kata-1/litestar_server_sent_event",
    "kata-1/quart_make_response",
    "kata-2/early_prefix",
    "kata-3/keys_of_known_names",
}
#: Each kata has apps in these; most of the others are written in FastAPI, Starlette or plain ASGI.
FRAMEWORKS = ("litestar", "quart")


def apps() -> Iterator[ParameterSet]:
    for file in sorted(APPS.glob("*/*.py")):
        name = f"{file.parent.name}/{file.stem}"
        yield pytest.param(file, id=name, marks=() if name in ALWAYS else pytest.mark.long)


def test_each_kata_has_many_of_them() -> None:
    assert {folder.name: len(list(folder.glob("*.py"))) >= 14 for folder in APPS.iterdir()} == {
        "kata-1": True,
        "kata-2": True,
        "kata-3": True,
    }
    assert all((APPS / f"{name}.py").is_file() for name in ALWAYS)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_each_kata_is_solved_in_other_frameworks_as_well(framework: str) -> None:
    found = {file.parent.name for file in APPS.glob("*/*.py") if f"from {framework} import" in file.read_text("utf-8")}
    assert found == {"kata-1", "kata-2", "kata-3"}


@pytest.mark.parametrize("file", list(apps()))
def test_an_app_with_its_liberties_gets_full_marks(file: Path, grade: Grade) -> None:
    full_marks(grade, file.parent.name, str(file))
