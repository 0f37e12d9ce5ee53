"""Links that leave a submission's folder are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.serving.jail.links import leading_out
from grader.serving.jail.plan import Tier
from tests.conftest import Grade
from tests.serving.jail import offers
from tests.tiny import write_kata

#: Links in the submission's folder: where each is, where it leads, and whether that is out of the folder.
LINKS = {
    "to a file beside it": ("app.py", "parts/store.py", False),
    "to the folder itself": ("parts/top", "..", False),
    "to nothing": ("app.py", "nothing.py", False),
    "to itself": ("app.py", "app.py", False),
    "in an environment": (".venv/python", "/usr/bin/python3", False),
    "to a neighbour's file": ("app.py", "../bea/app.py", True),
    "to a neighbour's folder": ("parts/bea", "../../bea", True),
    "to a neighbour's file that is not there yet": ("app.py", "../bea/later.py", True),
    "to a folder whose name begins alike": ("app.py", "../ada-too/app.py", True),
    "to the root": ("parts/root", "/", True),
    "by way of another link": ("app.py", "parts/store.py/../../../bea", True),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("ada/parts/store.py", "ada/.venv/file", "ada-too/app.py", "bea/app.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", "utf-8")
    return tmp_path / "ada"


@pytest.mark.parametrize("name", LINKS)
def test_a_link_that_leads_out_is_found(name: str, folder: Path) -> None:
    place, target, leads_out = LINKS[name]
    (folder / place).symlink_to(target)
    assert leading_out(folder) == (place if leads_out else "")


def test_the_folder_itself_may_be_a_link(folder: Path) -> None:
    (folder / "app.py").symlink_to("parts/store.py")
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert leading_out(link) == ""
    (folder / "other.py").symlink_to("../bea/app.py")
    assert leading_out(link) == "other.py"


def test_a_link_of_more_links_than_any_system_follows_leads_out(folder: Path) -> None:
    for number in range(3000):
        (folder / f"{number:04}").symlink_to(f"{number + 1:04}")
    assert leading_out(folder) == "0000"


def test_what_is_not_there_has_no_links(tmp_path: Path) -> None:
    assert leading_out(tmp_path / "nothing") == ""


def test_a_folder_of_links_is_graded_and_a_submission_that_leaves_its_folder_is_not(
    tmp_path: Path, grade: Grade
) -> None:
    offers.tier(Tier.C)
    spec = '@check(points=1)\ndef test_it(client: Client) -> None:\n    "it"\n    assert client.get("/").status == 200'
    kata = write_kata(tmp_path, spec)
    store = tmp_path / "store.py"
    store.write_text(Path(kata, "app.py").read_text("utf-8"), "utf-8")
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "app.py").symlink_to("../store.py")
    arguments = (kata, "--app", str(tmp_path / "ada" / "app.py"))
    assert grade(*arguments).code == 0
    refused = grade(*arguments, "--submission", "--jail", "C", json_report=True)
    assert refused.code == 1
    assert refused.report["boot_failure"]["headline"] == "app.py is a link that leads out of the submission's folder"
    assert refused.report["points"] == 0
    assert refused.report["log"] == ""
