"""A jail copies a submission's folder: what is in it, and no more than it has room for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from grader import trees
from grader.errors import BootFailed
from grader.serving.jail import copies
from grader.serving.jail.copies import TooLarge, copy_app, too_large
from grader.serving.jail.plan import Jail, Tier
from grader.serving.launch import Launch, app_environment, boot
from grader.serving.processes import Surroundings
from grader.serving.warm import ForkServer
from tests.conftest import Grade
from tests.serving.jail import offers
from tests.serving.test_child_app import NOWHERE
from tests.tiny import write_kata


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "ada").mkdir()
    yield tmp_path / "ada"
    trees.remove(tmp_path / "ada")  # pytest cannot


def nest(folder: Path, depth: int, name: str = "d") -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        before, here = here, os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(before)
    os.close(here)


def test_files_folders_and_links_are_copied_and_the_rest_is_not(folder: Path) -> None:
    for name in ("app.py", "parts/deep/store.py", "spec/test_it.py", "parts/.git/config", "parts/server.sock"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, "utf-8")
    (folder / "parts/top").symlink_to("..")
    (folder / "parts/nothing").symlink_to("nowhere")
    (folder / "app.py").chmod(0o251)
    os.mkfifo(folder / "pipe")
    copy = folder.parent / "copy"
    copy_app(str(folder), str(copy), hidden=[str(folder / "spec")])
    found = {str(path.relative_to(copy)) for path in copy.rglob("*")}
    assert found == {"app.py", "parts", "parts/deep", "parts/deep/store.py", "parts/top", "parts/nothing"}
    assert (copy / "parts/deep/store.py").read_text("utf-8") == "parts/deep/store.py"
    assert os.readlink(copy / "parts/top") == ".."
    assert (copy / "app.py").stat().st_mode & 0o777 == 0o651


def test_what_goes_away_meanwhile_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as what an editor writes beside a file, or a folder that another program removes."""
    for name in ("app.py", "parts/store.py", "old/parts/store.py", "link"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, "utf-8")
    (folder / "temporary").symlink_to("app.py")
    looked_at: list[int] = []

    def goes_away(size: int, count: int) -> None:
        looked_at.append(count)
        if count == 2:
            (folder / "temporary").unlink()
            (folder / "link").unlink()
            trees.remove(folder / "old")

    monkeypatch.setattr(copies, "_check_amount", goes_away)
    copy = folder.parent / "copy"
    copy_app(str(folder), str(copy), hidden=[])
    assert len(looked_at) >= 3
    assert sorted(path.name for path in copy.rglob("*.py")) == ["app.py", "store.py"]
    assert not (copy / "temporary").is_symlink()
    assert not (copy / "link").exists()


def test_a_folder_that_is_not_there_is_said_to_be_missing(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        copy_app(str(folder / "nothing"), str(folder.parent / "copy"), hidden=[])
    with pytest.raises(FileNotFoundError):
        too_large(str(folder / "nothing"), hidden=[])


@pytest.mark.parametrize("kind", ["files", "folders", "links"])
def test_too_many_are_not_copied(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_MOST", 50)
    for number in range(51):
        path = folder / f"{number}"
        match kind:
            case "files":
                path.touch()
            case "folders":
                path.mkdir()
            case _:
                path.symlink_to("nowhere")
    must_be_too_large(folder, "more than 50 files, folders and links")


def test_folders_that_are_nested_too_deep_are_not_copied(folder: Path) -> None:
    nest(folder, 100)
    copy_app(str(folder), str(folder.parent / "copy"), hidden=[])
    assert (folder.parent / "copy" / "/".join(["d"] * 100)).is_dir()
    (folder / "more").mkdir()
    nest(folder / "more", 100)
    must_be_too_large(folder, "folders that are nested more than 100 deep")


def test_what_lies_at_a_path_that_a_system_does_not_take_is_not_copied(folder: Path) -> None:
    nest(folder, 20, "d" * 250)
    must_be_too_large(folder, "a path of more than 2000 bytes")


def test_large_files_are_not_copied(folder: Path) -> None:
    make_sparse(folder / "a", 60 << 20)
    make_sparse(folder / "b", 5 << 20)
    must_be_too_large(folder, "more than 64 MiB of files")


def test_a_link_of_many_links_is_copied_as_any_other(folder: Path) -> None:
    for number in range(3000):
        (folder / f"{number}").symlink_to(f"{number + 1}")
    copy_app(str(folder), str(folder.parent / "copy"), hidden=[str(folder / "spec")])
    assert os.readlink(folder.parent / "copy" / "7") == "8"


def must_be_too_large(folder: Path, words: str) -> None:
    assert too_large(str(folder), hidden=[]) == f"the submission holds {words}"
    with pytest.raises(TooLarge, match=f"^the submission holds {words}$"):
        copy_app(str(folder), str(folder.parent / "other"), hidden=[])


def fill(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"{number}").touch()


def make_sparse(file: Path, size: int) -> None:
    with file.open("wb") as opened:
        opened.truncate(size)


APP = "src/parts/app.py"
#: Submissions that no jail copies, and what their reports say.
LARGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "deep": (lambda folder: nest(folder, 1500), "folders that are nested more than 100 deep"),
    "many files": (lambda folder: fill(folder, 5001), "more than 5000 files, folders and links"),
    "a large file": (lambda folder: make_sparse(folder / "data", 3 << 30), "more than 64 MiB of files"),
    "a large module": (lambda folder: make_sparse(folder / APP, 3 << 30), "more than 64 MiB of files"),
}


def write_app(folder: Path, source: str) -> Path:
    """In a package in a folder `src`: the folder to copy is then neither the module's nor that of the package."""
    (folder / APP).parent.mkdir(parents=True)
    (folder / APP).with_name("__init__.py").touch()
    (folder / APP).write_text(source, "utf-8")
    return folder / APP


@pytest.mark.parametrize("tier", [Tier.A, Tier.C], ids=str)
@pytest.mark.parametrize("kind", ["deep", "a large module"])
def test_a_submission_that_is_too_large_has_not_started(kind: str, tier: Tier, folder: Path, grade: Grade) -> None:
    offers.tier(tier)
    spec = '@check(points=1)\ndef test_it(client: Client) -> None:\n    "it"\n    assert client.get("/").status == 200'
    kata = Path(write_kata(folder.parent, spec))
    app = write_app(folder, (kata / "app.py").read_text("utf-8"))
    make, words = LARGE[kind]
    make(folder)
    arguments = ("--app", str(app), "--submission", "--jail", tier.value)
    done = grade(str(kata), *arguments, json_report=True)
    assert done.code == 1
    assert done.report["boot_failure"]["headline"] == f"the submission holds {words}"
    assert done.report["points"] == 0
    assert done.report["jail"] == tier.value
    assert done.report["log"] == ""


@pytest.mark.whole
@pytest.mark.parametrize("tier", [Tier.A, Tier.C], ids=str)
@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize("kind", LARGE)
def test_it_has_not_started_however_it_is_started(kind: str, is_warm: bool, tier: Tier, folder: Path) -> None:
    offers.tier(tier)
    file = write_app(folder, "")
    LARGE[kind][0](folder)
    launch = Launch(file, jail=Jail(tier, is_strict=True))
    with ExitStack() as stack:
        forks = None
        if is_warm:
            around = Surroundings(environment=app_environment())
            forks = stack.enter_context(ForkServer("grader.serving.child.preload:main", around)).client
        app = stack.enter_context(boot(launch, NOWHERE, forks))
        with pytest.raises(BootFailed, match=f"^the submission holds {LARGE[kind][1]}$"):
            app.wait_until_ready()
