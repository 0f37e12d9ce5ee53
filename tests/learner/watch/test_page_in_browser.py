"""The page that stays open, in a real browser: it takes in each report, keeps its reader's place, plays pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grader.learner.watch.board import Board
from grader.learner.watch.served import ServedPage
from grader.learner.watch.state import State
from grader.model import Outcome, Report
from grader.pool.news import Progress
from tests.browsing import ARGUMENTS, CHROMIUM
from tests.conftest import DEADLINE
from tests.learner.watch.test_watch import Desk as Files
from tests.learner.watch.test_watch import Piped
from tests.report.samples import MIXED, UNBOOTED
from tests.small_kata import SOLUTION, make_kata, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt install chromium")
FAILED = [result.check.id for result in MIXED.results if result.outcome is Outcome.FAILED]
_TIMEOUT = DEADLINE * 1000  # milliseconds
#: A check that is not open at first, with a transcript.
OTHER = next(result.check.id for result in MIXED.results if result.transcript and result.check.id != FAILED[0])


def fixed(report: Report) -> Report:
    """The same grade, but its first failed check passes."""
    first = FAILED[0]
    results = tuple(
        replace(result, outcome=Outcome.PASSED, finding=None) if result.check.id == first else result
        for result in report.results
    )
    return replace(report, results=results)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split(), timeout=_TIMEOUT)
        yield browser
        browser.close()


@dataclass
class Desk:
    """A watch whose grades a test makes up, and a browser with its page."""

    board: Board
    address: str
    context: BrowserContext
    state: State

    def graded(self, report: Report) -> None:
        """Another grade has ended."""
        self.state = self.state.started().graded(report)
        self.board.show(self.state)

    def open(self) -> Page:
        page = self.context.new_page()
        page.goto(self.address)
        return page


@pytest.fixture
def desk(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A page as wide as a phone's, or as the mark of the test says. Nothing may be wrong with it."""
    settings: dict[str, Any] = {"viewport": {"width": 390, "height": 700}, **getattr(request, "param", {})}
    context = browser.new_context(**settings)
    context.set_default_timeout(_TIMEOUT)
    wrong: list[str] = []
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    context.on("console", lambda message: wrong.append(message.text))
    board = Board()
    board.begin("Kata 77: Small echo")
    board.show(State().started())
    with ServedPage(board) as served:
        yield Desk(board, served.address, context, State())
        context.close()
    assert wrong == []


def test_each_report_is_taken_in_as_it_comes_with_what_has_changed(desk: Desk) -> None:
    page = desk.open()
    page.get_by_text("The first grade is not over yet.").wait_for()
    page.get_by_text("Run 1: the app is starting.").wait_for()
    desk.board.show(replace(State().started(), progress=Progress(2, 6)))
    page.get_by_text("Run 1: 2 of 6 checks.").wait_for()
    desk.graded(MIXED)
    page.locator("strong", has_text=f"{MIXED.points} of {MIXED.possible} points").wait_for()
    page.get_by_text("There is nothing to compare with yet.").wait_for()
    desk.graded(fixed(MIXED))
    page.locator(".since .gained", has_text="passes now: ").wait_for()
    assert page.title() == f"{fixed(MIXED).points} of {MIXED.possible} – Small echo"
    assert page.locator("#news").inner_text().startswith(f"{fixed(MIXED).points} of {MIXED.possible} points")
    assert page.locator(f"[id='{FAILED[0]}'] .was").text_content() == "failed the last time"
    desk.graded(UNBOOTED)
    page.get_by_text("The app did not start", exact=True).wait_for()


def test_a_reader_keeps_place_focus_and_what_is_open(desk: Desk) -> None:
    desk.graded(MIXED)
    page = desk.open()
    page.get_by_text("Run 1. Waiting for a save.").wait_for()
    other = page.locator(f"[id='{OTHER}']")
    other.locator("> summary").click()
    other.locator("details.more > summary").click()
    page.evaluate(f"document.getElementById({OTHER!r}).scrollIntoView()")
    before = page.evaluate(f"document.getElementById({OTHER!r}).getBoundingClientRect().top")
    desk.graded(fixed(MIXED))
    page.locator(".since .gained").wait_for(state="attached")
    top = page.evaluate(f"document.getElementById({OTHER!r}).getBoundingClientRect().top")
    assert abs(top - before) <= 1
    assert page.evaluate("scrollY") > 0
    assert page.evaluate(f"document.getElementById({OTHER!r}).open")
    assert other.locator("details.more").evaluate("one => one.open")
    assert page.evaluate("document.activeElement.textContent") == "The whole transcript, line by line"


