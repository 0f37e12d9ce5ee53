"""The page: all that a report knows, in one document that runs nothing, loads nothing, and escapes what it shows."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from rich.cells import cell_len

from grader.model import BootFailure, Check, CheckResult, Finding, Outcome, Place, Raised, Report, Requirement, Spot
from grader.report import advice
from grader.report.html import render
from grader.requirement import link
from tests.report.pages import Element, read
from tests.report.samples import (
    BLOCKED,
    COMPARED,
    CURL,
    FAILED,
    FINDING,
    MIXED,
    PASSED,
    PERFECT,
    SILENT,
    TRANSCRIPT,
    UNBOOTED,
    UNDECIDED,
)

PAGES = {"mixed": MIXED, "unbooted": UNBOOTED, "perfect": PERFECT, "no checks": replace(MIXED, results=())}
EVERY_PAGE = pytest.mark.parametrize("report", PAGES.values(), ids=PAGES)


def page_of(*results: CheckResult, **changes: Any) -> Element:
    """The page of a report with these results."""
    return read(render(replace(MIXED, results=results, **changes)))


def sheet(result: CheckResult) -> Element:
    """The page's part about one check."""
    return page_of(result).one(of="check")


def found(**changes: Any) -> Element:
    """The same about a check that failed, with another finding."""
    return sheet(replace(FAILED, finding=replace(FINDING, **changes)))


def facts(part: Element) -> dict[str, str]:
    """What a list of terms tells."""
    return dict(zip(part.says("dt"), part.says("dd"), strict=True))


# -- what it tells ----------------------------------------------------------------------------------------------------


def test_the_head_tells_whose_grade_it_is_and_how_it_went() -> None:
    page = read(render(MIXED))
    assert page.one("title").text == "2 of 32 – Small echo"
    assert page.one("h1").text == "Kata 77: Small echo"
    head = page.one("header").text
    for words in (MIXED.app, "2 of 32 points", "2 passed, 2 failed, 1 blocked, 1 inconclusive", "seed 5eed", "1.2 s"):
        assert words in head


@pytest.mark.parametrize("report", [MIXED, UNBOOTED, PERFECT], ids=["mixed", "unbooted", "perfect"])
def test_the_next_step_comes_before_all_checks(report: Report) -> None:
    page = read(render(report))
    advised = page.one("header").one(of="next")
    assert advised.text.removesuffix(" See why") == advice.next_step(report).replace("`", "")
    if report is MIXED:
        assert advised.one("a").attributes["href"] == f"#{page.all(of='failed')[0].attributes['id']}"
    else:
        assert not advised.all("a")


def test_the_cause_stands_above_all_checks_and_what_the_app_raised_and_printed_in_the_first_failure() -> None:
    place = Place("app.py", 17, "events", "yield item['x']")
    failed = replace(FAILED, raised=Raised("KeyError: 'x'", (place,)), printed="hello\n")
    page = read(render(replace(MIXED, results=(failed,))))
    assert page.one("header").one(of="cause").text == FINDING.headline
    check = page.one(of="failed")
    assert {"What the app raised", "What it printed during this check"} <= set(check.says("h3"))
    for words in ("KeyError: 'x'", "app.py:17, in events: yield item['x']", "hello"):
        assert words in check.text


def test_the_bar_is_as_long_as_the_points_that_were_earned() -> None:
    bar = read(render(MIXED)).one(of="bar")
    assert bar.attributes["viewbox"] == "0 0 32 1"
    assert bar.one(of="all").attributes["width"] == "32"
    assert bar.one(of="earned").attributes["width"] == "2"


def test_each_check_has_its_line_in_the_specifications_order() -> None:
    page = read(render(MIXED))
    lines = [
        (part.says(of="mark")[0], part.says(of="title")[0], part.says(of="points")[0]) for part in page.all(of="check")
    ]
    assert lines == [
        (result.outcome.value, result.check.title.replace("`", ""), f"{result.earned} / {result.check.points}")
        for result in MIXED.results
    ]


def test_only_the_first_failed_check_is_open() -> None:
    parts = read(render(MIXED)).all(of="check")
    assert [part.one(of="title").text for part in parts if "open" in part.attributes] == [FAILED.check.title]


def test_a_failed_check_tells_what_was_expected_and_seen_and_where_to_read_on() -> None:
    part = sheet(FAILED)
    assert part.one(of="headline").text == FINDING.headline
    assert facts(part) == {
        "expected": FINDING.expected,
        "seen": FINDING.seen,
        "requirement": "“A line without a colon is a field name.” (WHATWG HTML 9.2.6)",
        "where": 'app.py:17, in events: yield f"data {item}" (inside json.dumps); '
        "the event loop had been blocked for 2.5 s",
        "hint": "A field is name: value.",
    }
    assert part.one("a").attributes == {"href": link("WHATWG HTML 9.2.6")}
    assert part.says("h3") == [
        "Response body at this point (↵ is a line ending)",
        "What happened at both ends",
        "To reproduce, start the app with uvicorn app:app and send:",
    ]


