"""Who is in a class, and what is to be graded of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader.catalog.kata import Kata, read_kata
from grader.classes.intake.handed import Handed
from grader.classes.intake.roster import Roster, read_roster
from grader.classes.model import Late, Settings, Submission, Why
from grader.classes.task import Intake, Shard, seed_of, take_in, too_late
from tests.classes.hand import NAME
from tests.small_kata import make_kata, write

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def kata(tmp_path: Path) -> Kata:
    return read_kata(make_kata(tmp_path / "course"))


@pytest.fixture
def roster(tmp_path: Path) -> Roster:
    text = "label,name,number\nada,Ada Lovelace,1\nbea,Bea,2\n"
    return read_roster(write(tmp_path / "roster.csv", text))


def handed(label: str, **more: object) -> Handed:
    return Handed(label, (Path("/class", label),), Path("/class"), **more)  # type: ignore[arg-type]


def places(intake: Intake) -> list[tuple[str, int]]:
    return [(task.submission.student, task.submission.attempt) for task in intake.tasks]


def test_without_a_roster_all_who_handed_in_are_the_class(kata: Kata) -> None:
    found = take_in([handed("bea", name="Bea"), handed("ada")], [kata], settings=Settings())
    assert [(one.label, one.name) for one in found.students] == [("ada", ""), ("bea", "Bea")]
    assert (places(found), found.strangers) == ([("ada", 1), ("bea", 1)], ())


def test_a_roster_names_students_and_those_who_handed_in_nothing(kata: Kata, roster: Roster) -> None:
    found = take_in([handed("lovelaceada_1", known=("1",)), handed("x")], [kata], roster=roster, settings=Settings())
    assert [one.label for one in found.students] == ["ada", "bea", "x"]
    assert (places(found), found.strangers) == ([("ada", 1), ("bea", 0), ("x", 1)], ("x",))


@pytest.mark.parametrize("front", ["kata-12-", "kata-a-"])
def test_the_name_of_the_assignment_in_front_is_not_the_students(kata: Kata, front: str, tmp_path: Path) -> None:
    """As GitHub Classroom calls repositories."""
    text = '"identifier","github_username","name"\nl1,ada-l,Ada\nl2,A-B,Bea\nl3,cy,Cy\n'
    github = read_roster(write(tmp_path / "github.csv", text))
    found = take_in(
        [handed(f"{front}{name}") for name in ("ada-l", "a-b", "x")], [kata], roster=github, settings=Settings()
    )
    assert places(found) == [("A-B", 1), ("ada-l", 1), ("cy", 0), (f"{front}x", 1)]
    assert (found.strangers, found.is_unmatched) == ((f"{front}x",), False)


@pytest.mark.parametrize("labels", [("x-ada",), ("ada-x", "ada-y"), ("jean-luc",)])
def test_a_roster_may_be_of_nobody_who_handed_in(kata: Kata, roster: Roster, labels: Sequence[str]) -> None:
    found = take_in([handed(label) for label in labels], [kata], roster=roster, settings=Settings())
    assert (found.strangers, found.is_unmatched) == (labels, True)
    one_more = take_in([handed(label) for label in (*labels, "ada")], [kata], roster=roster, settings=Settings())
    assert (one_more.strangers, one_more.is_unmatched) == (labels, False)


def test_without_a_roster_nobody_is_missing_from_it(kata: Kata) -> None:
    assert not take_in([handed("x")], [kata], settings=Settings()).is_unmatched


def test_of_two_folders_of_one_student_nobody_knows_which_one_counts(kata: Kata, roster: Roster) -> None:
    """One may be of another student, who has chosen its name."""
    both = [handed("ada", attempt=number) for number in (1, 2)] + [handed("x", known=("Ada Lovelace",))]
    found = take_in(both, [kata], roster=roster, settings=Settings())
    assert places(found) == [("ada", 1), ("bea", 0)]
    assert [task.doubt for task in found.tasks] == [
        "it is not clear which one is this student's, ada, x: leave the right one, and grade again",
        "",
    ]


def test_attempts_in_one_folder_are_one_students(kata: Kata, roster: Roster) -> None:
    found = take_in([handed("ada", attempt=number) for number in (1, 2)], [kata], roster=roster, settings=Settings())
    assert places(found) == [("ada", 1), ("ada", 2), ("bea", 0)]
    assert {task.doubt for task in found.tasks} == {""}


def test_each_kata_is_a_task(kata: Kata, tmp_path: Path) -> None:
    other = read_kata(make_kata(tmp_path / "other", "kata-78-other"))
    found = take_in([handed("ada")], [kata, other], settings=Settings())
    assert [task.submission.kata for task in found.tasks] == [NAME, "kata-78-other"]


def test_shards_are_all_of_the_class_and_no_student_is_in_two(kata: Kata) -> None:
    all_handed: Sequence[Handed] = [handed(f"s{number}") for number in range(7)]
    parts = [take_in(all_handed, [kata], settings=Settings(), shard=Shard(number, 3)) for number in (1, 2, 3)]
    assert [len(part.tasks) for part in parts] == [3, 2, 2]
    assert sorted(one.label for part in parts for one in part.students) == [one.label for one in all_handed]


def test_late_by(kata: Kata) -> None:
    when = [NOON - timedelta(hours=1), NOON + timedelta(hours=1), None]
    settings = Settings(deadline=NOON)
    found = take_in([handed(str(at), handed_in=one) for at, one in enumerate(when)], [kata], settings=settings)
    assert [task.submission.late_by for task in found.tasks] == [timedelta(), timedelta(hours=1), timedelta()]


def test_whether_anything_says_when_it_was_handed_in(kata: Kata, roster: Roster) -> None:
    def is_dated(*found: Handed) -> bool:
        return take_in(found, [kata], roster=roster, settings=Settings(deadline=NOON)).is_dated

    assert not is_dated(handed("ada"), handed("x"))
    assert is_dated(handed("ada"), handed("x", handed_in=NOON))
    assert is_dated(handed("ada", is_marked_late=True))
    assert is_dated()


def test_the_times_of_files_say_when_it_was_handed_in_if_the_class_says_so(kata: Kata, tmp_path: Path) -> None:
    for name, seconds in (("app.py", 1e9), ("parts/x.py", 1.1e9), ("none.py", 0)):
        os.utime(write(tmp_path / "class/ada" / name, ""), (seconds, seconds))
    os.utime(tmp_path / "class/ada/parts", (2e9, 2e9))  # when something in it was made, here
    one = Handed("ada", (tmp_path / "class/ada",), tmp_path / "class")
    (task,) = take_in([one], [kata], settings=Settings(), is_modified=True).tasks
    assert task.submission.handed_in == datetime.fromtimestamp(1.1e9, UTC)


@pytest.mark.parametrize(
    ("submission", "late", "is_refused"),
    [
        (Submission("ada", NAME, late_by=timedelta(minutes=6)), Late(refuse=True, grace=timedelta(minutes=5)), True),
        (Submission("ada", NAME, late_by=timedelta(minutes=5)), Late(refuse=True, grace=timedelta(minutes=5)), False),
        (Submission("ada", NAME, is_marked_late=True), Late(refuse=True), True),
        (Submission("ada", NAME, late_by=timedelta(days=9)), Late(), False),
    ],
)
def test_a_class_may_refuse_what_is_late(submission: Submission, late: Late, is_refused: bool) -> None:
    found = too_late(submission, Settings(late=late))
    assert (found is not None and found.why is Why.REFUSED) == is_refused


def test_how_late_it_was_is_said_in_words() -> None:
    settings = Settings(late=Late(refuse=True))
    late = Submission("ada", NAME, late_by=timedelta(minutes=14, seconds=2))
    marked = Submission("ada", NAME, is_marked_late=True)
    assert [found.sentence for one in (late, marked) if (found := too_late(one, settings))] == [
        "it was handed in 15 minutes too late",
        "it was handed in too late, as its platform says",
    ]


def test_seeds_differ_by_class_kata_and_submission() -> None:
    seeds = [seed_of(Settings(seed=seed), kata, digest) for seed in "ab" for kata in "cd" for digest in "ef"]
    assert len(set(seeds)) == 8
    assert seed_of(Settings(seed="a"), "c", "e") == seeds[0]


def test_times_are_those_of_what_can_be_listed(kata: Kata, tmp_path: Path) -> None:
    """A folder that is too deep, and a link to a folder that is not the student's, have no time, and are no error."""
    write(tmp_path / "class/deep" / "/".join(["d"] * 600) / "app.py", "x")
    write(tmp_path / "other/app.py", "x")
    (tmp_path / "class/link").symlink_to("../other")
    os.utime(tmp_path / "other/app.py", (1e9, 1e9))
    os.utime(tmp_path / "class/link", (2e9, 2e9), follow_symlinks=False)
    root = tmp_path / "class"
    found = [Handed(name, (root / name,), root) for name in ("deep", "link", "gone")]
    tasks = take_in(found, [kata], settings=Settings(), is_modified=True).tasks
    times = {task.submission.student: task.submission.handed_in for task in tasks}
    assert times == {"deep": None, "link": datetime.fromtimestamp(2e9, UTC), "gone": None}
