"""The folder of results: a page for everybody, and nobody sees what they must not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.classes.ledger import Ledger
from grader.classes.model import NoReport, Student, Submission, Why
from grader.classes.results.folder import STUDENTS, write_results
from grader.classes.writing import LedgerWriter
from grader.errors import Inconclusive
from grader.report.feedback import Feedback
from tests.classes.hand import KATA, NAME
from tests.classes.results.course import FATES, LATE, OTHER, make_course
from tests.hostile.corpus import TEXTS
from tests.report.pages import read

#: As SQLite keeps them, which has no lone surrogates.
SHOWABLE = [text.encode("utf-8", "backslashreplace").decode() for text in TEXTS.values()]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with make_course(tmp_path) as made:
        yield made


GRADED = [label for label, _, result, _ in FATES if result is not None]


def test_everybody_with_a_result_has_a_page_and_markdown(ledger: Ledger, tmp_path: Path) -> None:
    write_results(ledger, tmp_path)
    names = {file.stem for file in (tmp_path / STUDENTS).iterdir()}
    assert names == {label.removeprefix("../") for label in GRADED}
    for name in names:
        page = (tmp_path / STUDENTS / f"{name}.html").read_bytes()
        assert len(page) <= 100_000
        assert read(page.decode()).one("h1").text == "Kata 77: Small echo"
        assert (tmp_path / STUDENTS / f"{name}.md").read_text("utf-8").startswith("## Small echo: ")
    assert (tmp_path / "gradebook.csv").read_text("utf-8").startswith("student,name,email,")


def test_each_link_of_the_class_leads_to_a_page(ledger: Ledger, tmp_path: Path) -> None:
    write_results(ledger, tmp_path)
    page = read((tmp_path / "index.html").read_text("utf-8"))
    links = [link.attributes["href"] for link in page.all("a")]
    for link in links:
        if not link.startswith("#"):
            assert (tmp_path / link).is_file(), link
    assert {f"{STUDENTS}/{label.removeprefix('../')}.html" for label in GRADED} <= set(links)
    assert not [link for link in links if re.match(r"\w+:|//", link)]


def test_a_page_has_its_students_name_only_and_no_path_or_command(ledger: Ledger, tmp_path: Path) -> None:
    write_results(ledger, tmp_path)
    page = (tmp_path / STUDENTS / "dan.html").read_text("utf-8")
    assert "دانيال" in page
    for word in ("/home/ada", "grade kata-77", "Lovelace", "index.html", "quieter machine", "Grade it again"):
        assert word not in page, word


def test_a_machines_fault_is_not_told_to_students(ledger: Ledger, tmp_path: Path) -> None:
    write_results(ledger, tmp_path)
    page = read((tmp_path / STUDENTS / "gus.html").read_text("utf-8"))
    assert "0 of 32 points so far, not final" in page.text
    assert "the grader or the machine failed" in page.text
    assert "/srv/x" not in page.text
    assert "not a fault of the app" in page.text


def test_who_handed_in_nothing_is_told_so(ledger: Ledger, tmp_path: Path) -> None:
    for feedback in Feedback:
        write_results(ledger, tmp_path, feedback=feedback)
        text = (tmp_path / STUDENTS / "hal.md").read_text("utf-8")
        assert "nothing was handed in" in text
        assert text.startswith("## Small echo: 0 of 32 points\n\n`Hal`\n")
        assert "**Nothing could be graded:** `nothing was handed in`" in text
        assert "start" not in text
        assert "failed" not in text
        page = (tmp_path / STUDENTS / "hal.html").read_text("utf-8")
        assert "failed ·" not in page
        assert '<span class="mark">failed</span>' not in page
        assert '<span class="mark">not graded</span>' in page


def test_a_late_student_sees_what_is_taken(ledger: Ledger, tmp_path: Path) -> None:
    write_results(ledger, tmp_path, feedback=Feedback.SCORE)
    note = "Handed in late: 20 % of the points are taken, which leaves 22.4."
    assert note in (tmp_path / STUDENTS / "cem.html").read_text("utf-8")
    assert note in (tmp_path / STUDENTS / "cem.md").read_text("utf-8")


@pytest.mark.parametrize("feedback", [Feedback.FULL, Feedback.HEADLINES])
def test_a_page_and_markdown_have_the_headline_of_each_failed_check(feedback: Feedback, tmp_path: Path) -> None:
    with make_course(tmp_path, replace(LATE, feedback=feedback)) as ledger:
        write_results(ledger, tmp_path)
    for ending in ("html", "md"):
        text = (tmp_path / STUDENTS / f"dan.{ending}").read_text("utf-8")
        assert HEADLINE in text
        assert "items: 2; expected: 3" in text


#: What stands in the sample's report beside titles and headlines; what stands in a headline; a title.
HIDDEN = ("A blank line ends it.", "data two", "A field is `name: value`", "WHATWG HTML 9.2.6", "first line")
HEADLINE, TITLE = "a line without a colon", "each item is an event of its own"


@pytest.mark.parametrize(
    ("feedback", "shown"),
    [
        (Feedback.FULL, (True, True, True)),
        (Feedback.HEADLINES, (False, True, True)),
        (Feedback.TITLES, (False, False, True)),
        (Feedback.SCORE, (False, False, False)),
    ],
)
def test_students_see_what_the_class_has_decided(
    feedback: Feedback, shown: tuple[bool, bool, bool], tmp_path: Path
) -> None:
    with make_course(tmp_path, replace(LATE, feedback=feedback)) as ledger:
        write_results(ledger, tmp_path)
    for ending in ("html", "md"):
        text = (tmp_path / STUDENTS / f"dan.{ending}").read_text("utf-8")
        hidden = [word for word in HIDDEN if word in text]
        assert (bool(hidden), HEADLINE in text, TITLE in text) == shown
        assert "2 of 32 points" in text
    broken = (tmp_path / STUDENTS / "eve.html").read_text("utf-8")
    assert ("otter" in broken) is shown[1]


def test_pages_of_students_who_are_gone_go_too(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / STUDENTS).mkdir()
    for name in ("zoe.html", "zoe.md", "notes.txt"):
        (tmp_path / STUDENTS / name).write_text("old", "utf-8")
    write_results(ledger, tmp_path)
    names = {file.name for file in (tmp_path / STUDENTS).iterdir()}
    assert "notes.txt" in names
    assert not {"zoe.html", "zoe.md"} & names


def test_with_several_katas_a_student_has_a_page_for_each(tmp_path: Path) -> None:
    with make_course(tmp_path, katas=(KATA, OTHER)) as ledger:
        write_results(ledger, tmp_path)
    assert {file.name for file in (tmp_path / STUDENTS).glob("ada.*.html")} == {"ada.kata-77.html", "ada.kata-78.html"}
    page = read((tmp_path / "index.html").read_text("utf-8"))
    assert [section.attributes["id"] for section in page.all("section")] == ["kata-77", "kata-78", "students"]


def test_the_same_ledger_makes_the_same_results(ledger: Ledger, tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        write_results(ledger, tmp_path)
        files = sorted(file for file in tmp_path.rglob("*") if file.suffix in (".html", ".md", ".csv"))
        found.append({file.name: file.read_bytes() for file in files})
    assert found[0] == found[1]


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / STUDENTS).write_text("a file", "utf-8")
    with pytest.raises(Inconclusive, match=r"the results could not be written to .* The ledger has all grades"):
        write_results(ledger, tmp_path)


def test_a_page_is_not_written_through_a_link(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / STUDENTS).mkdir()
    (tmp_path / "target").write_text("mine", "utf-8")
    os.symlink(tmp_path / "target", tmp_path / STUDENTS / "ada.html")
    write_results(ledger, tmp_path)
    assert (tmp_path / "target").read_text("utf-8") == "mine"
    assert not (tmp_path / STUDENTS / "ada.html").is_symlink()


def test_a_grade_by_an_earlier_specification_is_marked(ledger: Ledger, tmp_path: Path) -> None:
    assert isinstance(ledger, LedgerWriter)
    ledger.keep_katas([replace(KATA, digest="7" * 64)])
    write_results(ledger, tmp_path)
    page = read((tmp_path / "index.html").read_text("utf-8"))
    rows = [row.text for row in page.all("tr") if row.text.startswith("Kim")]
    assert rows == ["KimA 32 / 32by an earlier specification, grader or seed"]


def test_what_is_said_of_a_class_has_the_corpus_of_hostile_texts_in_it(tmp_path: Path) -> None:
    """As names, sections and reasons: the page stays one, and a strict reader finds no element more."""
    with make_course(tmp_path) as ledger:
        ledger.keep_students(Student(f"s{at}", text, text, text) for at, text in enumerate(SHOWABLE))
        for at, text in enumerate(SHOWABLE):
            reason = NoReport(Why.UNREADABLE, text)
            ledger.keep_submission(Submission(f"s{at}", NAME), reason)
        write_results(ledger, tmp_path)
    page = read((tmp_path / "index.html").read_text("utf-8"))
    assert len(page.all("script")) == 0
    assert len(page.all("section")[-1].all("tr")) == len(FATES) + len(TEXTS) + 1
    for file in (tmp_path / STUDENTS).glob("s*.html"):
        assert len(file.read_bytes()) <= 100_000
        assert read(file.read_text("utf-8")).all("script") == []
    text = (tmp_path / "index.html").read_text("utf-8")
    assert "##[" not in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
