"""The report as JUnit XML, for CI servers: a failure is the app's, an error is the grader's or the machine's.

By the schema that Jenkins' xUnit plugin reads: https://github.com/jenkinsci/xunit-plugin, junit-10.xsd.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from grader.model import CheckResult, Outcome, Report
from grader.report import advice, exported
from grader.score import is_decided
from grader.text import visible, without_commands

_TAGS = {Outcome.FAILED: "failure", Outcome.BLOCKED: "skipped", Outcome.INCONCLUSIVE: "error"}


def render(report: Report) -> str:
    """``report`` as one test suite."""
    return document([suite(report)])


def document(suites: list[ET.Element]) -> str:
    """A document of these suites, with their sums."""
    root = ET.Element("testsuites")
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(each.get(name, "0")) for each in suites)))
    root.extend(suites)
    ET.indent(root)
    return without_commands(ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n")


def suite(report: Report, *, name: str = "") -> ET.Element:
    """The checks of one grade; ``name`` goes before the kata's title. Points that are not final are not in it."""
    found = ET.Element("testsuite", name=f"{visible(name, 200)}{visible(report.title, exported.TITLE)}")
    found.set("tests", str(len(report.results)))
    for attribute, outcome in (
        ("failures", Outcome.FAILED),
        ("errors", Outcome.INCONCLUSIVE),
        ("skipped", Outcome.BLOCKED),
    ):
        found.set(attribute, str(report.count(outcome)))
    found.set("time", _time(report.seconds))
    properties = ET.SubElement(found, "properties")
    points = {"points": str(report.points)} if is_decided(report) else {}
    for key, value in {**exported.origin_of(report), **points, "possible": str(report.possible)}.items():
        ET.SubElement(properties, "property", name=key, value=value)
    found.extend(_case(result, report) for result in report.results)
    return found


def _case(result: CheckResult, report: Report) -> ET.Element:
    found = ET.Element("testcase", name=exported.title(result), classname=visible(report.kata, 200))
    found.set("time", _time(result.seconds))
    if tag := _TAGS.get(result.outcome):
        outcome = advice.outcome(result, report)
        inner = ET.SubElement(found, tag, type=outcome, message=exported.headline(result, report))
        inner.text = exported.account(result, report)
    return found


def _time(seconds: float) -> str:
    return f"{max(0.0, seconds):.3f}"
