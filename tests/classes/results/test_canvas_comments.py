"""The comments for Canvas are one request of its API, which names students and assignments by their numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from grader.classes.intake.rejection import unreadable
from grader.classes.ledger import Ledger
from grader.classes.model import Student, Submission
from grader.classes.results.canvas_comments import comment
from grader.classes.results.exports import of_class
from grader.classes.results.gradebook import Scale
from grader.errors import UsageError
from grader.report.feedback import Feedback
from tests.classes.hand import KATA, NAME, WHOLE, hand_in, make_ledger
from tests.classes.results.course import BROKEN, FATES, OTHER, make_course
from tests.hostile.corpus import TEXTS
from tests.report.samples import MIXED, UNBOOTED

UNKNOWN = Student("cy", "Cy")


def sent(ledger: Ledger, *wishes: str, feedback: Feedback | None = None) -> dict[str, dict[str, str]]:
    """The comments by assignment and student, as Canvas reads them."""
    found = of_class(ledger, "canvas-comments", scale=Scale(), feedback=feedback, wishes=wishes)
    (body,) = json.loads(found.content).values()
    assert all(one.keys() == {"text_comment"} for students in body.values() for one in students.values())
    return {name: {who: one["text_comment"] for who, one in students.items()} for name, students in body.items()}


def test_each_student_with_a_grade_has_a_comment(tmp_path: Path) -> None:
    with make_course(tmp_path) as made:
        body = sent(made)
        found = of_class(made, "canvas-comments", scale=Scale(), feedback=None)
    graded = {str(at) for at, (_, _, result, _) in enumerate(FATES) if result is not None}
    assert (set(body), set(body["4711"])) == ({"4711"}, graded)
    assert body["4711"]["0"].startswith("Kata 77: Small echo: 32 of 32 points\n✓ ")
    assert "not final" in body["4711"]["5"]
    assert (found.untold, found.notes) == (("jon",), ())


def test_a_student_is_found_by_the_file_that_canvas_gave_out(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as made:
        made.keep_students([Student("ada", columns={"ID": "12a"}), UNKNOWN])
        hand_in(made, Submission("ada", NAME, digest="a", source="lovelaceada_LATE_1003_5_app.py"), WHOLE)
        hand_in(made, Submission("cy", NAME, digest="c", source="Cy_1004_assignsubmission_file_/app.py"), WHOLE)
        found = of_class(made, "canvas-comments", scale=Scale(), feedback=None, wishes=["kata-77=Echo (4)"])
        assert sent(made, "kata-77=Echo (4)")["4"].keys() == {"1003"}
    assert found.notes == ("1 student without a number at Canvas, and so without a comment in it: cy",)


def test_a_kata_without_an_assignment_is_named(tmp_path: Path) -> None:
    with make_course(tmp_path, katas=(KATA, OTHER)) as made:
        found = of_class(made, "canvas-comments", scale=Scale(), feedback=None)
        assert sent(made, "kata-78=Two (12)").keys() == {"4711", "12"}
    assert [note for note in found.notes if "for kata-78," in note and "'kata-78=NAME (98765)'" in note]


def test_without_numbers_nothing_is_written(tmp_path: Path) -> None:
    with make_ledger(tmp_path) as made:
        hand_in(made, Submission("ada", NAME, digest="a"), WHOLE)
        with pytest.raises(UsageError, match="Canvas needs the numbers of its students and assignments"):
            sent(made)


@pytest.mark.parametrize(("feedback", "titles", "headlines"), [("headlines", 1, 1), ("titles", 1, 0), ("score", 0, 0)])
def test_students_see_no_more_than_the_class_allows(feedback: str, titles: int, headlines: int, tmp_path: Path) -> None:
    with make_course(tmp_path) as made:
        text = sent(made, feedback=Feedback(feedback))["4711"]["1"]
    title = KATA.checks[0].title
    assert (text.count(f" {title} ("), text.count("otter")) == (titles, headlines)


def test_why_an_app_did_not_start_is_said_once() -> None:
    assert comment(BROKEN).splitlines()[1:] == [
        "The app did not start: app.py raises KeyError while it is imported: 'otter'"
    ]


def test_a_comment_says_where_an_app_did_not_start() -> None:
    assert comment(UNBOOTED).splitlines()[-2:] == [
        "The app did not start: app.py raises KeyError while it is imported: 'k'",
        "    app.py:9: return f()",
    ]


def test_a_comment_stays_within_what_canvas_takes(tmp_path: Path) -> None:
    checks = [replace(MIXED.results[0], check=replace(MIXED.results[0].check, title="ö" * 200)) for _ in range(900)]
    assert len(comment(replace(MIXED, results=tuple(checks))).encode()) < 64_000
    with make_ledger(tmp_path) as made:
        hand_in(made, Submission("ada", NAME, digest="a", source="ada_1_2_app.py"), WHOLE)
        nothing = unreadable("".join(TEXTS.values())).reason
        made.keep_submission(Submission("bea", NAME, source="bea_2_3_app.zip"), nothing)
        found = sent(made, "kata-77=Echo (4)")["4"]["2"]
    assert all(character.isprintable() or character == "\n" for character in found)
