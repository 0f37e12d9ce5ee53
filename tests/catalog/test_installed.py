"""Packs of other people are found by their entry points; a faulty one does not spoil the rest."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog import installed
from grader.catalog.kata import read_kata
from grader.catalog.lookup import available, find
from grader.catalog.packs import bundled
from grader.catalog.setting import SETTING
from grader.errors import BadKata, UsageError
from tests.conftest import ROOT
from tests.small_kata import NAME, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

VALUES = {"grade.katas": "my_course:katas"}


def install(
    site: Path, name: str = "course", *katas: str, distribution: str = "my-course", values: dict[str, str] = VALUES
) -> Path:
    """A package in ``site``, as pip leaves it there, with a pack of ``name``; returns the package's folder."""
    package = site / values.get("grade.katas", "my_course").partition(":")[0].replace(".", "/")
    for kata in katas or (NAME,):
        make_kata(package, kata)
    (package / SETTING).unlink(missing_ok=True)
    write(package / "__init__.py", "raise RuntimeError('imported')")
    info = site / f"{distribution.replace('-', '_')}-1.2.0.dist-info"
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2.0\n")
    groups = (f"[{group}]\n{name} = {value}\n" for group, value in values.items())
    write(info / "entry_points.txt", "\n".join(groups))
    return package


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which Python finds packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


HERE = Path("/")
NAMES = ["course:kata-77", "course:77", f"course:{NAME}", "course:small-echo", "kata-77", NAME]


@pytest.mark.parametrize("name", NAMES)
def test_a_kata_of_a_pack_is_found_by_its_names(name: str, site: Path) -> None:
    package = install(site)
    kata = find(name, HERE)
    assert (kata.id, kata.folder) == ("course:kata-77", package / "katas" / NAME)
    assert (kata.pack, kata.location) == ("course", "my-course 1.2.0")
    assert kata.solutions == package / "solutions" / NAME
    assert "my_course" not in sys.modules


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("kata10", "kata-10"),
        ("kat-10", "kata-10"),
        ("smal-echo", "kata-10-small-echo"),
        ("Course:kata10", "course:kata-10"),
        ("kata1", "kata-1"),
    ],
)
def test_the_nearest_kata_is_meant_also_where_it_is_of_a_pack(name: str, meant: str, site: Path) -> None:
    install(site, "course", "kata-10-small-echo")
    with pytest.raises(UsageError) as error:
        find(name, HERE)
    assert f"Did you mean '{meant}'?" in str(error.value)


def test_of_another_number_no_kata_is_meant(site: Path) -> None:
    install(site, "course", "kata-10-small-echo")
    with pytest.raises(UsageError, match=r"There is no kata 'kata12'. There are kata-1, .*course:kata-10") as error:
        find("kata12", HERE)
    assert "Did you mean" not in str(error.value)


def test_a_bundled_name_stays_bundled(site: Path) -> None:
    first = bundled()[0]
    install(site, "course", first.name)
    for name in (first.id, first.name, str(first.number)):
        assert find(name, HERE) == first
    assert find(f"course:{first.id}", HERE).pack == "course"


