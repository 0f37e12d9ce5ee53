"""`grade class`: from a folder of submissions to a ledger, and what can be asked of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from grader import __version__
from grader.classes.ledger import Ledger
from grader.classes.model import Settings, Student, Submission
from grader.classes.writing import LedgerWriter
from tests.classes.intake.archives import make_zip
from tests.serving.jail import offers
from tests.small_kata import NO_ITEMS, NO_TYPE, SOLUTION, STUB, make_kata, write
from tests.test_trees import nest

if TYPE_CHECKING:
    from tests.conftest import Grade, Graded

RunClass = Callable[..., "Graded"]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A kata of the instructor's, and submissions."""
    make_kata(tmp_path)
    for label, code in {"ada": SOLUTION, "Bea Öz": NO_TYPE, "cy": NO_ITEMS, "שרה": STUB}.items():
        write(tmp_path / "class" / label / "app.py", code)
    make_zip(tmp_path / "class/dan.zip", {"hw/app.py": SOLUTION.replace("    ", "  ")})
    (tmp_path / "class/eve").mkdir()
    return tmp_path


@pytest.fixture
def run_class(course: Path, grade: Grade) -> RunClass:
    offers.a_tier()

    def run(*args: str, cwd: Path = course, **more: str) -> Graded:
        return grade("class", *args, cwd=cwd, **more)

    return run


def points(course: Path, results: str = "results") -> dict[str, float | None]:
    with Ledger.open(course / results) as ledger:
        return {entry.student.label: entry.points for entry in ledger.entries() if entry.counts}


def test_a_class_is_graded_and_asked_about(course: Path, run_class: RunClass) -> None:
    done = run_class("class", "--kata", "kata-77", "--out", "results")
    assert (done.code, done.err.splitlines()[-1].split(",")[0]) == (0, "graded: 6 of 6")
    assert points(course) == {"Bea Öz": 0, "ada": 3, "cy": 1, "dan": 0, "eve": 0, "שרה": 0}
    assert "5  graded" in done.out
    assert "1  not handed in, or empty" in done.out
    assert "Not gradable:\n  eve, kata-77-small-echo: nothing was handed in" in done.out
    assert "each submission has a result, and all sums agree" in done.out
    assert not (course / "results/work").exists()
    again = run_class("class", "--kata", "kata-77", "--out", "results")
    assert (again.code, again.out) == (0, done.out)
    status = run_class("status", "results")
    assert (status.code, status.out) == (0, done.out.replace("Results: results/index.html\n", ""))
    shown = run_class("show", "results", "Bea")
    assert "== Bea Öz, kata-77-small-echo, digest" in shown.out
    assert f"grader {__version__}, 0 of 3 points ==" in " ".join(shown.out.split())
    assert "Score: 0 of 3 points" in shown.out
    assert str(course) not in shown.out
    assert "no submission: nothing was handed in" in run_class("show", "results", "eve").out


def test_whatever_one_hands_in_the_others_have_their_grades(course: Path, run_class: RunClass) -> None:
    """Also a run after one that was killed, which has left what nobody can remove by its path."""
    work = course / "results" / "work"
    work.mkdir(parents=True)
    nest(work, 3000)
    names = {
        "hex/app.py": f"{dedent(SOLUTION)}\nx = 0x{'f' * 6000}\n",
        "j\udcff rg.py": SOLUTION,
        "bad/\udcff.py": SOLUTION,
    }
    for name, text in {**names, "yaml/submission_metadata.yml": "vera: {}"}.items():
        write(course / "class" / name, text)
    make_zip(course / "class/deep.zip", {"d/" * 1600 + "app.py": SOLUTION})
    (course / "class/link").symlink_to("ada")
    done = run_class("class", "--kata", "kata-77", "--out", "results")
    assert (done.code, done.err.splitlines()[-1].split(",")[0]) == (0, "graded: 12 of 12")
    found = points(course)
    assert {found[label] for label in ("ada", "hex", "j\\xff rg", "bad")} == {3}
    assert {found[label] for label in ("deep", "link", "yaml")} == {0}
    assert not work.exists()


