"""A name means one kata: the bundled one, or one that the command or a setting names, and never silently another."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.kata import read_kata
from grader.catalog.lookup import GET_SPECIFICATION, available, choose, choose_course, find
from grader.catalog.packs import bundled
from grader.catalog.setting import SETTING
from grader.errors import BadKata, UsageError
from tests.small_kata import NAME, SOLUTION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

FIRST = bundled()[0]


@pytest.mark.parametrize("name", [FIRST.name, FIRST.id, "1"])
def test_a_bundled_kata_is_found_by_its_names_from_anywhere(name: str, tmp_path: Path) -> None:
    assert find(name, tmp_path) == FIRST


@pytest.mark.parametrize("name", [NAME, "kata-77", "77"])
@pytest.mark.parametrize("start", [".", "katas", f"katas/{NAME}", f"katas/{NAME}/spec"])
def test_a_kata_of_a_setting_is_found_by_its_names_at_and_below_it(name: str, start: str, tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    assert find(name, tmp_path / start) == read_kata(folder)


@pytest.mark.parametrize("name", [f"katas/{NAME}", f"./katas/{NAME}/", f"katas/../katas/{NAME}"])
def test_a_kata_is_found_by_its_path(name: str, tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    assert find(name, tmp_path) == find(str(folder), Path("/")) == read_kata(folder)


def test_a_path_needs_no_setting(tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    (tmp_path / SETTING).unlink()
    assert find(f"katas/{NAME}", tmp_path) == find(".", folder) == find(NAME, folder.parent) == read_kata(folder)


@pytest.mark.parametrize(("name", "start"), [(".", "."), ("..", "spec"), ("../schemas/..", "spec")])
def test_the_working_directory_can_be_named(name: str, start: str, tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    assert find(name, folder / start) == read_kata(folder)


@pytest.mark.parametrize("name", [".", "..", "kata-1", "1", FIRST.name])
def test_a_learners_copy_means_the_kata_that_it_is_a_copy_of(name: str, tmp_path: Path) -> None:
    copy = tmp_path / FIRST.name / "notes"
    copy.mkdir(parents=True)
    start = copy if name == ".." else copy.parent
    write(copy.parent / "app.py", "app = 1")
    assert find(name, start) == FIRST


def test_the_bundled_folder_is_the_bundled_kata_by_its_path_too() -> None:
    assert find(".", FIRST.folder) == find(str(FIRST.folder), Path("/")) == FIRST
    assert FIRST.origin.pack == "bundled"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kata-l", "There is no kata 'kata-l'. Did you mean 'kata-"),
        ("dual-mode-endpoint", "Did you mean 'kata-1-dual-mode-endpoint'?"),
        ("kata-1-dual-mode-endpiont", "Did you mean 'kata-1-dual-mode-endpoint'?"),
        ("xyz", "There is no kata 'xyz'. See `grade list`."),
        ("999", "There is no kata '999'."),
        ("0", "There is no kata '0'."),
        ("", "is not the folder of a kata"),
        (".", "is not the folder of a kata. Name a kata: "),
        ("nowhere/at-all", "nowhere/at-all is not the folder of a kata"),
        ("x" * 5000, "There is no kata 'xxx"),
        ("kata-1\x1b[2J", "There is no kata"),
    ],
    ids=lambda value: value[:30].replace("\x1b", "ESC"),
)
def test_for_a_wrong_name_the_error_suggests_another(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        find(name, tmp_path)
    assert words in str(error.value)


# -- katas of other folders ---------------------------------------------------------------------------------------


def test_a_folder_that_nothing_names_is_not_used(tmp_path: Path) -> None:
    make_kata(tmp_path)
    (tmp_path / SETTING).unlink()
    with pytest.raises(UsageError, match=r"is not used unless that folder is named: add --katas .*/katas, or write"):
        find("kata-77", tmp_path)
    assert available(tmp_path).katas == available(Path("/")).katas


def test_an_option_names_folders_from_anywhere(tmp_path: Path) -> None:
    one, two = make_kata(tmp_path / "one"), make_kata(tmp_path / "two", "kata-78-other")
    folders = [one.parent, Path("../two/katas")]
    assert find("kata-77", tmp_path / "one", folders) == read_kata(one)
    assert find("78", tmp_path / "one", folders) == read_kata(two)
    assert [kata.id for kata in available(tmp_path / "one", folders).katas[-2:]] == ["kata-77", "kata-78"]


def test_the_option_takes_the_place_of_settings(tmp_path: Path) -> None:
    make_kata(tmp_path)
    other = make_kata(tmp_path / "other", "kata-78-other")
    with pytest.raises(UsageError, match="is not used unless that folder is named"):
        find("kata-77", tmp_path, [other.parent])


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("nowhere", "nowhere does not hold katas"),
        ("katas/kata-77-small-echo/spec", "does not hold katas"),
        ("katas/kata-77-small-echo", "is a kata; name the folder that it is in"),
    ],
)
def test_an_option_that_names_no_katas_is_refused(folder: str, words: str, tmp_path: Path) -> None:
    make_kata(tmp_path)
    with pytest.raises(UsageError, match=words):
        find("kata-1", tmp_path, [Path(folder)])


def test_katas_of_one_number_are_found_by_their_names_only(tmp_path: Path) -> None:
    one, _ = make_kata(tmp_path, "kata-77-one"), make_kata(tmp_path, "kata-77-two")
    assert find("kata-77-one", tmp_path) == read_kata(one)
    with pytest.raises(UsageError, match=r"'kata-77' means more than one kata: name .*kata-77-one or .*kata-77-two\."):
        find("kata-77", tmp_path)


# -- hostile folders ----------------------------------------------------------------------------------------------


def hostile(submission: Path, name: str = FIRST.name) -> Path:
    """A submission with katas of its own in katas/ and around its app, and with a setting."""
    make_kata(submission, name)
    write(submission / SETTING, 'katas = ["katas", "."]')
    (submission / name).symlink_to(submission / "katas" / name)
    return submission


@pytest.mark.parametrize("start", [".", "katas", f"katas/{FIRST.name}/spec"])
@pytest.mark.parametrize("name", ["kata-1", "1", FIRST.name])
def test_a_folder_beside_a_submission_never_replaces_a_bundled_kata(name: str, start: str, tmp_path: Path) -> None:
    hostile(tmp_path)
    (tmp_path / SETTING).unlink()
    assert find(name, tmp_path / start) == FIRST


@pytest.mark.parametrize("theirs", [FIRST.name, "kata-1-other", "kata-01-other"])
@pytest.mark.parametrize("name", ["kata-1", "1", FIRST.name])
def test_a_setting_cannot_replace_a_bundled_kata(name: str, theirs: str, tmp_path: Path) -> None:
    hostile(tmp_path, theirs)
    assert find(name, tmp_path) == FIRST
    found = choose([name], tmp_path)
    assert found.katas == (FIRST,)
    assert {refused.reason.partition(" has the number")[2] for refused in found.refused} == {
        " of the bundled kata-1: give it another number."
    }
    assert choose(["kata-2"], tmp_path).refused == ()


def test_a_kata_with_the_number_of_a_bundled_one_cannot_be_used(tmp_path: Path) -> None:
    hostile(tmp_path, "kata-1-other")
    with pytest.raises(BadKata, match=r"has the number of the bundled kata-1: give it another number\.$"):
        find("kata-1-other", tmp_path)


def test_a_kata_that_cannot_be_read_does_not_hide_a_bundled_one(tmp_path: Path) -> None:
    write(make_kata(tmp_path, "kata-1-other") / "kata.toml", "title = ")
    assert find("kata-1", tmp_path) == FIRST
    assert ["kata-1-other/kata.toml cannot be read" in one.reason for one in choose(["1"], tmp_path).refused] == [True]


def test_a_kata_that_is_named_twice_is_chosen_once(tmp_path: Path) -> None:
    names = ["kata-2", "1", "kata-1", "2", "kata-1-dual-mode-endpoint", "kata-2"]
    assert [found.id for found in choose(names, tmp_path).katas] == ["kata-2", "kata-1"]


def test_an_option_cannot_replace_a_bundled_kata(tmp_path: Path) -> None:
    folder = make_kata(tmp_path, FIRST.name).parent
    assert find("kata-1", Path("/"), [folder]) == FIRST


@pytest.mark.parametrize("name", [".", f"katas/{FIRST.name}", f"../{FIRST.name}", FIRST.name])
def test_a_path_by_the_name_of_a_bundled_kata_never_means_another_specification(name: str, tmp_path: Path) -> None:
    submission = hostile(tmp_path)
    (submission / SETTING).unlink()
    start = submission / "katas" / FIRST.name if name == "." or name.startswith("..") else submission
    if name == FIRST.name:
        assert find(name, start) == FIRST
    else:
        with pytest.raises(BadKata, match="has a specification of its own, and the name of the bundled kata-1-"):
            find(name, start)


def test_a_link_by_the_name_of_a_bundled_kata_never_means_another_specification(tmp_path: Path) -> None:
    (tmp_path / FIRST.name).symlink_to(make_kata(tmp_path))
    with pytest.raises(BadKata, match="has a specification of its own, and the name of the bundled kata-1-"):
        find(f"./{FIRST.name}", tmp_path)


def test_a_submission_cannot_replace_a_kata_of_the_course_that_it_lies_in(tmp_path: Path) -> None:
    make_kata(tmp_path)
    make_kata(tmp_path / "submissions" / "ada")
    with pytest.raises(UsageError, match="means more than one kata"):
        find("kata-77", tmp_path / "submissions" / "ada")
    course = tmp_path / "katas"
    assert find("kata-77", tmp_path / "submissions" / "ada", [course]).folder == course / NAME


def test_a_setting_that_cannot_be_read_does_not_hide_bundled_katas(tmp_path: Path) -> None:
    write(tmp_path / SETTING, "katas = [")
    assert find("kata-1", tmp_path) == FIRST
    assert available(tmp_path).katas == available(Path("/")).katas
    with pytest.raises(BadKata, match=rf"{SETTING} cannot be read: "):
        find("kata-77", tmp_path)


def test_the_report_says_which_specification_was_used(tmp_path: Path, grade: Grade) -> None:
    folder = make_kata(tmp_path)
    write(tmp_path / "submissions" / "ada" / "app.py", SOLUTION)
    done = grade("kata-77", "--app", "submissions/ada/app.py", json_report=True, cwd=tmp_path)
    assert done.code == 0, done.err
    origin = read_kata(folder).origin
    assert done.report["origin"] == dataclasses.asdict(origin)
    assert (origin.pack, origin.location, origin.pack_version) == ("folder", f"katas/{NAME}", "")
    assert done.report["kata_version"] == "1.0"


def test_a_submission_that_brings_the_bundled_kata_is_graded_by_the_bundled_one(tmp_path: Path, grade: Grade) -> None:
    """From inside the submission, as somebody grades it who has not looked into it."""
    hostile(tmp_path)
    write(tmp_path / "app.py", FIRST.stub.read_text("utf-8"))
    done = grade("kata-1", "--app", "app.py", json_report=True, cwd=tmp_path)
    assert done.code == 1
    assert done.report["points"] == 0
    assert done.report["origin"]["pack"] == "bundled"
    assert done.report["origin"]["digest"] == FIRST.origin.digest
    folder = tmp_path / "katas" / FIRST.name
    assert f"grade: {folder} has the number of the bundled kata-1: give it another number.\n" in done.err


def test_a_course_of_ones_own_is_not_mixed_with_bundled_katas(tmp_path: Path) -> None:
    assert choose_course([], tmp_path) == choose([], tmp_path)
    kata = read_kata(make_kata(tmp_path))
    assert choose_course([], tmp_path).katas == (kata,)
    assert choose_course([], Path("/"), [tmp_path / "katas"]).katas == (kata,)
    assert [found.id for found in choose_course(["1", "77"], tmp_path).katas] == ["kata-1", "kata-77"]


def test_a_kata_whose_specification_is_not_here_says_just_that(tmp_path: Path, grade: Grade) -> None:
    """In a workspace that came without the pack of its course."""
    write(tmp_path / NAME / "README.md", "# Kata 77")
    words = f"grade: The specification of {NAME} is not here: {GET_SPECIFICATION}.\n"
    for command in (["kata-77"], ["77"], ["explain", "kata-77"], [NAME], []):
        done = grade(*command, cwd=tmp_path)
        assert (done.code, done.out, done.err) == (2, "", words), command
    assert grade(cwd=tmp_path / NAME).err == words


NO_MANIFEST = f'grade: {NAME} has no kata.toml; write one with at least: title = "…"\n'


def test_a_folder_with_a_specification_and_no_manifest_says_what_is_missing(tmp_path: Path, grade: Grade) -> None:
    """And not that its specification is not here: it is."""
    folder = make_kata(tmp_path)
    (folder / "kata.toml").unlink()
    for command in (["kata-77"], [NAME], [f"katas/{NAME}"], ["explain", "77"], ["kata-77", "--katas", "katas"]):
        done = grade(*command, cwd=tmp_path)
        assert (done.code, done.out, done.err) == (3, "", NO_MANIFEST), command
    for arguments in ([], ["--katas", "katas"]):
        listed = grade("list", *arguments, cwd=tmp_path)
        assert (listed.code, listed.err) == (0, NO_MANIFEST)
    (tmp_path / SETTING).unlink()
    for command, start in ((["kata-77"], tmp_path), (["kata-77"], tmp_path / "katas"), ([], folder), ([], tmp_path)):
        done = grade(*command, cwd=start)
        assert (done.code, done.err) == (3, NO_MANIFEST), (command, start)


def test_a_kata_in_a_folder_of_any_name_is_not_taken_for_a_learners_copy(tmp_path: Path) -> None:
    make_kata(tmp_path)
    (tmp_path / SETTING).unlink()
    (tmp_path / "katas").rename(tmp_path / "exercises")
    with pytest.raises(UsageError, match=r"is not used unless that folder is named: add --katas .*/exercises"):
        find("kata-77", tmp_path / "exercises")


def test_who_has_no_kata_of_their_own_here_is_given_the_way_to_them(tmp_path: Path) -> None:
    advice = f" For katas of your own add --katas DIR, or give the command where their {SETTING} is, or below."
    for name in ("kata-77", "small-echo"):
        with pytest.raises(UsageError) as error:
            find(name, tmp_path)
        assert str(error.value).endswith(advice)
    with pytest.raises(UsageError, match="Did you mean") as error:
        find("kata-l", tmp_path)
    assert advice not in str(error.value)
    make_kata(tmp_path)
    with pytest.raises(UsageError) as error:
        find("kata-78", tmp_path)
    assert advice not in str(error.value)
