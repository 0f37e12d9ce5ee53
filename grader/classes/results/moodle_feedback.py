"""Each student's page in an archive that Moodle takes as feedback files for an assignment.

mod/assign/feedback/file/importziplib.php: the number behind the first "_" of a folder's name says whose it is, and
behind the fourth one begins the file's name. Moodle gives out submissions in folders of such names.
"""

from __future__ import annotations

import io
import re
import zipfile

from grader.classes.intake import naming
from grader.classes.intake.roster import participant_of
from grader.classes.ledger import Ledger
from grader.classes.model import Entry, GradedKata
from grader.classes.results import student_page
from grader.classes.results.gathering import gather
from grader.errors import UsageError
from grader.report.feedback import Feedback


def feedback_files(ledger: Ledger, feedback: Feedback | None) -> tuple[bytes, tuple[str, ...]]:
    """The archive, and the labels of students whose number at Moodle is not known. Raises UsageError where none is."""
    packed, lost = io.BytesIO(), set[str]()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(entry: Entry, kata: GradedKata) -> str:
            if folder := _folder(entry):
                page = student_page.html_of(student_page.shown(entry, kata, feedback or ledger.settings.feedback))
                about = zipfile.ZipInfo(f"{folder}/{kata.id.rpartition(':')[2]}.html")  # dated 1980: the same each time
                archive.writestr(about, page.encode("utf-8", "backslashreplace"), zipfile.ZIP_DEFLATED)
            else:
                lost.add(entry.student.label)
            return ""

        gather(ledger, add)
        if lost and not archive.namelist():
            raise UsageError(
                "Moodle finds students by their numbers: grade the download of an assignment, or with --roster and its "
                "grading worksheet."
            )
    return packed.getvalue(), tuple(sorted(lost))


def _folder(entry: Entry) -> str:
    """The folder's name, as Moodle gives it out; "" for a student without a number."""
    name = re.sub(r"(?:[^\w.,'-]|_)+", " ", entry.student.shown).strip() or "student"
    number = _number(entry)
    return f"{name}_{number}_assignsubmission_file_" if number else ""


def _number(entry: Entry) -> str:
    of_download = naming.number_at_moodle(entry.submission.source.partition("/")[0])
    return of_download or participant_of(entry.student.columns)