def test_what_the_headline_says_is_not_said_twice() -> None:
    assert facts(sheet(COMPARED)) == {"requirement": "“All items are counted.” (this kata's README)"}
    assert facts(sheet(UNDECIDED)) == {}


def test_a_requirement_without_an_address_is_no_link() -> None:
    part = found(requirement=Requirement("Our own rule 3", "Count."))
    assert facts(part)["requirement"] == "“Count.” (Our own rule 3)"
    assert part.all("a") == []


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place("app.py", 3), "app.py:3"),
        (Place("app.py", 3, "<module>", "x = 1"), "app.py:3: x = 1"),
        (Place("app.py", 3, "answer", "", "sleep"), "app.py:3, in answer (inside sleep)"),
    ],
)
def test_a_place_tells_what_is_known_of_it(place: Place, words: str) -> None:
    assert facts(found(place=place))["where"] == words


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("data: one\n\n", "data two\n\n", "data: one↵↵|data two↵↵"),
        ("data", "", "data|(end of what arrived)"),
        ("x" * 60, "!" * 80, "x" * 28 + "|" + "!" * 68 + "…"),
        ("naïve 中文 ", "data", "naïve 中文 |data"),
        ("a\x1b", "\u202eb", r"a\x1b|\u202eb"),
    ],
    ids=["line ends", "at the end", "far in", "wide characters", "unprintable"],
)
def test_the_caret_stands_under_the_offending_byte(before: str, after: str, line: str) -> None:
    spot = Spot((before + after).encode(), len(before.encode()), 4711)
    shown = "".join(found(spot=spot).all("pre")[0].texts)
    left, right = line.split("|")
    assert shown == f"{left}{right}\n{' ' * cell_len(left)}^ byte 4711"


def test_the_picture_is_there_to_look_at_and_the_record_to_read() -> None:
    part = sheet(FAILED)
    for picture in part.one(of="wide"), part.one(of="narrow"):
        assert picture.attributes["role"] == "img"
        assert picture.attributes["aria-label"]
        assert "expected “two”" in picture.text
    record = part.one(of="more")
    assert len("".join(record.one("pre").texts).splitlines()) == len(TRANSCRIPT)
    assert "open" not in record.attributes


def test_a_passed_check_shows_what_happened_as_far_as_anything_did() -> None:
    part = sheet(PASSED)
    assert (part.tag, part.all(of="headline"), len(part.all(of="picture"))) == ("details", [], 2)
    assert sheet(SILENT).tag == "div"
    assert sheet(SILENT).says("span") == ["passed", "nothing is sent unasked", "1 / 1"]


def test_requests_can_be_repeated_by_hand_the_first_three_of_them() -> None:
    lines = [f"curl -N http://127.0.0.1:8000/{number}" for number in range(5)]
    part = sheet(replace(FAILED, requests=tuple(lines)))
    assert part.says("pre", "command") == lines[:3]
    assert sheet(FAILED).says("pre", "command") == [CURL]


def test_a_blocked_check_is_a_plain_line_and_the_page_says_what_that_means() -> None:
    part = sheet(BLOCKED)
    assert part.tag == "div"
    assert part.text == "blocked the stream ends cleanly 0 / 8"
    says = "A blocked check comes after one that did not pass."
    assert says in read(render(MIXED)).text
    assert says not in page_of(FAILED).text


def test_an_app_that_did_not_start_is_told_why_and_where() -> None:
    page = read(render(UNBOOTED))
    assert page.one("title").text.startswith("0 of 32")
    main = page.one("main")
    assert main.says("h2")[0] == "The app did not start"
    assert main.one(of="headline").text == "app.py raises KeyError while it is imported: 'k'"
    assert main.one(of="hint").text == "Look at x['k']."
    for words in (
        "app.py:2: y = x['k']",
        "app.py:9, in helper: return f() (inside f); the event loop had been blocked for 1.5 s",
    ):
        assert words in main.text
    assert {part.tag for part in page.all(of="check")} == {"div"}
    assert page.all(of="picture") == []
    assert "INFO: first line" in main.text


def test_when_all_is_well_the_page_says_so_and_nothing_is_open() -> None:
    page = read(render(PERFECT))
    assert page.one(of="next").text.startswith("All checks passed.")
    assert [part for part in page.all("details") if "open" in part.attributes] == []
    assert page.all(of="headline") == []
    assert page.says("h2") == ["Your server must show that …", "Grade it again"]


def test_notes_and_the_end_of_the_log_follow_the_checks() -> None:
    log = "".join(f"line {number}\n" for number in range(100)) + "\tindented\n"
    page = page_of(FAILED, notes=("first note", "second note"), log=log)
    assert page.says("h2") == [
        "Your server must show that …",
        "Also noticed",
        "What the app printed",
        "Grade it again",
    ]
    assert page.says("p")[-3:-1] == ["first note", "second note"]
    shown = "".join(page.one("main").all("pre")[-1].texts).splitlines()
    assert shown == ["… 41 lines before", *(f"line {number}" for number in range(41, 100)), "    indented"]


