"""The page of a class, for its instructor: one HTML file without scripts or requests."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader.classes.results.likeness import By
from grader.classes.results.mark import Mark, Status
from grader.classes.results.overview import Overview
from grader.classes.results.student_page import points_of, total_of
from grader.model import Outcome
from grader.report.html import guarded, prose
from grader.text import plural, visible

_PAGE = Path(__file__).parent / "page"
#: Students who are named at once; the others are behind a line that opens.
_NAMED = 8


def render(found: Overview) -> str:
    """The page, with a Content-Security-Policy that allows its own style and nothing else."""
    style = resources.files("grader.report").joinpath("page", "report.css").read_text("utf-8")
    style += (_PAGE / "class.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    names = [student.shown for student, _ in found.rows]
    page: str = (
        _environment()
        .get_template("class.html.jinja")
        .render(
            found=found,
            title=found.title or "Results of the class",
            style=Markup(style),  # our own: what stands in a style element is not escaped
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            twice={name for name in names if names.count(name) > 1},
            named=_NAMED,
            Outcome=Outcome,
            By=By,
        )
    )
    return guarded(page)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        visible=visible, prose=prose, plural=plural, points=points_of, total=total_of, status=_status, address=_address
    )
    return environment


def _status(mark: Mark) -> str:
    """What stands beside the points: "" for a grade like any other."""
    words = [] if mark.status is Status.GRADED else [mark.status.value]
    words += [f"late ({mark.late})" if mark.late != "late" else "late"] if mark.late else []
    words += [f"{mark.taken:g} % taken"] if mark.taken else []
    words += [] if mark.is_current else ["by an earlier specification, grader or seed"]
    return ", ".join(words)


def _address(page: str) -> str:
    """The address of a page beside this one, as a link has it: a name may have any letters."""
    return quote(page)