def test_a_regrade_after_a_check_was_corrected(course: Path, run_class: RunClass) -> None:
    run_class("class", "--kata", "kata-77", "--out", "results")
    with Ledger.open(course / "results") as ledger:
        (digest,) = ledger.specifications()
    specification = course / "katas/kata-77-small-echo/spec/test_echo.py"
    text = specification.read_text("utf-8")
    specification.write_text(text.replace('"application/json")', "response.content_type)"), "utf-8")
    done = run_class("regrade", "results", "--check", "is_json")
    assert (done.code, "graded: 3 of 3" in done.err) == (0, True)
    assert "3  graded by an earlier specification" not in done.out
    assert points(course)["Bea Öz"] == 3
    shown = run_class("diff", f"results@{digest[:8]}", "results")
    assert "test" not in shown.err
    assert "is_json: failed -> passed" in shown.out
    assert "Bea Öz " in shown.out
    whole = run_class("regrade", "results", "--all")
    assert "earlier" not in whole.out
    one = run_class("regrade", "results", "ada")
    assert "graded: 1 of 1" in one.err
    assert run_class("diff", "results", "results").out == "No grade differs.\n"


def test_a_new_seed_or_specification_says_what_is_graded_again(course: Path, run_class: RunClass) -> None:
    run_class("class", "--kata", "kata-77", "--out", "results", "--seed", "one")
    again = run_class("class", "--kata", "kata-77", "--out", "results", "--seed", "two")
    assert "grade: 5 submissions were graded by another seed: to be graded again." in again.err.splitlines()
    same = run_class("class", "--kata", "kata-77", "--out", "results")
    assert "graded again" not in same.err
    specification = course / "katas/kata-77-small-echo/spec/test_echo.py"
    specification.write_text(f"{specification.read_text('utf-8')}\n", "utf-8")
    again = run_class("class", "--kata", "kata-77", "--out", "results")
    assert "grade: 5 submissions were graded by another specification: to be graded again." in again.err.splitlines()


def test_a_class_keeps_its_settings_where_the_command_is_given_elsewhere(course: Path, run_class: RunClass) -> None:
    write(course / "class.toml", 'katas = ["kata-77"]\nfeedback = "titles"\ndeadline = 2026-11-30\n')
    run_class("class", "--out", "results")
    (course / "elsewhere").mkdir()
    args = ("../class", "--kata", "kata-77", "--katas", "../katas", "--out", "../results")
    lost = run_class(*args, cwd=course / "elsewhere")
    assert (lost.code, lost.err.split(": give")[0]) == (
        2,
        f"grade: ../results was graded by {course / 'class.toml'}, and there is no class.toml here",
    )
    same = run_class(*args, "--class", "../class.toml", cwd=course / "elsewhere")
    assert (same.code, "other settings" in same.err) == (0, False)
    other = run_class("class", "--out", "results", "--deadline", "2026-12-01")
    assert "grade: other settings than in the run before: deadline." in other.err.splitlines()


def test_a_difference_names_students_by_label_and_name(course: Path, run_class: RunClass) -> None:
    write(course / "roster.csv", "label,name\nada,Ada Lovelace\ncy,cy\n")
    for folder in ("old", "new"):
        run_class("class", "--kata", "kata-77", "--out", folder, "--roster", "roster.csv")
        for label in ("ada", "cy"):
            write(course / "class" / label / "app.py", NO_TYPE)
    lines = run_class("diff", "old", "new").out.splitlines()
    assert [line.split("  ")[0] for line in lines[1:3]] == ["ada (Ada Lovelace)", "cy"]
    assert lines[3].startswith("2 of ")
    assert lines[3].endswith(" submissions have another grade. By check:")


