"""The page in a real browser: it needs nothing else, can be read and used by everybody, and runs nobody's script."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.catalog.packs import bundled
from grader.model import CheckResult, Report
from grader.report.html import render
from tests.browsing import LAYOUT, Visit, Visiting, needs_browser
from tests.conftest import DEADLINE, environment
from tests.hostile.corpus import CORPUS, TEXTS, as_text
from tests.hostile.places import filled
from tests.report.samples import MIXED, PASSED, PERFECT, UNBOOTED

pytestmark = needs_browser
WRONG = {"kata-1": "collected_first", "kata-2": "no_heartbeat", "kata-3": "single_line_end"}


def hostile(*names: str) -> Report:
    """A check for each of these items of the corpus, in all places of which it stands; the next one is its headline."""
    items = [CORPUS[name] for name in names]
    results = [filled(item, "all else").results[0] for item in items]
    headlines = [as_text(item) for item in (*items[1:], items[0])]
    return replace(
        MIXED,
        app=" ".join(text[:100] for text in headlines),
        seed=TEXTS["script"],
        command=TEXTS["out of pre"],
        results=(*map(headed, results, headlines), PASSED),
        notes=tuple(headlines),
        log="\n".join(text[:300] for text in headlines),
    )


def headed(result: CheckResult, headline: str) -> CheckResult:
    assert result.finding is not None
    return replace(result, finding=replace(result.finding, headline=headline))


REPORTS = {
    "mixed": MIXED,
    "unbooted": UNBOOTED,
    "perfect": PERFECT,
    "hostile": hostile(*CORPUS),
    "hostile in short": hostile("script", "long word", "long and wide", "many marks", "bidi override", "C0, all of it"),
}
GRADES = {
    **{f"{kata.id} stub": (kata.id, kata.stub) for kata in bundled()},
    **{f"{kata.id} wrong": (kata.id, kata.solutions / "wrong" / f"{WRONG[kata.id]}.py") for kata in bundled()},
}
#: Opens two checks that have not passed and one that has, with all that can be opened in them.
OPEN_SOME = """
    const checks = [...document.querySelectorAll("details.check")];
    const passed = checks.filter(one => one.matches(".passed")), others = checks.filter(one => !one.matches(".passed"));
    for (const check of [...others.slice(0, 2), ...passed.slice(0, 1)])
        for (const one of [check, ...check.querySelectorAll("details")]) one.open = true;