def test_a_folder_that_is_named_goes_before_a_pack(site: Path, tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    install(site)
    assert find("kata-77", tmp_path) == read_kata(folder)
    assert find("course:kata-77", tmp_path).pack == "course"


def test_a_number_that_two_packs_have_needs_the_packs_name(site: Path) -> None:
    install(site)
    install(site, "other", distribution="other", values={"grade.katas": "other:katas"})
    with pytest.raises(
        UsageError, match=r"'kata-77' means more than one kata: name course:kata-77 or other:kata-77\.$"
    ):
        find("kata-77", HERE)
    assert find("other:small-echo", HERE).pack == "other"


def test_solutions_may_come_with_another_package(site: Path) -> None:
    install(site)
    course_solutions = install(
        site,
        distribution="my-solutions",
        values={"grade.katas": "course_solutions:katas", "grade.solutions": "course_solutions:answers"},
    )
    write(
        site / "my_solutions-1.2.0.dist-info" / "entry_points.txt",
        "[grade.solutions]\ncourse = course_solutions:answers\n",
    )
    assert find("course:kata-77", HERE).solutions == course_solutions / "answers" / NAME


def test_a_module_of_a_package_may_be_named(site: Path) -> None:
    package = install(site, values={"grade.katas": "university.streams:katas"})
    assert find("course:kata-77", HERE).folder == package / "katas" / NAME


def test_the_guides_package_is_a_pack(site: Path) -> None:
    guide = (ROOT / "docs" / "authoring.md").read_text("utf-8")
    (text,) = [
        block for block in re.findall(r"^```toml\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL) if "entry" in block
    ]
    values = tomllib.loads(text)["project"]["entry-points"]
    install(site, "course", values={group: entries["course"] for group, entries in values.items()})
    kata = find("course:small-echo", HERE)
    assert (kata.solutions / "app.py").is_file()


FAULTS = {
    "no such package": ("course", "nowhere:katas", r"names nowhere:katas, which is not a package"),
    "a module": ("course", "json.decoder:katas", r"does not hold katas"),
    "no katas": ("course", "my_course:lessons", r"does not hold katas in "),
    "a reserved name": ("bundled", "my_course:katas", r"The pack 'bundled' \(my-course 1\.2\.0\) needs another name"),
    "a folder's name": ("folder", "my_course:katas", r"needs another name"),
    "a name that cannot be typed": ("My Course", "my_course:katas", r"needs another name"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_pack_with_a_fault_is_one_sentence_and_the_rest_works(fault: str, site: Path) -> None:
    name, value, words = FAULTS[fault]
    install(site, "good", "kata-78-good", distribution="good", values={"grade.katas": "good:katas"})
    install(site)
    write(site / "my_course-1.2.0.dist-info" / "entry_points.txt", f"[grade.katas]\n{name} = {value}\n")
    assert find("good:kata-78", HERE).id == "good:kata-78"
    found = available(HERE)
    assert [kata.id for kata in found.katas] == [*(kata.id for kata in bundled()), "good:kata-78"]
    with pytest.raises(BadKata, match=words):
        installed.catalog().get(f"{name}:kata-77")
    (refused,) = found.refused
    assert "\n" not in refused.reason


def test_two_packs_of_one_name_are_refused(site: Path) -> None:
    install(site)
    install(site, distribution="impostor", values={"grade.katas": "impostor:katas"})
    with pytest.raises(BadKata, match=r"There are two packs 'course', of .* and .*: uninstall one of them\.$"):
        find("course:kata-77", HERE)
    assert "my-course 1.2.0" in available(HERE).refused[0].reason
    assert "impostor 1.2.0" in available(HERE).refused[0].reason


def test_a_kata_with_a_fault_does_not_spoil_its_pack(site: Path) -> None:
    package = install(site, "course", NAME, "kata-78-no-title")
    write(package / "katas" / "kata-78-no-title" / "kata.toml", "")
    assert find("course:kata-77", HERE).id == "course:kata-77"
    with pytest.raises(BadKata, match="write a title"):
        find("course:kata-78", HERE)


def test_a_bundled_kata_is_found_without_looking_at_packs(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise AssertionError("entry points were read, which takes time")

    monkeypatch.setattr(installed, "catalog", fail)
    assert find("kata-1", HERE) == bundled()[0]


def test_a_kata_of_a_pack_can_be_graded_and_listed(site: Path, tmp_path: Path, grade: Grade) -> None:
    package = install(site)
    path = os.pathsep.join([str(ROOT), str(site)])
    listed = grade("list", cwd=tmp_path, PYTHONPATH=path)
    assert (listed.code, listed.err) == (0, "")
    rows = [line.split() for line in listed.out.splitlines()]
    assert ["course:kata-77", "Small", "echo", "3"] in rows
    assert ["from", "my-course", "1.2.0"] in rows
    app = str(package / "solutions" / NAME / "app.py")
    done = grade("course:small-echo", "--app", app, json_report=True, cwd=tmp_path, PYTHONPATH=path)
    assert done.code == 0, done.err
    assert done.report["origin"]["pack"] == "course"
    assert done.report["origin"]["location"] == "my-course 1.2.0"


def test_packs_that_are_refused_are_told_beside_the_list(site: Path, tmp_path: Path, grade: Grade) -> None:
    install(site)
    write(site / "my_course-1.2.0.dist-info" / "entry_points.txt", "[grade.katas]\ncourse = nowhere:katas\n")
    path = os.pathsep.join([str(ROOT), str(site)])
    listed = grade("list", cwd=tmp_path, PYTHONPATH=path)
    assert listed.code == 0
    assert "kata-1" in listed.out
    assert listed.err == "grade: The pack 'course' (my-course 1.2.0) names nowhere:katas, which is not a package.\n"