def test_the_page_ends_with_the_command_that_repeats_it() -> None:
    footer = read(render(MIXED)).one("footer")
    assert footer.one("pre").text == "grade kata-77 --app app.py --seed 5eed"
    assert footer.says("p") == ["python 3.11.2, uvicorn 0.30.0"]


@pytest.mark.parametrize(
    ("title", "codes"),
    [("`one` and `two`", ["one", "two"]), ("a lone ` backtick", []), ("``", [""]), ("`<b>` & <i>", ["<b>"])],
)
def test_what_stands_between_backticks_is_set_as_code(title: str, codes: list[str]) -> None:
    part = sheet(replace(SILENT, check=Check("x", title, 1))).one(of="title")
    assert part.says("code") == codes
    assert part.text == (title.replace("`", "") if codes else title)


# -- what it is -------------------------------------------------------------------------------------------------------


@EVERY_PAGE
def test_the_policy_allows_the_pages_own_style_and_nothing_else(report: Report) -> None:
    page = read(render(report))
    style = "".join(page.one("style").texts)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [meta for meta in page.all("meta") if meta.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert [policy.attributes["content"] for policy in policies] == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]
    head = page.one("head").all()
    assert head.index(policies[0]) < head.index(page.one("style"))


#: Elements that run or load something, or lead away.
FORBIDDEN = set(
    "script link iframe object embed img image audio video source form input button base use animate".split()
)


@EVERY_PAGE
def test_the_page_runs_and_loads_nothing_and_leads_out_only_to_requirements(report: Report) -> None:
    elements = read(render(report)).all()
    assert not {one.tag for one in elements} & FORBIDDEN
    attributes = [(one.tag, name, value) for one in elements for name, value in one.attributes.items()]
    assert not {name for _, name, _ in attributes} & {"style", "src", "srcset", "srcdoc", "action", "xlink:href"}
    assert not [name for _, name, _ in attributes if name.startswith("on")]
    findings = [result.finding for result in report.results if result.finding]
    sources = {link(finding.requirement.source) for finding in findings if finding.requirement} - {""}
    values = [(tag, name, re.sub("'sha256-.*?'", "", value)) for tag, name, value in attributes]  # Base64 may hold "//"
    leads = [(tag, name, value) for tag, name, value in values if name == "href" or "//" in value]
    within = {("a", "href", f"#{one.attributes['id']}") for one in elements if "id" in one.attributes}
    assert {*leads} - within == {("a", "href", source) for source in sources}


@EVERY_PAGE
def test_the_page_is_well_formed_and_says_what_it_is_written_in(report: Report) -> None:
    written = render(report)
    assert written.startswith("<!doctype html>")
    page = read(written)  # fails on what is not closed
    assert [one.tag for one in page.inside] == ["html"]
    assert page.one("html").attributes["lang"] == "en"
    assert page.all("meta")[0].attributes == {"charset": "utf-8"}
    assert [one.tag for one in page.one("body").inside] == ["header", "main", "footer"]


@EVERY_PAGE
def test_headings_do_not_skip_a_level(report: Report) -> None:
    levels = [int(one.tag[1]) for one in read(render(report)).all() if one.tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@EVERY_PAGE
def test_whatever_scrolls_can_be_reached_by_keyboard(report: Report) -> None:
    assert {one.attributes.get("tabindex") for one in read(render(report)).all("pre")} == {"0"}


def test_the_same_report_makes_the_same_page() -> None:
    assert render(MIXED) == render(replace(MIXED))


MARKUP = "<i>&amp; \"x\" 'y' {{ 7*7 }}"


def test_titles_and_names_of_a_kata_are_escaped_too() -> None:
    check = Check("x", MARKUP, 1)
    result = CheckResult(check, Outcome.FAILED, Finding("a", "b", Requirement(MARKUP, MARKUP), headline="c"))
    page = page_of(result, title=MARKUP, versions={MARKUP: MARKUP})
    assert page.one("title").text == f"0 of 1 – {MARKUP}"
    assert page.one("h1").text == f"Kata 77: {MARKUP}"
    assert page.one(of="check").one(of="title").text == MARKUP
    assert facts(page.one("main"))["requirement"] == f"“{MARKUP}” ({MARKUP})"
    assert page.one("footer").says("p") == [f"{MARKUP} {MARKUP}"]


def test_many_frames_of_a_boot_failure_are_all_there() -> None:
    frames = tuple(Place("app.py", line, "f", "f()") for line in range(1, 13))
    page = page_of(boot_failure=BootFailure("it raises RecursionError", frames=frames))
    assert [words for words in page.one("main").says("p") if words.startswith("app.py:")] == [
        f"app.py:{line}, in f: f()" for line in range(1, 13)
    ]
