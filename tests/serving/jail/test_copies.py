"""A jail copies a submission's folder: what is in it, and no more than it has room for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import trees
from grader.serving.jail import mounts
from grader.serving.jail.mounts import TooLarge, copy_app
from grader.serving.jail.plan import Tier
from tests.conftest import Grade
from tests.serving.jail import offers
from tests.tiny import write_kata


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "ada").mkdir()
    yield tmp_path / "ada"
    trees.remove(tmp_path / "ada")  # pytest cannot


def nest(folder: Path, depth: int) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        before, here = here, os.open("d", os.O_RDONLY, dir_fd=here)
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


@pytest.mark.parametrize("kind", ["files", "folders", "links"])
def test_too_many_are_not_copied(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "_MOST", 50)
    for number in range(51):
        path = folder / f"{number}"
        match kind:
            case "files":
                path.touch()
            case "folders":
                path.mkdir()
            case _:
                path.symlink_to("nowhere")
    with pytest.raises(TooLarge, match="holds more than 50 files, folders and links, or 64 MiB") as caught:
        copy_app(str(folder), str(folder.parent / "copy"), hidden=[])
    assert str(caught.value).startswith(str(folder))


def test_folders_that_are_nested_too_deep_are_not_copied(folder: Path) -> None:
    nest(folder, 100)
    copy_app(str(folder), str(folder.parent / "copy"), hidden=[])
    assert (folder.parent / "copy" / "/".join(["d"] * 100)).is_dir()
    (folder / "more").mkdir()
    nest(folder / "more", 100)
    with pytest.raises(TooLarge, match="holds folders that are nested more than 100 deep"):
        copy_app(str(folder), str(folder.parent / "other"), hidden=[])


@pytest.mark.parametrize("tier", [Tier.A, Tier.C], ids=str)
def test_a_submission_whose_folders_are_nested_too_deep_is_told_so(tier: Tier, folder: Path, grade: Grade) -> None:
    offers.tier(tier)
    spec = '@check(points=1)\ndef test_it(client: Client) -> None:\n    "it"\n    assert client.get("/").status == 200'
    kata = Path(write_kata(folder.parent, spec))
    (folder / "app.py").write_text((kata / "app.py").read_text("utf-8"), "utf-8")
    nest(folder, 1500)
    done = grade(str(kata), "--app", str(folder / "app.py"), "--submission", "--jail", tier.value)
    assert done.code == 3
    assert f"{folder} holds folders that are nested more than 100 deep" in done.err
    assert len(done.err.splitlines()) == 1
