"""The private copy of a submission, and the app in it; each one that cannot be graded says why."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from grader.catalog.kata import Kata, read_kata
from grader.classes.intake.handed import Handed
from grader.classes.intake.layout import find
from grader.classes.intake.material import Material, digest_of, prepare
from grader.classes.intake.rejection import Rejected
from grader.classes.model import Bounds, NoReport, Settings, Why
from tests.classes.intake.archives import APP, make_tar, make_zip
from tests.small_kata import make_kata, write

SETTINGS = Settings(bounds=Bounds(size=100_000, files=20))


@pytest.fixture
def kata(tmp_path: Path) -> Kata:
    return read_kata(make_kata(tmp_path / "course"))


@pytest.fixture
def take(tmp_path: Path, kata: Kata) -> Callable[..., Material]:
    """Prepare the only submission in tmp_path/class."""

    def prepared(settings: Settings = SETTINGS, *, is_for_all: bool = False) -> Material:
        (handed,) = find(tmp_path / "class", is_for_all=is_for_all)
        return prepare(handed, kata, settings, folder=tmp_path / f"copy-{len(list(tmp_path.iterdir()))}")

    return prepared


@pytest.mark.parametrize(
    ("names", "app"),
    [
        (["ada/app.py"], "app.py"),
        (["ada/hw/app.py"], "hw/app.py"),
        (["ada/a/b/app.py", "ada/a/b/tests/app.py"], "a/b/app.py"),
        (["ada/server.py"], "server.py"),
        (["ada.py"], "app.py"),
        (["ada/kata-77/app.py"], "kata-77/app.py"),
        (["ada/kata-77-small-echo/app.py", "ada/kata-2-other/app.py"], "kata-77-small-echo/app.py"),
        (["ada/my-katas/katas/kata-77-small-echo/app.py"], "my-katas/katas/kata-77-small-echo/app.py"),
        (["ada/kata-77.py", "ada/kata-2.py"], "kata-77.py"),
        (["ada/.git/app.py", "ada/x/app.py"], "x/app.py"),
    ],
)
def test_the_app_is_found(names: list[str], app: str, tmp_path: Path, take: Callable[..., Material]) -> None:
    for name in names:
        write(tmp_path / "class" / name, APP)
    found = take()
    assert (found.app, found.file.read_text()) == (app, APP)


@pytest.mark.parametrize(
    ("names", "app"),
    [
        (["ada.PY"], "app.py"),
        (["ada/t20.PY"], "t20.py"),
        (["ada/app.Py", "ada/PARTS.PY"], "app.py"),
        (["ada/hw/app.PY", "ada/hw.zip"], "hw/app.py"),
        (["ada/app.py", "ada/app.PY"], "app.py"),
    ],
)
def test_a_module_may_have_its_ending_in_capitals(
    names: list[str], app: str, tmp_path: Path, take: Callable[..., Material]
) -> None:
    """An import would not find it so."""
    for name in names:
        write(tmp_path / "class" / name, APP)
    found = take()
    assert found.app == app
    assert "PARTS.py" in os.listdir(found.file.parent) or "ada/PARTS.PY" not in names


def test_a_fault_of_the_archive_of_the_class_is_the_reason(tmp_path: Path, kata: Kata) -> None:
    write(tmp_path / "class/ada/app.py", APP)
    (handed,) = find(tmp_path / "class")
    faulty = replace(handed, fault=NoReport(Why.REFUSED, "it has a link"))
    with pytest.raises(Rejected, match="it has a link") as found:
        prepare(faulty, kata, SETTINGS, folder=tmp_path / "copy")
    assert found.value.reason == faulty.fault


@pytest.mark.parametrize("name", ["ada.zip", "ada/work.zip", "ada.tar.gz"])
def test_archives_are_unpacked(name: str, tmp_path: Path, take: Callable[..., Material]) -> None:
    file = tmp_path / "class" / name
    file.parent.mkdir(parents=True)
    make = make_zip if name.endswith("zip") else make_tar
    make(file, {"work/app.py": APP})
    assert take().app == "work/app.py"


def test_an_archive_in_an_archive_is_unpacked_once(tmp_path: Path, take: Callable[..., Material]) -> None:
    inner = make_zip(tmp_path / "inner.zip", {"app.py": APP}).read_bytes()
    (tmp_path / "class").mkdir()
    make_zip(tmp_path / "class/ada.zip", {"inner.zip": inner})
    assert take().app == "app.py"


def test_a_text_is_a_submission_without_an_app(tmp_path: Path, take: Callable[..., Material]) -> None:
    write(tmp_path / "class/oconnorsean_1246_text.html", "<p>I could not</p>")
    with pytest.raises(Rejected, match="a text was handed in, and no file") as rejected:
        take()
    assert rejected.value.reason.why is Why.UNREADABLE


def test_files_of_a_platform_have_their_own_names(tmp_path: Path, take: Callable[..., Material]) -> None:
    write(tmp_path / "class/lovelaceada_1_10_app-1.py", APP)
    write(tmp_path / "class/lovelaceada_1_11_parts.py", "x = 1\n")
    found = take()
    assert sorted(path.name for path in found.file.parent.iterdir()) == ["app.py", "parts.py"]


def test_the_app_may_have_another_name(tmp_path: Path, take: Callable[..., Material]) -> None:
    for name in ("src/main.py", "app.py"):
        write(tmp_path / "class/ada" / name, APP)
    assert take(replace(SETTINGS, app="src/main.py")).app == "src/main.py"


@pytest.mark.parametrize("name", [b"ada/\xff.py", b"ada/\xff\xfe/kata-77/app.py"])
def test_the_app_keeps_a_name_that_is_not_utf_8(name: bytes, tmp_path: Path, take: Callable[..., Material]) -> None:
    write(tmp_path / "class" / os.fsdecode(name), APP)
    found = take()
    assert os.fsencode(found.app) == name.removeprefix(b"ada/")
    folder = Path(str(found.file).removesuffix(found.app))
    assert (folder / found.app).read_text() == APP
    assert digest_of(folder, found.app) == found.digest


def test_the_digest_is_of_the_files_and_their_names(tmp_path: Path, take: Callable[..., Material]) -> None:
    file = write(tmp_path / "class/ada/app.py", APP)
    first = take().digest
    assert take().digest == first
    write(file.with_name("other.py"), "")
    second = take().digest
    file.with_name("other.py").rename(file.with_name("another.py"))
    assert len({first, second, take().digest}) == 3


def nothing(folder: Path) -> None:
    folder.mkdir()


def with_app(content: bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / "app.py").write_bytes(content)

    return make


def with_names(*names: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for name in names:
            write(folder / name, APP)

    return make


@pytest.mark.parametrize(
    ("make", "why", "words"),
    [
        (nothing, Why.NO_SUBMISSION, "nothing was handed in"),
        (with_app(b" \n"), Why.NO_SUBMISSION, "app.py is empty"),
        (with_app(b"\x7fELF\0\0"), Why.UNREADABLE, "is not a text"),
        (with_app(b"x" * 200_000), Why.REFUSED, "it is larger than"),
        (with_names("notes.txt"), Why.UNREADABLE, "no app.py in it, and no other Python module; it has notes.txt"),
        (with_names("a.py", "b.py"), Why.UNREADABLE, "there is no app.py in it, but a.py, b.py"),
        (with_names("a/app.py", "b/app.py"), Why.UNREADABLE, "several times: a/app.py, b/app.py"),
        (with_names("kata-2/app.py"), Why.NO_SUBMISSION, "it has no folder kata-77"),
        (with_names(*(f"{number}.py" for number in range(30))), Why.REFUSED, "more than 20 files"),
    ],
)
def test_what_cannot_be_graded_says_why(
    make: Callable[[Path], None], why: Why, words: str, tmp_path: Path, take: Callable[..., Material]
) -> None:
    (tmp_path / "class").mkdir()
    make(tmp_path / "class/ada")
    with pytest.raises(Rejected) as found:
        take()
    assert found.value.reason.why is why
    assert words in found.value.reason.sentence


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32"])
def test_a_text_in_utf_16_is_graded_and_its_grade_says_what_is_wrong(
    encoding: str, tmp_path: Path, take: Callable[..., Material]
) -> None:
    (tmp_path / "class").mkdir()
    with_app(APP.encode(encoding))(tmp_path / "class/ada")
    assert take().app == "app.py"


def test_of_several_katas_each_needs_its_folder(tmp_path: Path, take: Callable[..., Material]) -> None:
    write(tmp_path / "class/ada/app.py", APP)
    with pytest.raises(Rejected, match="it has no folder kata-77"):
        take(is_for_all=True)


@pytest.mark.parametrize("target", ["../secret", "vera", "ada", "nothing"])
@pytest.mark.parametrize("name", ["ada", "ada.py", "ada.zip", "ada_1_2_app.py", "ada/attempt-1"])
def test_a_link_is_no_submission_of_its_own(name: str, target: str, tmp_path: Path, kata: Kata) -> None:
    for place in ("secret", "class/vera"):
        write(tmp_path / place / "app.py", APP)
    link = tmp_path / "class" / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to("../" * name.count("/") + target)
    (handed,) = (one for one in find(tmp_path / "class") if one.label.startswith("ada"))
    with pytest.raises(Rejected, match=r"is a link\b|there is no file in it"):
        prepare(handed, kata, SETTINGS, folder=tmp_path / "copy")


def test_of_what_was_not_handed_in(tmp_path: Path, kata: Kata) -> None:
    with pytest.raises(Rejected, match="nothing was handed in"):
        prepare(Handed("ada", (), tmp_path), kata, SETTINGS, folder=tmp_path / "copy")


def test_a_name_that_this_machine_does_not_take(tmp_path: Path, take: Callable[..., Material]) -> None:
    (tmp_path / "class").mkdir()
    make_zip(tmp_path / "class/ada.zip", {"n" * 300 + "/app.py": APP})
    with pytest.raises(Rejected, match="a name that is too long"):
        take()


def test_no_name_leads_out_of_the_copy(tmp_path: Path, kata: Kata) -> None:
    write(tmp_path / "class/ada.py", APP)
    (handed,) = find(tmp_path / "class")
    for number, name in enumerate(("../out.py", f"{tmp_path}/out.py", "a/../../out.py")):
        with pytest.raises(Rejected, match="is not a name of a file in it"):
            prepare(handed, kata, replace(SETTINGS, app=name), folder=tmp_path / f"copy-{number}")
        two = replace(handed, paths=(*handed.paths, write(tmp_path / "x.py", APP)), names=(name, "x.py"))
        with pytest.raises(Rejected, match="is not a name of a file in it"):
            prepare(two, kata, SETTINGS, folder=tmp_path / f"two-{number}")
    assert not list(tmp_path.rglob("out.py"))