"""
EVERY_PAGE = pytest.mark.parametrize("name", [*REPORTS, *GRADES])
#: One of each kind of page is enough where a reader does something in it.
SOME_PAGES = pytest.mark.parametrize(
    "name", ["mixed", "hostile in short", "kata-1 stub", *(f"{kata} wrong" for kata in WRONG)]
)
#: Colours are all that differs in the dark; of the largest page, the one in short has all elements.
LOOKS: list[tuple[str, str]] = [
    *((name, "light") for name in (*REPORTS, *GRADES) if name != "hostile"),
    *((name, "dark") for name in ("mixed", "unbooted", "kata-1 wrong")),
]


class Pages:
    """The reports by name, each made when it is first asked for, by whichever of several test processes that is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def address(self, name: str) -> str:
        file = self._folder / f"{name}.html"
        with open(file.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not file.exists():
                self._make(name, file)
        return file.as_uri()

    def _make(self, name: str, file: Path) -> None:
        if name in REPORTS:
            file.write_text(render(REPORTS[name]), "utf-8")
            return
        kata, app = GRADES[name]
        arguments = [kata, "--app", str(app), "--html", str(file), "--seed", "5eed"]
        command = [sys.executable, "-m", "grader", *arguments]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=DEADLINE)
        assert done.returncode == 1, done.stdout + done.stderr


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    base = tmp_path_factory.getbasetemp()
    return Pages((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "pages")


@pytest.fixture
def visit(window: Visiting, pages: Pages) -> Iterator[Visiting]:
    """Open a report in a browser that is set as the keywords say.

    Whatever is done there, a page must have asked for nothing but itself, and complained of nothing.
    """
    visits: list[Visit] = []

    def go(name: str, **settings: Any) -> Visit:
        visits.append(window(**settings))
        visits[-1].page.goto(pages.address(name))
        return visits[-1]

    yield go
    assert [each.heard for each in visits] == [[f"request: {each.address}"] for each in visits]


def test_a_page_is_whole_in_one_file(visit: Visiting) -> None:
    there = visit("mixed")
    there.open_checks()
    there.page.wait_for_load_state("networkidle")
    assert there.heard == [f"request: {there.address}"]
    assert there.asks("getComputedStyle(document.querySelector('.check')).borderTopStyle") == "solid"
    assert there.asks("document.querySelector('svg.picture').getBoundingClientRect().height") > 100


@pytest.mark.parametrize(
    ("complaint", "event", "words"),
    [
        ("new Image().src = 'https://stream-katas.invalid/x.png'", "console", "Content Security Policy"),
        ("document.body.setAttribute('style', 'color: red')", "console", "Content Security Policy"),
        ("console.log('hello')", "console", "console: hello"),
        ("Promise.reject(new Error('oops')); 0", "pageerror", "error: oops"),
    ],
    ids=["image", "style", "message", "error"],
)
def test_what_a_page_must_not_do_would_be_heard(complaint: str, event: Any, words: str, visit: Visiting) -> None:
    there = visit("mixed")
    with there.page.expect_event(event):
        there.asks(complaint)
    told, there.heard[1:] = "\n".join(there.heard[1:]), []
    assert words in told


@pytest.mark.parametrize(("name", "scheme"), LOOKS)
def test_axe_finds_no_barrier(name: str, scheme: str, visit: Visiting) -> None:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    there = visit(name, color_scheme=scheme, bypass_csp=True)  # axe is a script, which the page does not allow
    there.asks(OPEN_SOME)
    only = {} if scheme == "light" else {"runOnly": ["color-contrast", "link-in-text-block"]}
    found = Axe().run(there.page, options={"resultTypes": ["violations"], **only})
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_light_or_dark_as_its_reader_wants_it(scheme: str, visit: Visiting) -> None:
    there = visit("mixed", color_scheme=scheme)
    paper = there.asks("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert all(shade > 200 for shade in paper) if scheme == "light" else all(shade < 60 for shade in paper)


@SOME_PAGES
def test_all_checks_open_and_close_by_keyboard_alone(name: str, visit: Visiting) -> None:
    there = visit(name)
    count = there.page.locator("details.check").count()
    assert count > 0
    for number in range(count):
        there.tab_to("details.check > summary")
        is_open = f"[...document.querySelectorAll('details.check')].map(one => one.open)[{number}]"
        before = there.asks(is_open)
        assert there.asks(
            f"document.activeElement.parentElement === document.querySelectorAll('details.check')[{number}]"
        )
        there.page.keyboard.press("Enter")
        assert there.asks(is_open) is not before
        there.page.keyboard.press("Enter")
        assert there.asks(is_open) is before


@EVERY_PAGE
def test_nothing_overflows_sideways_on_a_narrow_screen(name: str, visit: Visiting) -> None:
    there = visit(name, viewport={"width": 360, "height": 740})
    there.open_checks()
    assert there.asks("[document.scrollingElement.scrollWidth, innerWidth]") == [360, 360]


@pytest.mark.parametrize("width", [1280, 360])
def test_how_a_check_ended_stands_on_one_line(width: int, visit: Visiting) -> None:
    there = visit("mixed", viewport={"width": width, "height": 740})
    lines = """
        [...document.querySelectorAll(".mark")].map(
            one => [one.textContent, Math.round(one.clientHeight / parseFloat(getComputedStyle(one).lineHeight))]
        )
    """
    assert there.asks(lines) == [[result.outcome.value, 1] for result in MIXED.results]


@pytest.mark.parametrize(
    ("width", "form"), [(320, "narrow"), (390, "narrow"), (800, "narrow"), (801, "wide"), (1280, "wide")]
)
def test_one_picture_is_shown_that_fits_and_can_be_read(width: int, form: str, visit: Visiting) -> None:
    there = visit("mixed", viewport={"width": width, "height": 740})
    shown = """
        [...document.querySelectorAll(".check[open] svg.picture")].filter(one => one.getClientRects().length).map(
            one => [one.classList[1], one.getBoundingClientRect(), 11.5 * one.clientWidth / one.viewBox.baseVal.width]
        ).map(([form, box, letters]) => [form, box.left > 0 && box.right < innerWidth, letters > 8.5 && letters < 17])
    """
    assert there.asks(shown) == [[form, True, True]]


@pytest.mark.parametrize("width", [360, 390, 1280])
@pytest.mark.parametrize("name", ["mixed", "kata-1 wrong", "kata-2 wrong", "kata-3 wrong"])
def test_labels_of_a_picture_stay_between_their_lanes(name: str, width: int, visit: Visiting) -> None:
    there = visit(name, viewport={"width": width, "height": 740})
    there.open_checks()
    outside = """
        [...document.querySelectorAll("svg.picture")].filter(one => one.getClientRects().length).flatMap(picture => {
            const lanes = [...picture.querySelectorAll(".lane")].map(one => one.getBoundingClientRect().left);
            return [...picture.querySelectorAll("text.label, text.wrong")].filter(one => {
                const {left, right} = one.getBoundingClientRect();
                return !lanes.slice(1).some((lane, at) => left > lanes[at] && right < lane);
            }).map(one => one.textContent);
        })
    """
    assert there.asks("document.querySelectorAll('svg.picture text.label').length") > 0
    assert there.asks(outside) == []


@SOME_PAGES
def test_without_scripts_the_page_is_the_same(name: str, visit: Visiting) -> None:
    with_scripts, without = (visit(name, java_script_enabled=enabled) for enabled in (True, False))
    assert without.page.content() == with_scripts.page.content()
    assert without.asks(LAYOUT) == with_scripts.asks(LAYOUT)


@pytest.mark.parametrize("allowed", [False, True], ids=["by its policy", "by escaping alone"])
def test_nothing_of_the_learner_runs_or_looks_like_the_page(allowed: bool, visit: Visiting) -> None:
    there = visit("hostile", bypass_csp=allowed)
    there.open_checks()
    there.page.wait_for_load_state("networkidle")
    assert there.asks("window.owned") is None
    assert there.page.title() == f"1 of {2 * len(CORPUS) + 1} – Small echo"
    assert there.asks("document.querySelectorAll('.check').length") == len(CORPUS) + 1
    assert there.asks("[...document.scripts].length + document.styleSheets.length") == 1
