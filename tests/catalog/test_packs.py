"""Packs of katas: each is read whole, and a fault in one place does not spoil the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import __version__
from grader.catalog.kata import pack_of_folder, read_kata
from grader.catalog.packs import bundled, is_named, near, read_pack
from grader.catalog.setting import SETTING, read_setting
from grader.errors import BadKata
from tests.small_kata import NAME, make_kata, write


def test_bundled_katas_have_their_solutions_and_say_where_they_come_from() -> None:
    katas = bundled()
    assert [kata.number for kata in katas] == sorted(kata.number for kata in katas)
    for kata in katas:
        assert (kata.solutions / kata.entry[0]).is_file()
        assert (kata.pack, kata.location, kata.version != "") == ("bundled", __version__, True)


def test_katas_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("kata-10-b", "kata-9-z", "kata-10-a", "no-kata"):
        make_kata(tmp_path, name)
    found = read_pack(pack_of_folder(tmp_path / "katas"))
    assert [kata.name for kata in found.katas] == ["kata-9-z", "kata-10-a", "kata-10-b"]
    assert found.refused == ()


def test_a_kata_with_a_fault_does_not_hide_the_others(tmp_path: Path) -> None:
    make_kata(tmp_path)
    for name in ("kata-78-no-title", "kata-x"):
        make_kata(tmp_path, name)
    write(tmp_path / "katas" / "kata-78-no-title" / "kata.toml", "")
    found = near(tmp_path)
    assert found.get("kata-77") == read_kata(tmp_path / "katas" / NAME)
    assert len(found.refused) == 2
    with pytest.raises(BadKata, match="write a title"):
        found.get("78")
    with pytest.raises(BadKata, match="is named like kata-12-some-words"):
        found.get("kata-x")


def test_folders_and_solutions_lie_beside_each_other(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    assert kata.solutions == tmp_path / "solutions" / NAME
    assert (kata.pack, kata.location) == ("folder", str(tmp_path / "katas" / NAME))


def test_a_folder_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    make_kata(tmp_path)
    (tmp_path / "link").symlink_to("katas")
    write(tmp_path / SETTING, 'katas = ["katas", "./katas", "link"]')
    write(tmp_path / "below" / SETTING, 'katas = ["../katas"]')
    assert [kata.id for kata in near(tmp_path / "below").katas].count("kata-77") == 1


def test_a_link_to_a_kata_is_no_second_one(tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    (folder.parent / "kata-78-link").symlink_to(folder)
    assert near(tmp_path).get("kata-77") == read_kata(folder)


def test_the_folder_of_the_bundled_katas_may_be_named(tmp_path: Path) -> None:
    ours = bundled()[0].folder.parent
    write(tmp_path / SETTING, f'katas = ["{ours}"]')
    assert near(tmp_path) == near(Path("/"), [ours]) == near(Path("/"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("katas = [", "cannot be read: "),
        ('katas = "katas"', r'katas must be a list of folders, such as katas = \["katas"\]'),
        ("katas = [1]", "katas must be a list of folders"),
        (r'katas = ["\u0000"]', "katas must be a list of folders"),
        ('kata = ["katas"]', "'kata' is not a setting"),
        ('environment = "KEY"', r"environment must be a list of names of variables without values, such as"),
        ('environment = ["KEY=secret"]', "environment must be a list of names"),
        ('environment = ["STREAM_KATAS_UPSTREAM"]', "without those that begin with STREAM_KATAS_"),
        (
            'environment-file = [".env"]',
            r'environment-file must be the path of a file, such as environment-file = "\.env"',
        ),
        ('environment-file = ""', "environment-file must be the path of a file"),
        (r'environment-file = "\u0000"', "environment-file must be the path of a file"),
        ("x = " + "[" * 10_000, "cannot be read: "),
    ],
    ids=lambda value: value[:20],
)
def test_a_setting_with_a_fault_is_one_sentence(text: str, words: str, tmp_path: Path) -> None:
    file = write(tmp_path / SETTING, text)
    with pytest.raises(BadKata, match=words) as error:
        read_setting(file)
    assert "\n" not in str(error.value)
    assert [refused.reason for refused in near(tmp_path).refused] == [str(error.value)]


def test_a_setting_that_names_a_missing_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path / SETTING, 'katas = ["katas"]')
    (refused,) = near(tmp_path).refused
    assert refused.reason.endswith(f"names {tmp_path / 'katas'}, which is not a folder.")


def test_it_is_known_which_folders_are_in_use(tmp_path: Path) -> None:
    katas = make_kata(tmp_path).parent
    assert is_named(katas, tmp_path)
    assert is_named(katas, tmp_path / "below")
    assert not is_named(katas, tmp_path.parent)
    assert is_named(bundled()[0].folder.parent, Path("/"))
