"""What a student gets: a page and Markdown, with no more in it than the instructor allows."""

from __future__ import annotations

from dataclasses import replace

from grader.classes.model import Entry, GradedKata
from grader.classes.results.mark import Mark
from grader.classes.results.own_advice import fitting
from grader.classes.results.substitute import report_of
from grader.model import Report
from grader.report import markdown, small
from grader.report.feedback import Feedback, for_student
from grader.text import visible

#: Bytes of a student's page.
MOST = 100_000


def shown(entry: Entry, kata: GradedKata, feedback: Feedback) -> Report:
    """What the student of ``entry`` may see, under their name; with what lateness has taken."""
    report = for_student(fitting(report_of(entry, kata)), visible(entry.student.shown, 200), feedback)
    if not entry.taken or entry.points is None:
        return report
    note = f"Handed in late: {entry.taken:g} % of the points are taken, which leaves {points_of(entry.points)}."
    return replace(report, notes=(*report.notes, note))


def html_of(report: Report) -> str:
    """The page."""
    return small.page(report, MOST)


def markdown_of(report: Report) -> str:
    """For a comment on a pull request, or an e-mail."""
    if report.boot_failure is not None and report.boot_failure.advice:  # which the Markdown of a report leaves out
        report = replace(report, notes=(report.boot_failure.advice, *report.notes))
    return markdown.render(report)


def points_of(points: float) -> str:
    """Points as people write them: "27" and "13.5"."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def total_of(marks: list[Mark]) -> str:
    """The sum of a student's points; "" where some are not decided."""
    found = [mark.points for mark in marks]
    return "" if None in found else points_of(sum(points or 0.0 for points in found))
