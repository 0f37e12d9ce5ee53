"""Where submissions are: archives as platforms give them out, with the times that these say."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.catalog.kata import Kata, read_kata
from grader.classes import source as module
from grader.classes.model import Bounds, Settings
from grader.classes.source import Source
from grader.classes.task import Intake
from grader.errors import UsageError
from tests.classes.intake.archives import make_tar, make_zip, special
from tests.small_kata import make_kata, write

LATE = (2026, 11, 29, 0, 1, 0)
NAMES = ("Ada_1_assignsubmission_file_/app.py", "Bob_2_assignsubmission_file_/app.py")


@pytest.fixture
def kata(tmp_path: Path) -> Kata:
    return read_kata(make_kata(tmp_path / "course"))


def dated(file: Path, members: dict[str, tuple[int, int, int, int, int, int]]) -> Path:
    with zipfile.ZipFile(file, "w") as made:
        for name, date in members.items():
            made.writestr(zipfile.ZipInfo(name, date), "x = 1")
    return file


def take_in(source: Source, kata: Kata, tmp_path: Path) -> Intake:
    work = tmp_path / "work"
    work.mkdir()
    return source.take_in([kata], Settings(deadline=datetime(2026, 11, 25, tzinfo=UTC)), results=tmp_path, work=work)


def test_the_times_in_an_archive_say_when_it_was_handed_in(kata: Kata, tmp_path: Path) -> None:
    file = dated(tmp_path / "m.zip", {NAMES[0]: (2026, 11, 20, 23, 0, 0), NAMES[1]: LATE})
    found = take_in(Source(file, ("kata-77",), is_modified=True), kata, tmp_path)
    assert [task.submission.handed_in for task in found.tasks] == [
        datetime(2026, 11, 20, 23).astimezone(),
        datetime(*LATE).astimezone(),
    ]
    assert [task.submission.is_late for task in found.tasks] == [False, True]


def test_without_these_it_is_not_dated(kata: Kata, tmp_path: Path) -> None:
    found = take_in(Source(dated(tmp_path / "m.zip", dict.fromkeys(NAMES, LATE)), ("kata-77",)), kata, tmp_path)
    assert [task.submission.handed_in for task in found.tasks] == [None, None]


def test_files_without_a_time_are_named(kata: Kata, tmp_path: Path) -> None:
    members = {NAMES[0]: LATE, NAMES[1]: (1980, 1, 1, 0, 0, 0), "__MACOSX/x": (1980, 1, 1, 0, 0, 0)}
    source = Source(dated(tmp_path / "m.zip", members), ("kata-77",), is_modified=True)
    (doubt,) = source.doubts(tmp_path / "results")
    assert doubt == (
        f"1 file without a time that can be used: {NAMES[1]}. A submission that nothing else dates counts as handed in "
        "on time."
    )
    assert [task.submission.handed_in is None for task in take_in(source, kata, tmp_path).tasks] == [False, True]


def test_files_of_a_folder_without_a_time_are_named_too(tmp_path: Path) -> None:
    for number in range(6):
        os.utime(write(tmp_path / f"class/s{number}/app.py", ""), (0, 0))
    write(tmp_path / "class/roster.csv", "label\nada\n")
    source = Source(tmp_path / "class", ("kata-77",), is_modified=True)
    (doubt,) = source.doubts(tmp_path / "class")
    assert doubt.startswith("6 files without a time that can be used: s0/app.py, s1/app.py, s2/app.py, s3/app.py and 2")
    assert list(Source(tmp_path / "class", ("kata-77",)).doubts(tmp_path / "class")) == []


@pytest.mark.parametrize("name", ["broken.zip", "broken.tar.gz", "x.rar", "app.py"])
def test_an_archive_that_is_broken_has_no_doubts(name: str, tmp_path: Path) -> None:
    assert list(Source(write(tmp_path / name, "x"), (), is_modified=True).doubts(tmp_path)) == []


def test_the_notes_of_a_roster_are_doubts(tmp_path: Path) -> None:
    write(tmp_path / "class/ada/app.py", "")
    roster = write(tmp_path / "roster.csv", "label,name\n")
    assert list(Source(tmp_path / "class", (), roster=roster).doubts(tmp_path)) == [
        f"{roster} has no student below its header."
    ]


def test_a_cover_around_single_files(kata: Kata, tmp_path: Path) -> None:
    canvas = make_zip(tmp_path / "c.zip", {"subs/lovelaceada_1_2_app.py": "x", "subs/turingalan_3_4_app.py": "y"})
    found = take_in(Source(canvas, ("kata-77",)), kata, tmp_path)
    assert [one.label for one in found.students] == ["lovelaceada_1", "turingalan_3"]


def test_a_cover_around_modules(kata: Kata, tmp_path: Path) -> None:
    packed = make_tar(tmp_path / "t.tar.gz", {"subs/right.py": "import os", "subs/s1.py": "x = 1"})
    found = take_in(Source(packed, ("kata-77",)), kata, tmp_path)
    assert [one.label for one in found.students] == ["right", "s1"]


def refusals(file: Path, kata: Kata, tmp_path: Path) -> dict[str, str]:
    """Of each student of this archive of a class, why it cannot be graded, or ""."""
    return {
        task.submission.student: task.handed.fault.sentence if task.handed.fault else ""
        for task in take_in(Source(file, ("kata-77",)), kata, tmp_path).tasks
    }


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize(
    ("name", "whose", "fault"),
    [
        ("cl/b/" + "d/" * 60 + "x.py", "b", "more than 40 of them"),
        ("cl/b/" + "x" * 300, "b", "that this machine does not take"),
        ("cl/a/app.py/x.py", "a", "a file and a folder of the same name"),
    ],
)
def test_a_file_that_cannot_be_unpacked_refuses_one_student_of_an_archive(
    make: Callable[[Path, dict[str, str | bytes]], Path],
    name: str,
    whose: str,
    fault: str,
    kata: Kata,
    tmp_path: Path,
) -> None:
    file = make(tmp_path / f"c.{make.__name__[5:]}", {"cl/a/app.py": "x = 1", "cl/c/app.py": "x = 1", name: "x = 1"})
    found = refusals(file, kata, tmp_path)
    assert fault in found[whose]
    assert {label for label, sentence in found.items() if sentence} == {whose}
    assert {"a", "c"} <= set(found)


def test_a_long_name_refuses_one_student_of_a_zip(kata: Kata, tmp_path: Path) -> None:
    """In a tar it is said before the file, where so much may make Python slow."""
    found = refusals(make_zip(tmp_path / "c.zip", {"a/app.py": "x", "b/" + "d/" * 3000 + "x.py": "x"}), kata, tmp_path)
    assert (found["a"], "in it is a name that is too long" in found["b"]) == ("", True)


@pytest.mark.parametrize("name", ["cl/b/link", "b.py"])
def test_a_link_refuses_one_student_of_an_archive(name: str, kata: Kata, tmp_path: Path) -> None:
    """Also one that handed in nothing else."""
    others = [name.replace("b", other).replace("link", "app.py") for other in ("a", "c")]
    link = special(name, tarfile.SYMTYPE, "/etc/passwd")
    file = make_tar(tmp_path / "c.tgz", dict.fromkeys(others, "x = 1"), link)
    found = refusals(file, kata, tmp_path)
    assert found.pop("b") == f"{name} in it is a link or a device"
    assert found == {"a": "", "c": ""}


def test_a_broken_part_of_a_zip_refuses_one_student(kata: Kata, tmp_path: Path) -> None:
    file = make_zip(tmp_path / "c.zip", {"cl/a/app.py": "x = 1", "cl/b/app.py": "y = 2", "cl/c/app.py": "z = 3"})
    data = bytearray(file.read_bytes())
    data[data.index(b"PK\1\2", data.index(b"PK\1\2") + 1) + 16] ^= 1  # its checksum
    file.write_bytes(data)
    found = refusals(file, kata, tmp_path)
    assert found == {"a": "", "b": "c.zip is not a whole archive: Bad CRC-32 for file 'cl/b/app.py'", "c": ""}


@pytest.mark.parametrize("name", ["cl/../x.py", "/x.py", "C:/x.py"])
def test_an_archive_with_a_name_that_leads_out_is_refused_whole(name: str, kata: Kata, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"would lie outside of its folder\. Unpack it, and name the folder\.$"):
        refusals(make_tar(tmp_path / "c.tar", {"a.py": "", "b.py": "", name: ""}), kata, tmp_path)


@pytest.mark.parametrize(("make", "name"), [(make_zip, "c.zip"), (make_tar, "c.tgz")])
@pytest.mark.parametrize("members", [{}, {".DS_Store": ""}])
def test_an_archive_without_submissions(
    make: Callable[[Path, dict[str, str]], Path], name: str, members: dict[str, str], kata: Kata, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=rf"^There are no submissions in {tmp_path / name}\.$"):
        refusals(make(tmp_path / name, members), kata, tmp_path)


def test_an_archive_that_is_refused_whole_can_be_unpacked_by_hand(
    kata: Kata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DOWNLOAD", Bounds(files=1))
    with pytest.raises(UsageError, match=r"more than 1 files\. Unpack it, and name the folder\.$"):
        refusals(make_tar(tmp_path / "c.tar", {"a.py": "", "b.py": ""}), kata, tmp_path)
    with pytest.raises(UsageError, match=r"is not a whole archive: [^.]+\.$"):
        refusals(write(tmp_path / "c.zip", "x" * 100), kata, tmp_path / "course")


def test_the_folder_of_one_student_is_a_doubt(tmp_path: Path) -> None:
    for name in ("ada/app.py", "ada/helper.py", "ada/schemas/x.py", "bob/main.py"):
        write(tmp_path / name, "x = 1")
    assert list(Source(tmp_path / "ada", ()).doubts(tmp_path / "results")) == [
        f"{tmp_path}/ada looks like the folder of one student, and each thing in it is graded as a student's: name the "
        f"folder around it, {tmp_path}."
    ]
    assert len(list(Source(tmp_path / "bob", ()).doubts(tmp_path / "results", apps=["main.py"]))) == 1
    assert list(Source(tmp_path / "bob", ()).doubts(tmp_path / "results")) == []
    assert list(Source(tmp_path, ()).doubts(tmp_path / "results")) == []
