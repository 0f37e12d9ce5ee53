"""What each student gets as a comment in Canvas: the body of one request to its API.

https://developerdocs.instructure.com/services/canvas/resources/submissions, "Grade or comment on multiple submissions".
Canvas has no better place for pages. It takes an archive of files back, but only by the names that it gave out, and
shows each under the name of the file that was handed in (`generate_comments_from_files` in its
app/models/abstract_assignment.rb): a page would be an "app.py".
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from grader.classes.ledger import Ledger
from grader.classes.model import Entry, GradedKata
from grader.classes.results import student_page
from grader.classes.results.gathering import gather
from grader.classes.results.keys import number_at_canvas
from grader.errors import UsageError
from grader.model import Outcome, Report
from grader.report import advice, exported
from grader.report.feedback import Feedback
from grader.text import visible

#: Characters of a comment: Canvas refuses one of 64 KiB.
_MOST = 15_000


def request_of(
    ledger: Ledger, columns: Mapping[str, str], feedback: Feedback | None
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The request's body, the labels of students whose number at Canvas is not known, and the katas of no assignment.

    ``columns`` are the names of assignments by those of katas, with their numbers: "Kata 1 (98765)". Raises UsageError
    where nobody would get a comment.
    """
    found: dict[str, dict[str, object]] = defaultdict(dict)
    lost, homeless = set[str](), set[str]()

    def add(entry: Entry, kata: GradedKata) -> str:
        assignment = _assignment(columns.get(kata.name, ""))
        number = number_at_canvas(entry.student, entry.submission)
        if assignment and number:
            report = student_page.shown(entry, kata, feedback or ledger.settings.feedback)
            found[assignment][number] = {"text_comment": comment(report)}
        elif not assignment:
            homeless.add(kata.id.rpartition(":")[2])
        else:
            lost.add(entry.student.label)
        return ""

    gather(ledger, add)
    if not found:
        raise UsageError(
            "Canvas needs the numbers of its students and assignments: grade with --roster and the gradebook that it "
            "exports. An assignment that is called otherwise is named by --column 'kata-1=Homework 3 (98765)'."
        )
    return json.dumps({"grade_data": found}, indent=1) + "\n", tuple(sorted(lost)), tuple(sorted(homeless))


def comment(report: Report) -> str:
    """The points, and a line for each check with the reason below it: a comment has no table and no fixed width."""
    text = "\n".join(_lines(report))
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


def _lines(report: Report) -> Iterator[str]:
    yield f"{visible(advice.heading(report), exported.TITLE)}: {advice.score(report)}"
    yield from (visible(note, exported.LINE) for note in report.notes)
    if report.boot_failure is not None:
        yield f"{report.boot_failure.title}: {visible(report.boot_failure.headline, exported.LINE)}"
        for place in report.boot_failure.frames[-1:]:
            yield visible(f"    {place.file}:{place.line}: {place.text}".rstrip(": "), exported.LINE)
        return
    for result in report.results:
        yield f"{_signs(result.outcome)} {exported.title(result)} ({result.earned} of {result.check.points})"
        if why := exported.headline(result, report):
            yield f"    {why}"


def _signs(outcome: Outcome) -> str:
    return "✓" if outcome is Outcome.PASSED else f"✗ {outcome.value}:"


def _assignment(column: str) -> str:
    found = re.search(r"\((\d+)\)$", column)
    return found[1] if found else ""
