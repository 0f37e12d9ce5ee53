"""Paths of the grading machine do not reach the report of a submission."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from grader.grading.roots import without_roots
from grader.model import BootFailure, Place, Raised
from tests.report.samples import FAILED, FINDING, MIXED, UNBOOTED

OWN = Path("/srv/submissions/ada")


def test_what_lies_in_the_apps_folder_begins_there() -> None:
    report = replace(MIXED, log=f'File "{OWN}/src/app.py", line 3\n/tmp/stream-katas-x_3yz12a/app/app.py:7\n')
    assert without_roots(report, OWN).log == 'File "src/app.py", line 3\napp.py:7\n'


def test_what_lies_elsewhere_on_this_machine_loses_its_beginning() -> None:
    report = replace(
        MIXED,
        log=f"{sys.prefix}/lib/x.py {Path.home()}/notes /var/tmp/stream-katas-abcdefgh/home/.cache {Path.cwd()}/katas",
        notes=(f"in {sys.prefix}/lib",),
    )
    found = without_roots(report, OWN)
    assert found.log == "…/lib/x.py …/notes …/home/.cache …/katas"
    assert found.notes == ("in …/lib",)


def test_each_text_of_the_app_is_looked_at_and_no_other() -> None:
    place = Place(f"{OWN}/app.py", 3, text=f"open('{OWN}/x')")
    finding = replace(FINDING, headline=f"no {OWN}/x", place=place)
    result = replace(FAILED, finding=finding, raised=Raised(f"no {OWN}/x", (place,)), printed=f"{OWN}/x")
    report = replace(UNBOOTED, results=(result,), boot_failure=BootFailure(f"no {OWN}/x", frames=(place,)))
    report = replace(report, command=f"grade 77 --app {OWN}/app.py")
    found = without_roots(report, OWN)
    assert str(OWN) not in repr(replace(found, command=""))
    assert (found.command, found.results[0].transcript) == (report.command, result.transcript)


def test_a_report_without_paths_stays_as_it_is() -> None:
    assert without_roots(MIXED, OWN) == MIXED