def test_shards_are_merged(course: Path, run_class: RunClass) -> None:
    for number in (1, 2):
        done = run_class(
            "class", "--kata", "kata-77", "--out", f"part-{number}", "--shard", f"{number}/2", "--seed", "s"
        )
        assert (done.code, "3 of 3" in done.err) == (0, True)
    merged = run_class("merge", "part-1", "part-2", "--out", "all")
    assert (merged.code, merged.out.splitlines()[-1]) == (0, "Results: all/index.html")
    run_class("class", "--kata", "kata-77", "--out", "results", "--seed", "s")
    assert points(course, "all") == points(course)


def test_a_class_file_a_roster_and_a_deadline(course: Path, run_class: RunClass) -> None:
    write(course / "class.toml", 'katas = ["kata-77"]\nroster = "roster.csv"\n[limits]\nsize = 0.5\n')
    write(course / "roster.csv", "label;name;section\nada;Ada Lovelace;A\nfay;Fay;B\n")
    done = run_class("class", "--out", "results")
    assert done.code == 0
    assert "grade: 5 submissions of nobody on the roster: Bea Öz, cy, dan, eve, שרה." in done.err
    with Ledger.open(course / "results") as ledger:
        found = {one.label: one for one in ledger.students()}
    assert found["ada"].name == "Ada Lovelace"
    assert found["fay"] == Student("fay", "Fay", section="B", columns={"label": "fay", "name": "Fay", "section": "B"})
    assert points(course)["fay"] == 0
    assert "counts as late" not in done.err
    undated = run_class("class", "--out", "results", "--deadline", "2026-11-30")
    assert "grade: no submission says when it was handed in, so none counts as late. To go by" in undated.err


def test_a_roster_of_nobody_who_handed_in_is_named(course: Path, run_class: RunClass) -> None:
    write(course / "roster.csv", "label\nx\n")
    write(course / "few/ada/app.py", SOLUTION)
    done = run_class("few", "--kata", "kata-77", "--out", "results", "--roster", "roster.csv")
    assert done.err.splitlines()[0] == (
        "grade: no submission is of a student on the roster, so every student on it has 0 points. Take another "
        "roster, or name the submissions as it names the students. 1 submission of nobody on it: ada."
    )
    assert points(course) == {"ada": 3, "x": 0}


def test_two_things_of_one_student_are_no_fault_of_the_machine(course: Path, run_class: RunClass) -> None:
    write(course / "few/ada/app.py", SOLUTION)
    write(course / "few/ADA.py", SOLUTION)
    write(course / "roster.csv", "label\nada\n")
    done = run_class("few", "--kata", "kata-77", "--out", "results", "--roster", "roster.csv")
    assert done.code == 3
    assert "1  unclear: nobody knows yet what the student handed in\n" in done.out
    assert "Unclear, so without points, until somebody puts it right:\n  ada, kata-77-small-echo: it is not" in done.out
    assert "machine" not in done.out
    assert run_class("status", "results").code == 3


def test_lateness_without_a_deadline_is_named(course: Path, run_class: RunClass) -> None:
    write(course / "class.toml", 'katas = ["kata-77"]\n[late]\npercent = 10\n')
    write(course / "few/ada/app.py", SOLUTION)
    write(course / "canvas/ada_LATE_1_2_app.py", SOLUTION)
    sentence = "grade: [late] takes nothing, as there is no deadline: write one into class.toml, or give --deadline."
    assert sentence in run_class("few", "--out", "results").err.splitlines()
    assert sentence not in run_class("few", "--out", "results", "--deadline", "2026-11-30").err.splitlines()
    assert sentence not in run_class("canvas", "--out", "other").err.splitlines()


