"""A pack is a wheel; the learners' one holds nothing of what is hidden, the graders' one has all."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.facts import Rest, digest_of_all, digests_of, facts_of_wheel
from grader.catalog.lookup import available, find
from grader.catalog.packs import bundled
from grader.errors import BadKata, UsageError
from grader.handout.pack import Audience, audience_of, make_pack
from grader.learner.progress import begun, unfinished
from tests.conftest import ROOT, environment
from tests.handout.packs import FILE, PACKAGE, SECRET, files_of, install, lines_of, make_secret_kata, pack
from tests.small_kata import MANIFEST, NAME, SOLUTION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

HERE = Path("/")
INFO = "my_course-1.2.dist-info"
SHOWN = {f"{PACKAGE}/katas/{NAME}/{part}" for part in ("README.md", "app.py", "kata.toml", "schemas/echo.json")}
ALWAYS = {
    f"{PACKAGE}/__init__.py",
    f"{PACKAGE}/pack.json",
    *(f"{INFO}/{part}" for part in ("METADATA", "WHEEL", "entry_points.txt", "RECORD")),
}
CHECKS = {f"{PACKAGE}/katas/{NAME}/spec/{part}" for part in ("test_echo.py", "hints.toml")}


def hits(files: dict[str, bytes]) -> list[str]:
    return [name for name, data in files.items() if SECRET.encode() in data or SECRET in name]


def test_learners_get_the_practice_checks_and_no_hidden_text(tmp_path: Path) -> None:
    files = files_of(pack(make_secret_kata(tmp_path), Audience.LEARNERS).content)
    assert files.keys() == SHOWN | ALWAYS | CHECKS
    assert hits(files) == []
    assert b"def test_is_json" in files[f"{PACKAGE}/katas/{NAME}/spec/test_echo.py"]


def test_what_the_stand_in_gives_is_in_the_pack_for_learners(tmp_path: Path) -> None:
    kata = make_secret_kata(tmp_path)
    write(kata.folder / "stand-in.txt", "12\n7\n")
    assert f"{PACKAGE}/katas/{NAME}/stand-in.txt" in files_of(pack(kata, Audience.LEARNERS).content)


def test_without_a_practice_check_learners_get_no_specification(tmp_path: Path) -> None:
    made = pack(make_secret_kata(tmp_path, practice=False), Audience.LEARNERS)
    files = files_of(made.content)
    assert files.keys() == SHOWN | ALWAYS
    assert hits(files) == []
    assert made.facts.rests == {NAME: Rest(checks=2, points=3)}


@pytest.mark.parametrize("kata", bundled(), ids=lambda kata: kata.id)
def test_no_line_of_a_bundled_specification_or_solution_is_in_a_learners_pack(kata: object, tmp_path: Path) -> None:
    (found,) = [one for one in bundled() if one == kata]
    hidden = [
        file for folder in (found.specification, found.solutions) for file in folder.rglob("*.*") if file.is_file()
    ]
    shown = b"\n".join(file.read_bytes() for file in (found.readme, found.stub, *found.schemas.iterdir()))
    secrets = {line for line in lines_of(hidden) if line not in shown}
    assert len(secrets) > 1000
    whole = b"\n".join(files_of(pack(found, Audience.LEARNERS).content).values())
    assert [line for line in secrets if line in whole] == []


def test_graders_get_all(tmp_path: Path) -> None:
    kata = make_secret_kata(tmp_path)
    files = files_of(pack(kata, Audience.GRADERS).content)
    for folder, name in ((kata.folder, "katas"), (kata.solutions, "solutions")):
        for file in (file for file in folder.rglob("*.*") if file.suffix != ".pyc"):
            assert files[f"{PACKAGE}/{name}/{NAME}/{file.relative_to(folder).as_posix()}"] == file.read_bytes()
    without = files_of(pack(kata, Audience.GRADERS, solutions=False).content)
    assert files.keys() - without.keys() == {name for name in files if "/solutions/" in name} != set()


def test_the_same_katas_give_the_same_bytes_and_both_packs_one_digest(tmp_path: Path) -> None:
    kata = make_secret_kata(tmp_path)
    learners, graders = pack(kata, Audience.LEARNERS), pack(kata, Audience.GRADERS)
    assert learners.content == pack(kata, Audience.LEARNERS).content
    line = f"{kata.origin.digest}  {NAME}\n".encode()
    assert learners.facts.digest == graders.facts.digest == hashlib.sha256(line).hexdigest()
    assert graders.facts.digest == digest_of_all(digests_of([kata.folder]))


def test_pip_installs_it_and_its_kata_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kata = make_secret_kata(tmp_path)
    (tmp_path / FILE).write_bytes(pack(kata, Audience.GRADERS).content)
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--target", str(site), str(tmp_path / FILE)]
    done = subprocess.run(pip, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    monkeypatch.syspath_prepend(str(site))
    found = find("kata-77", HERE)
    assert (found.id, found.location) == ("my-course:kata-77", "my-course 1.2")
    assert (found.solutions / "app.py").is_file()
    assert found.origin.digest == kata.origin.digest
    assert (found.origin.pack_version, found.origin.pack_digest) == ("1.2", digest_of_all(digests_of([kata.folder])))


def test_a_learner_grades_what_they_may_and_reads_that_the_rest_is_graded(tmp_path: Path, grade: Grade) -> None:
    kata = make_secret_kata(tmp_path / "course")
    site = install(pack(kata, Audience.LEARNERS).content, tmp_path / "site")
    path = os.pathsep.join([str(ROOT), str(site)])
    assert grade("init", "mine", cwd=tmp_path, PYTHONPATH=path).code == 0
    assert [file.name for file in (tmp_path / "mine").iterdir()] == [NAME]
    write(tmp_path / "mine" / NAME / "app.py", SOLUTION)
    done = grade("kata-77", "--verbose", json_report=True, cwd=tmp_path / "mine", PYTHONPATH=path)
    assert done.code == 0, done.err
    assert done.outcomes() == {"is_json": "passed"}
    told = "These checks are for practice: your instructor grades the rest (1 check, 2 points)."
    assert done.report["notes"] == [told]
    assert told in " ".join(done.out.split())
    explained = grade("explain", "kata-77", cwd=tmp_path / "mine", PYTHONPATH=path)
    assert " ".join(explained.out.split()).endswith(told)
    assert done.report["origin"] | {"digest": ""} == {
        "pack": "my-course",
        "location": "my-course 1.2",
        "digest": "",
        "pack_version": "1.2",
        "pack_digest": digest_of_all(digests_of([kata.folder])),
    }
    assert f"of the pack: {digest_of_all(digests_of([kata.folder]))[:12]}…" in " ".join(done.out.split())


def test_a_kata_without_practice_checks_is_graded_by_the_instructor(
    tmp_path: Path, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pack(make_secret_kata(tmp_path / "course", practice=False), Audience.LEARNERS)
    path = os.pathsep.join([str(ROOT), str(install(made.content, tmp_path / "site"))])
    assert grade("init", "mine", cwd=tmp_path, PYTHONPATH=path).code == 0
    words = f"grade: The specification of {NAME} is not here: your instructor grades it (2 checks, 3 points).\n"
    for command in (["kata-77"], ["explain", "kata-77"], ["all"]):
        done = grade(*command, cwd=tmp_path / "mine", PYTHONPATH=path)
        assert (done.code, done.out, done.err) == (3, "", words)
    traced = grade("trace", "kata-77", "/echo?key=a", cwd=tmp_path / "mine", PYTHONPATH=path)
    assert (traced.code, traced.err) == (0, "")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    katas = available(HERE).katas
    assert [kata.id for kata in begun(katas, tmp_path / "mine")] == ["my-course:kata-77"]
    assert unfinished(katas, tmp_path / "mine") is None


# -- what cannot be packed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("Course.whl", r"pip installs no file of the name Course\.whl.*-o course-1\.0-py3-none-any\.whl\.$"),
        ("course-1.0.whl", "pip installs no file of the name"),
        ("my-course-1.2-py3-none-any.whl", r"-o my_course-1\.2-py3-none-any\.whl\.$"),
        ("course-one-py3-none-any.whl", "pip installs no file of the name"),
        ("bundled-1.0-py3-none-any.whl", "bundled is not a name for a pack"),
        ("stream_katas-1.0-py3-none-any.whl", "stream-katas is not a name for a pack"),
    ],
)
def test_a_name_that_cannot_be_used_is_a_slip(file: str, words: str, tmp_path: Path) -> None:
    kata = make_secret_kata(tmp_path)
    with pytest.raises(UsageError, match=words):
        pack(kata, Audience.LEARNERS, file)


def test_a_practice_check_cannot_come_after_a_hidden_one(tmp_path: Path) -> None:
    kata = make_secret_kata(tmp_path)
    text = (
        kata.spec_files[0]
        .read_text("utf-8")
        .replace(", practice=True", "")
        .replace("points=2,", "points=2, practice=True,")
    )
    kata.spec_files[0].write_text(text, "utf-8")
    with pytest.raises(
        BadKata, match="check all_items is for practice, and comes after is_json, which is not: mark both"
    ):
        pack(kata, Audience.LEARNERS)


def test_one_number_means_one_kata_of_a_pack(tmp_path: Path) -> None:
    one, two = make_secret_kata(tmp_path / "a"), make_secret_kata(tmp_path / "b")
    with pytest.raises(UsageError, match="have one number: a pack can hold only one of them"):
        make_pack([one, two], Audience.LEARNERS, FILE)


def test_a_kata_that_lacks_a_part_is_not_packed(tmp_path: Path) -> None:
    kata = make_secret_kata(tmp_path)
    kata.readme.unlink()
    for audience in Audience:
        with pytest.raises(BadKata, match=r"^kata-77-small-echo: README\.md is missing"):
            pack(kata, audience)


# -- the command ----------------------------------------------------------------------------------------------------


def test_the_command_says_what_is_left_out(tmp_path: Path, grade: Grade) -> None:
    make_secret_kata(tmp_path)
    done = grade("pack", "kata-77", "--for", "learners", "-o", FILE, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "1 kata for learners, as the pack my-course 1.2.",
        f"{NAME}: left out, for you to grade: 1 check, 2 points.",
        f"Next: `pip install {FILE}`, where the grader is installed.",
    ]
    assert hits(files_of((tmp_path / FILE).read_bytes())) == []


def test_a_folder_that_is_not_there_is_a_slip(tmp_path: Path, grade: Grade) -> None:
    make_kata(tmp_path)
    done = grade("pack", "kata-77", "--for", "graders", "-o", f"no/where/{FILE}", cwd=tmp_path)
    assert (done.code, done.err) == (2, f"grade: no/where/{FILE} cannot be written: No such file or directory.\n")


def test_a_damaged_pack_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = install(pack(make_secret_kata(tmp_path), Audience.LEARNERS).content, tmp_path / "site")
    monkeypatch.syspath_prepend(str(site))
    assert find("kata-77", HERE).rest == Rest(1, 2)
    for text in (
        "{",
        "[]",
        '{"rests": []}',
        '{"version": 1, "digest": 2, "rests": {}}',
        '{"version": 1, "digest": 2, "rests": {"kata": {"checks": "x"}}}',
    ):
        write(site / PACKAGE / "pack.json", text)
        with pytest.raises(BadKata, match=r"pack\.json is damaged: install the pack again\.$"):
            find("my-course:kata-77", HERE)


def test_rests_are_counted(tmp_path: Path) -> None:
    found = pack(make_secret_kata(tmp_path), Audience.LEARNERS).facts
    assert dataclasses.asdict(found.rests[NAME]) == {"checks": 1, "points": 2}
    assert str(found.rests[NAME]) == "1 check, 2 points"


def test_of_a_file_one_learns_what_is_in_it(tmp_path: Path) -> None:
    kata = make_secret_kata(tmp_path)
    made = pack(kata, Audience.LEARNERS)
    (tmp_path / FILE).write_bytes(made.content)
    assert facts_of_wheel(tmp_path / FILE) == made.facts
    assert made.facts.digests == {NAME: kata.origin.digest}
    with pytest.raises(UsageError, match=r"gone\.whl cannot be read: No such file or directory\.$"):
        facts_of_wheel(tmp_path / "gone.whl")
    with pytest.raises(UsageError, match=r"is not a pack that `grade pack` made\.$"):
        facts_of_wheel(write(tmp_path / "other.whl", "x"))


def test_a_kata_that_is_not_finished_is_told_of(tmp_path: Path, grade: Grade) -> None:
    assert grade("new", "kata-78-words", cwd=tmp_path).code == 0
    done = grade("pack", "kata-78", "--for", "learners", "-o", FILE, cwd=tmp_path)
    assert done.code == 0
    assert re.search(
        r"^kata-78-words: \d+ places not filled in yet; `grade verify kata-78` lists them\.$", done.out, re.MULTILINE
    )


def test_the_pack_for_graders_never_replaces_the_one_for_learners(tmp_path: Path, grade: Grade) -> None:
    make_secret_kata(tmp_path)

    def made(audience: str, file: str = FILE) -> tuple[int, str]:
        done = grade("pack", "kata-77", "--for", audience, "-o", file, cwd=tmp_path)
        return done.code, done.err

    assert made("learners") == (0, "")
    assert made("learners") == (0, "")  # again, after a change
    assert made("graders") == (
        2,
        f"grade: {FILE} is the pack for learners, and stays: both packs have one name, so write the one for graders "
        f"into a folder of its own, as in -o graders/{FILE}.\n",
    )
    assert audience_of(tmp_path / FILE) is Audience.LEARNERS
    assert made("graders", f"graders/{FILE}") == (0, "")
    assert audience_of(tmp_path / "graders" / FILE) is Audience.GRADERS
    assert made("learners", f"graders/{FILE}")[1].endswith(f", as in -o learners/{FILE}.\n")
    other = write(tmp_path / "other-1.0-py3-none-any.whl", "not a wheel")
    assert audience_of(other) is audience_of(tmp_path / "gone.whl") is None


@pytest.mark.parametrize("audience", ["learners", "graders"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not a JSON Schema: Expecting property name"),
        ('{"type": "objekt"}', "is not a JSON Schema: 'objekt' is not valid"),
    ],
)
def test_a_schema_that_is_broken_is_not_packed(
    text: str, words: str, audience: str, tmp_path: Path, grade: Grade
) -> None:
    write(make_kata(tmp_path) / "schemas/echo.json", text)
    done = grade("pack", "kata-77", "--for", audience, "-o", FILE, cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert f"grade: {NAME}/schemas/echo.json {words}" in done.err
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("command", [("pack", "77", "--for", "graders", "-o", FILE), ("explain", "77")])
def test_a_key_of_the_manifest_that_means_nothing_is_named(
    command: tuple[str, ...], tmp_path: Path, grade: Grade
) -> None:
    folder = make_kata(tmp_path)
    write(folder / "kata.toml", MANIFEST + 'entri = "server.py"\n')
    done = grade(*command, cwd=tmp_path)
    assert (done.code, done.err) == (
        0,
        f"grade: {NAME}/kata.toml: 'entri' means nothing here. Did you mean 'entry'?\n",
    )
