"""The formats of a report: a table of names, each with one function of a report.

Another package adds a format by an entry point of the group "grade.formats", whose name is that of the format:

    [project.entry-points."grade.formats"]
    junit = "my_package.junit:render"

The function takes a `grader.model.Report` and returns str (written as UTF-8) or bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from grader.errors import Inconclusive, UsageError
from grader.text import did_you_mean

if TYPE_CHECKING:
    from grader.model import Report

Writer: TypeAlias = "Callable[[Report], str | bytes]"

GROUP = "grade.formats"
#: The module of each format; its function is `render`. It is imported when a report is written: Rich and Jinja take 100
#: ms, in which the app can boot.
BUILT_IN = {
    "text": "grader.report.terminal",
    "markdown": "grader.report.markdown",
    "html": "grader.report.html",
    "json": "grader.report.json",
    "junit": "grader.report.junit",
    "github-annotations": "grader.report.github_annotations",
    "github-summary": "grader.report.github_summary",
    "github-classroom": "grader.report.github_classroom",
    "classroom50": "grader.report.classroom50",
    "gradescope": "grader.report.gradescope",
    "prairielearn": "grader.report.prairielearn",
    "exercism": "grader.report.exercism",
    "problems": "grader.report.problems",
}
#: Formats whose module has a function `require`, which raises UsageError where the format cannot be written here.
DEMANDING = ("classroom50",)


def find(name: str) -> Callable[[Report], bytes]:
    """The function that writes the format ``name``.

    Raises UsageError when there is no such format or it cannot be written here, and Inconclusive when the package that
    adds it cannot be imported. The function that is returned raises Inconclusive when a format of another package
    fails, and where a format has no word for a grade that is inconclusive.
    """
    if name in DEMANDING:
        import_module(BUILT_IN[name]).require()
    if name in BUILT_IN:
        return partial(_write_built_in, BUILT_IN[name])
    from importlib.metadata import entry_points  # takes 15 ms, and is needed for formats of other packages only

    offered = entry_points(group=GROUP)
    found = [entry for entry in offered if entry.name == name]
    if not found:
        names = [*BUILT_IN, *sorted(offered.names - BUILT_IN.keys())]
        raise UsageError(
            f"There is no report format {name!r}.{did_you_mean(name, names)} There are {', '.join(names)}."
        )
    if len({entry.value for entry in found}) > 1:
        packages = ", ".join(sorted(entry.dist.name if entry.dist else entry.value for entry in found))
        raise UsageError(f"Several packages have a report format {name!r}: {packages}.")
    try:
        writer: Writer = found[0].load()
    except (Exception, SystemExit) as error:
        raise Inconclusive(f"the report format {name!r} cannot be loaded ({type(error).__name__}: {error})") from None
    return partial(_write_with, writer, name)


def _write_built_in(module: str, report: Report) -> bytes:
    writer: Writer = import_module(module).render
    return _encoded(writer(report))


def _write_with(writer: Writer, name: str, report: Report) -> bytes:
    try:
        return _encoded(writer(report))
    except (Exception, SystemExit) as error:
        raise Inconclusive(f"the report format {name!r} failed ({type(error).__name__}: {error})") from None


def _encoded(found: str | bytes) -> bytes:
    return found if isinstance(found, bytes) else found.encode("utf-8", "backslashreplace")