def test_a_roster_that_comes_later_renames_students(course: Path, run_class: RunClass) -> None:
    command = ("class", "--kata", "kata-77", "--out", "results")
    run_class(*command)
    write(course / "roster.csv", "label,name\nal1,ada\n")
    done = run_class(*command, "--roster", "roster.csv")
    assert done.code == 0
    assert points(course) == {"Bea Öz": 0, "al1": 3, "cy": 1, "dan": 0, "eve": 0, "שרה": 0}


def test_nobody_books_a_file_to_another_student_by_its_name(course: Path, run_class: RunClass) -> None:
    write(course / "moodle/Ada Lovelace_111_assignsubmission_file_app.py", SOLUTION)
    write(course / "moodle/Mal Smith_222_assignsubmission_file_x_111_assignsubmission_file_app.py", "x = 1")
    write(course / "m.csv", "Identifier,Full name\nParticipant 111,Ada Lovelace\nParticipant 222,Mal Smith\n")
    run_class("moodle", "--kata", "kata-77", "--out", "results", "--roster", "m.csv")
    assert points(course) == {"Participant 111": 3, "Participant 222": 0}
    write(course / "canvas/lovelaceada_1111_5001_app.py", SOLUTION)
    write(course / "canvas/smithmal_2222_5002_x_1111_assignsubmission_file_app.py", "x = 1")
    write(course / "c.csv", 'Student,ID,SIS Login ID\n"Lovelace, Ada",1111,ada\n"Smith, Mal",2222,mal\n')
    run_class("canvas", "--kata", "kata-77", "--out", "other", "--roster", "c.csv")
    assert points(course, "other") == {"ada": 3, "mal": 0}


def test_the_only_folder_of_a_download_is_a_students_where_it_has_such_a_name(
    course: Path, run_class: RunClass
) -> None:
    names = ("Ada_1_assignsubmission_file_", "Bea_2_assignsubmission_file_")
    cover = "Mallory_3_assignsubmission_file_"
    make_zip(course / "one.zip", {f"{cover}/{name}/app.py": SOLUTION for name in names})
    run_class("one.zip", "--kata", "kata-77", "--out", "results")
    assert set(points(course)) == {"Mallory_3"}


def test_a_shard_stays_one_when_it_is_graded_again(course: Path, run_class: RunClass) -> None:
    write(course / "class.toml", "[late]\npercent = 10\n")
    shard = run_class("class", "--kata", "kata-77", "--out", "results", "--shard", "1/3", "--seed", "s")
    assert "[late] takes nothing" not in shard.err  # one in another shard may be marked as late
    assert "graded: 2 of 2" in run_class("regrade", "results", "--all").err