def test_what_its_reader_has_closed_stays_closed_and_the_next_failure_opens(desk: Desk) -> None:
    desk.graded(MIXED)
    page = desk.open()
    page.locator(f"[id='{FAILED[0]}'] > summary").click()
    desk.graded(replace(MIXED, seconds=2.5))
    page.locator(".score", has_text="2.5 s").wait_for()
    assert page.locator("details.check[open]").count() == 0
    desk.graded(fixed(MIXED))
    page.locator(".since .gained").wait_for()
    assert page.locator("details.check[open]").get_attribute("id") == FAILED[1]
    desk.graded(MIXED)
    page.locator(".since .lost").wait_for()
    assert page.locator("details.check[open]").get_attribute("id") == FAILED[0]


def test_a_picture_is_played_step_by_step(desk: Desk) -> None:
    desk.graded(MIXED)
    page = desk.open()
    page.clock.install()
    picture = page.locator(".check[open] .pictures")
    steps = picture.locator("svg.narrow .step")
    total = steps.count()
    ahead = picture.locator("svg.narrow .step.ahead")
    picture.get_by_role("button", name="Step").click()
    assert ahead.count() == total - 1
    said = picture.get_by_role("status")
    assert re.match(rf"1 of {total}: GET /echo", said.inner_text())
    picture.get_by_role("button", name="Step").click()
    picture.get_by_role("button", name="Back").click()
    assert ahead.count() == total - 1
    picture.get_by_role("button", name="Play").click()
    assert ahead.count() == total - 2
    for left in range(total - 3, -1, -1):
        page.clock.run_for(900)
        assert ahead.count() == left
    assert said.inner_text() == ""
    assert picture.get_by_role("button", name="Play").count() == 1  # it has ended, and can be played again
    picture.get_by_role("button", name="Play").click()
    picture.get_by_role("button", name="Pause").click()
    page.clock.run_for(5000)
    assert ahead.count() == total - 1
    picture.get_by_role("button", name="All").click()
    assert ahead.count() == 0


@pytest.mark.parametrize(
    "desk",
    [{"viewport": {"width": 1280, "height": 900}, "bypass_csp": True}, {"bypass_csp": True}],
    indirect=True,
    ids=["wide", "390"],
)
def test_axe_finds_no_barrier_and_nothing_overflows(desk: Desk) -> None:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    desk.graded(fixed(MIXED))
    desk.graded(MIXED)
    page = desk.open()
    page.locator(".check[open] .player").wait_for()
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("desk", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_it_is_the_static_page_to_be_loaded_again(desk: Desk) -> None:
    desk.graded(MIXED)
    page = desk.open()
    assert page.locator("noscript").inner_text() == "Scripts are off: load the page again after each save."
    assert page.locator("noscript p").is_visible()
    assert page.locator("button").count() == 0
    assert page.locator(f"[id='{FAILED[0]}'] svg.narrow .step").count() > 0
    desk.graded(fixed(MIXED))
    page.reload()
    assert page.locator(".since .gained").is_visible()


def test_a_save_is_seen_on_the_page_of_a_real_watch(tmp_path: Path, browser: Browser) -> None:
    folder = make_kata(tmp_path)
    with Piped(Files(tmp_path, folder / "app.py"), "--serve") as watch:
        address = watch.line().removeprefix("The page: ")
        page = browser.new_page()
        page.goto(address)
        page.locator("strong", has_text="0 of 3 points").wait_for(timeout=_TIMEOUT)
        write(folder / "app.py", SOLUTION)
        page.locator(".since .gained", has_text="passes now: the answer is JSON").wait_for(timeout=_TIMEOUT)
        assert page.locator("strong").inner_text() == "3 of 3 points"
        page.close()


def test_the_end_of_the_watch_is_said_and_the_last_report_stays(desk: Desk) -> None:
    desk.graded(MIXED)
    page = desk.open()
    page.get_by_text("Run 1. Waiting for a save.").wait_for()
    desk.board.close()
    page.get_by_text("The watch has ended. This is its last report.").wait_for()
    assert page.locator(".check").count() == len(MIXED.results)
