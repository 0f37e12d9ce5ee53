"""A class says when students have another version of a kata than the one that they are graded by."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from grader.catalog.packs import bundled
from grader.classes.handed_out import changed_since
from grader.handout.pack import Audience
from tests.conftest import ROOT
from tests.handout.packs import FILE, install, make_secret_kata, pack
from tests.serving.jail import offers
from tests.small_kata import NAME, SOLUTION, write

if TYPE_CHECKING:
    from tests.conftest import Grade


def test_what_has_changed_is_named(tmp_path: Path) -> None:
    kata = make_secret_kata(tmp_path)
    file = tmp_path / FILE
    file.write_bytes(pack(kata, Audience.LEARNERS).content)
    assert list(changed_since(file, [kata])) == []
    for changed in (kata.readme, kata.stub, kata.schemas / "echo.json"):
        before = changed.read_bytes()
        changed.write_bytes(b"{}")
        assert list(changed_since(file, [kata])) == [
            f"{NAME} has changed since {FILE}, the pack that students have: hand out a new one."
        ]
        changed.write_bytes(before)
    first = bundled()[0]
    assert list(changed_since(file, [first])) == [f"{first.name} is not in {FILE}, the pack that students have."]


def test_a_pack_for_graders_is_not_what_students_have(tmp_path: Path) -> None:
    kata = make_secret_kata(tmp_path)
    (tmp_path / FILE).write_bytes(pack(kata, Audience.GRADERS).content)
    assert list(changed_since(tmp_path / FILE, [kata])) == [
        f"{FILE} is a pack for graders, which students must not have: name the learners' one as handed-out."
    ]


def test_the_command_names_it(tmp_path: Path, grade: Grade) -> None:
    offers.a_tier()
    kata = make_secret_kata(tmp_path)
    (tmp_path / FILE).write_bytes(pack(kata, Audience.LEARNERS).content)
    write(kata.schemas / "echo.json", "{}")
    (tmp_path / "submissions" / "ada").mkdir(parents=True)
    write(tmp_path / "class.toml", f'katas = ["kata-77"]\nhanded-out = "{FILE}"')
    done = grade("class", "submissions", "--out", "results", cwd=tmp_path)
    assert (done.code, done.err.splitlines()[0]) == (
        0,
        f"grade: {NAME} has changed since {FILE}, the pack that students have: hand out a new one.",
    )
    write(tmp_path / "class.toml", 'katas = ["kata-77"]\nhanded-out = "gone.whl"')
    done = grade("class", "submissions", "--out", "other", cwd=tmp_path)
    assert (done.code, done.err) == (2, "grade: handed-out: gone.whl cannot be read: No such file or directory.\n")
    write(tmp_path / "gone.whl", "x")
    done = grade("class", "submissions", "--out", "other", cwd=tmp_path)
    assert (done.code, done.err) == (2, "grade: handed-out: gone.whl is not a pack that `grade pack` made.\n")


def test_a_learners_pack_grades_no_class(tmp_path: Path, grade: Grade) -> None:
    kata = make_secret_kata(tmp_path / "course")
    site = install(pack(kata, Audience.LEARNERS).content, tmp_path / "site")
    write(tmp_path / "submissions" / "ada" / "app.py", SOLUTION)
    path = os.pathsep.join([str(ROOT), str(site)])
    done = grade("class", "submissions", "--kata", "kata-77", "--out", "results", cwd=tmp_path, PYTHONPATH=path)
    assert (done.code, done.err) == (
        2,
        f"grade: {NAME} is from a pack for learners (my-course 1.2), without 1 check, 2 points: install the one that "
        "`grade pack --for graders` makes, or name the folder of your katas with --katas.\n",
    )
    assert not (tmp_path / "results").exists()