def test_a_whole_download_as_one_archive(course: Path, run_class: RunClass) -> None:
    members = {"class/lovelaceada_1_10_app.py": SOLUTION.replace("\n    ", "\n"), "class/bea_2_20_app.py": ""}
    make_zip(course / "flat.zip", {name.removeprefix("class/"): text for name, text in members.items()})
    make_zip(course / "covered.zip", {f"hw/{label}/app.py": SOLUTION for label in ("ada", "bea")})
    run_class("flat.zip", "--kata", "kata-77", "--out", "flat")
    assert points(course, "flat") == {"bea_2": 0, "lovelaceada_1": 3}
    run_class("covered.zip", "--kata", "kata-77", "--out", "covered")
    assert set(points(course, "covered")) == {"ada", "bea"}
    refused = run_class("class/ada/app.py", "--kata", "kata-77", "--out", "other")
    assert (refused.code, "is neither a folder of submissions nor an archive" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["class", "--out", "results"], "Name the katas to grade: --kata kata-1"),
        (["nowhere", "--kata", "kata-77", "--out", "results"], "nowhere cannot be read as a folder of submissions"),
        (["class", "--kata", "kata-99", "--out", "results"], "kata-99"),
        (["class", "--kata", "kata-77", "--out", "results", "--shard", "3/2"], "--shard must be like 1/4"),
        (["class", "--kata", "kata-77", "--out", "results", "--shard", "1/2"], "--shard needs a seed, by --seed"),
        (["class", "--kata", "kata-77", "--out", "results", "--seed", ""], "--seed is empty: give a text, or leave"),
        (["class", "--kata", "kata-77", "--out", "results", "--deadline", "soon"], "--deadline must be like"),
        (["class", "--kata", "kata-77", "--out", "results", "--roster", "no.csv"], "The roster no.csv cannot be read"),
        (["class", "--kata", "kata-77", "--out", "results", "--class", "no.toml"], "no.toml cannot be read"),
        (
            ["class", "--kata", "kata-77", "--out", "results", "--app", "../../../pwn.py"],
            "--app must name a module in a submission, such as \"src/app.py\", not '../../../pwn.py'",
        ),
        (["class", "--kata", "kata-77", "--out", "results", "--app", "/x.py"], "--app must name a module in a subm"),
        (["class", "--kata", "kata-77", "--out", "results", "--app", "app.py:a"], "--app must name a module in a s"),
        (["class", "--kata", "kata-77", "--out", "class"], "--out: class is the folder of the submissions"),
        (["class", "--kata", "kata-77", "--out", "class/ada/r"], "--out: class/ada/r lies in class/ada, which is tak"),
        (["status", "results"], "There is no ledger in results"),
        (["stats", "results"], "no folder 'stats'. Did you mean `grade class status`?"),
        (["exprt", "results", "--to", "csv"], "no folder 'exprt'. Did you mean `grade class export`?"),
        (["regrade", "results"], "Name students, or a check with --check, or give --all"),
        (["regrade", "results", "--check", "x", "ada"], "Give only one of these: names of students, --check, --all."),
        (["regrade", "results", "--all", "ada"], "Give only one of these: names of students, --check, --all."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(args: list[str], words: str, run_class: RunClass) -> None:
    done = run_class(*args)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert done.err.startswith("grade: ")


@pytest.mark.parametrize("command", [["class", "--kata", "kata-77"], ["merge", "class"]])
def test_a_file_is_not_a_folder_for_results(command: list[str], course: Path, run_class: RunClass) -> None:
    write(course / "old.csv", "points")
    done = run_class(*command, "--out", "old.csv")
    assert (done.code, done.err.splitlines()[-1]) == (
        2,
        "Error: Invalid value for '--out': Directory 'old.csv' is a file.",
    )


def test_a_student_or_a_check_that_is_not_there(course: Path, run_class: RunClass) -> None:
    run_class("class", "--kata", "kata-77", "--out", "results")
    assert "There is no student 'adda'. Did you mean 'ada'?" in run_class("show", "results", "adda").err
    assert "There is no check 'is_jsn'" in run_class("regrade", "results", "--check", "is_jsn").err


def test_results_that_cannot_be_written(course: Path, run_class: RunClass) -> None:
    write(course / "results", "a file")
    done = run_class("class", "--kata", "kata-77", "--out", "results/inner")
    assert (done.code, "results/inner/ledger.sqlite cannot be written" in done.err) == (3, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user may do without a jail")
def test_root_grades_no_class_without_a_jail(course: Path, run_class: RunClass) -> None:
    done = run_class("class", "--kata", "kata-77", "--out", "results", "--jail", "none", "--unsafe")
    assert (done.code, done.err) == (
        3,
        "grade: root grades no submission without a jail: leave out --jail none, or grade it as an ordinary user with "
        "--unsafe.\n",
    )
    assert not (course / "results").exists()


def test_the_folder_of_a_download_is_not_the_download(course: Path, run_class: RunClass) -> None:
    names = {f"lovelaceada{at}_{at}_5{at}_app.py": SOLUTION for at in range(2)}
    write(course / "download/Grades.csv", "Student,ID\n")
    make_zip(course / "download/submissions.zip", names)
    done = run_class("download", "--kata", "kata-77", "--out", "results")
    assert done.err.splitlines()[1] == (
        "grade: download/submissions.zip looks like what a platform gives out for a whole class, and is graded as the "
        "submission of one student: name the archive itself, `grade class download/submissions.zip`."
    )
    whole = run_class("download/submissions.zip", "--kata", "kata-77", "--out", "whole")
    assert (whole.code, "2  graded" in whole.out, "looks like" in whole.err) == (0, True, False)


def test_students_have_their_names_in_what_a_command_prints(course: Path, run_class: RunClass) -> None:
    write(course / "roster.csv", "label,name\neve,Eve Öz\nada,Ada Lovelace\n")
    done = run_class("class", "--kata", "kata-77", "--out", "results", "--roster", "roster.csv")
    assert "  eve (Eve Öz), kata-77-small-echo: nothing was handed in" in done.out
    shown = run_class("show", "results", "Lovelace")
    assert (shown.code, "== ada (Ada Lovelace), kata-77-small-echo" in shown.out) == (0, True)
    assert shown.out.rstrip().endswith("All checks passed.")  # advice about commands is for learners
    one = run_class("regrade", "results", "Lovelace, Ada")
    assert (one.code, "graded: 1 of 1" in one.err) == (0, True)


def test_a_run_that_was_ended_before_it_had_read_anything_has_no_results(course: Path, run_class: RunClass) -> None:
    with LedgerWriter.make(course / "results", Settings()):
        pass
    told = run_class("status", "results").out
    assert "There is no submission in this ledger, or none yet." in told
    assert "each submission has a result" not in told


def test_of_many_lines_the_first_are_shown_and_the_others_counted(course: Path, run_class: RunClass) -> None:
    write(course / "roster.csv", "\n".join(["label", *(f"s{number:02}" for number in range(21)), "eve"]))
    done = run_class("class", "--kata", "kata-77", "--out", "results", "--roster", "roster.csv")
    assert "  s18, kata-77" in done.out
    assert "  s19, kata-77" not in done.out
    assert "  and 2 more; `grade class status results --all` names all\n" in done.out
    every = run_class("status", "results", "--all")
    assert ("  s20, kata-77" in every.out, "more;" in every.out) == (True, False)


def test_a_regrade_works_from_any_folder_and_says_when_submissions_are_gone(course: Path, grade: Grade) -> None:
    offers.a_tier()
    write(course / "stream-katas.toml", 'katas = ["katas"]')
    (course / "elsewhere").mkdir()
    assert grade("class", "../class", "--kata", "kata-77", "--out", "results", cwd=course / "elsewhere").code == 0
    results = str(course / "elsewhere" / "results")
    done = grade("class", "regrade", results, "ada", cwd=course.parent)
    assert (done.code, "graded: 1 of 1" in done.err) == (0, True), done.err
    (course / "class").rename(course / "moved")
    gone = grade("class", "regrade", "results", "ada", cwd=course / "elsewhere")
    assert (gone.code, gone.err) == (
        2,
        f"grade: The submissions are not in {course / 'class'} any more. If they are elsewhere, say where: "
        "`grade class SUBMISSIONS --kata kata-77 --out results`. What the ledger has is not graded again.\n",
    )
    again = grade("class", "../moved", "--kata", "kata-77", "--out", "results", cwd=course / "elsewhere")
    assert (again.code, again.err) == (0, "graded: 6 of 6\n")
    assert grade("class", "regrade", results, "ada", cwd=course).code == 0


def test_what_lies_beside_submissions_and_is_not_read_is_named(course: Path, run_class: RunClass) -> None:
    write(course / "class" / "class.toml", 'title = "T"')
    write(course / "class" / "roster.csv", "label\nada\n")
    options = ("--kata", "kata-77", "--out", "results")
    both = [
        "grade: class/class.toml is not read: class.toml is read in the folder where you run the command, or is named "
        "with --class.",
        "grade: class/roster.csv is not read: name the roster with --roster, or in class.toml.",
    ]
    assert run_class("class", *options).err.splitlines()[:2] == both
    named = run_class("class", *options, "--class", "class/class.toml", "--roster", "class/roster.csv")
    assert (named.code, "is not read" in named.err) == (0, False)


def test_results_among_the_submissions_are_nobodys(course: Path, grade: Grade) -> None:
    offers.a_tier()
    command = ("class", ".", "--kata", "kata-77", "--katas", "../katas")
    for _ in range(2):
        done = grade(*command, "--out", "results", cwd=course / "class")
        assert (done.code, "graded: 6 of 6" in done.err) == (0, True)
    other = grade(*command, "--out", "others", cwd=course / "class")
    assert "grade: results holds the results of a class, and is not graded as a submission." in other.err
    assert set(points(course, "class/others")) == {"Bea Öz", "ada", "cy", "dan", "eve", "שרה"}


@pytest.mark.parametrize("is_there", [False, True])
def test_a_command_that_is_refused_leaves_nothing(is_there: bool, course: Path, run_class: RunClass) -> None:
    """Among the submissions, it would be what a student handed in."""
    (course / "empty").mkdir()
    out = course / "class/results"
    if is_there:
        out.mkdir()
    done = run_class("empty", "--kata", "kata-77", "--out", "class/results")
    assert (done.code, "There are no submissions in empty." in done.err) == (2, True)
    assert [path.name for path in out.parent.rglob("results*")] == ["results"] * is_there
    assert not is_there or list(out.iterdir()) == []


def test_what_is_no_longer_handed_in_stays_and_is_named_until_it_is_dropped(course: Path, run_class: RunClass) -> None:
    command = ("class", "--kata", "kata-77", "--out", "results")
    assert "No longer among" not in run_class(*command).out
    (course / "class/cy").rename(course / "cy")
    for done in (run_class(*command), run_class("status", "results"), run_class("regrade", "results", "ada")):
        lines = done.out.splitlines()
        at = lines.index(
            "No longer among the submissions, and still in the class; `grade class SUBMISSIONS … --forget-gone` takes "
            "them out of it:"
        )
        assert (done.code, lines[at + 1]) == (0, "  cy, kata-77-small-echo")
    assert points(course)["cy"] == 1
    dropped = run_class(*command, "--forget-gone")
    assert (dropped.code, "No longer among" in dropped.out) == (0, False)
    assert "cy" not in points(course)
    (course / "cy").rename(course / "class/cy")
    run_class(*command)
    assert points(course)["cy"] == 1


def test_who_still_waits_and_who_is_elsewhere(course: Path, run_class: RunClass) -> None:
    run_class("class", "--kata", "kata-77", "--out", "results", "--shard", "1/3", "--seed", "s")
    with LedgerWriter.make(course / "results", Settings()) as ledger:
        ledger.keep_students([Student("zoe", "Zoe")])
        ledger.expect([Submission("zoe", "kata-77-small-echo")])
        here = {row.student.label for row in ledger.rows()}
    shown = run_class("show", "results", "zoe")
    assert (shown.code, shown.out) == (0, "== zoe (Zoe), kata-77-small-echo: still to be graded ==\n\n")
    other = min({"ada", "cy", "dan", "eve"} - here)
    done = run_class("regrade", "results", other)
    words = f"grade: {other} is in another shard of the class: give the command with its results.\n"
    assert (done.code, done.err) == (2, words)
    assert "There is no student 'nobody'" in run_class("regrade", "results", "nobody").err
    gone = run_class("regrade", "results", "zoe")
    assert "grade: there is nothing to grade again among these submissions." in gone.err


def test_a_folder_with_the_name_of_the_class_file_is_not_passed_over(course: Path, run_class: RunClass) -> None:
    (course / "class.toml").mkdir()
    done = run_class("class", "--kata", "kata-77", "--out", "results")
    assert (done.code, done.err.startswith("grade: class.toml cannot be read: ")) == (2, True)
