"""The page of a class of 500 in a real browser: on a phone, by keyboard, on paper, and without a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader.classes.results.folder import write_results
from tests.browsing import Visit, Visiting, needs_browser
from tests.classes.hand import KATA
from tests.classes.results.course import OTHER, make_course, make_large

pytestmark = needs_browser
COUNT = 500


@dataclass(frozen=True)
class Site:
    """The folders of results of a large class, and of a small one with two katas and names that try to break out."""

    large: Path
    small: Path

    def address(self, name: str) -> str:
        return {
            "large": self.large / "index.html",
            "small": self.small / "index.html",
            "student": self.small / "students" / "dan.kata-77.html",
        }[name].as_uri()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    found = Site(tmp_path_factory.mktemp("large"), tmp_path_factory.mktemp("small"))
    with make_large(found.large, COUNT) as ledger:
        write_results(ledger, found.large)
    with make_course(found.small, katas=(KATA, OTHER)) as ledger:
        write_results(ledger, found.small)
    return found


@pytest.fixture
def visit(window: Visiting, site: Site) -> Iterator[Visiting]:
    """Open a page. It must have asked for nothing but itself, and complained of nothing."""
    visits: list[tuple[Visit, str]] = []

    def go(name: str, **settings: Any) -> Visit:
        there = window(**settings)
        visits.append((there, site.address(name)))
        there.page.goto(site.address(name))
        return there

    yield go
    for there, address in visits:
        assert [words for words in there.heard if words != f"request: {address}"] == []


def test_the_page_of_500_is_of_a_size_to_be_sent(site: Site) -> None:
    assert (site.large / "index.html").stat().st_size < 1_000_000
    assert len(list((site.large / "students").glob("*.html"))) == COUNT


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["large", "small", "student"])
def test_axe_finds_no_barrier(name: str, scheme: str, visit: Visiting) -> None:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    there = visit(name, color_scheme=scheme, bypass_csp=True)  # axe is a script, which the page does not allow
    there.asks("document.querySelectorAll('details').forEach((one, at) => { one.open = at < 2 })")
    only = {} if scheme == "light" else {"runOnly": ["color-contrast", "link-in-text-block"]}
    found = Axe().run(there.page, options={"resultTypes": ["violations"], **only})
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", ["large", "small", "student"])
def test_nothing_overflows_sideways_on_a_phone(name: str, visit: Visiting) -> None:
    there = visit(name, viewport={"width": 390, "height": 844})
    there.open_checks()
    assert there.asks("[document.scrollingElement.scrollWidth, innerWidth]") == [390, 390]


def test_a_wide_table_can_be_moved_by_keyboard_on_a_phone(visit: Visiting) -> None:
    there = visit("small", viewport={"width": 390, "height": 844})
    there.tab_to("[aria-label='All students']")
    moved = "document.querySelector(\"[aria-label='All students']\").scrollLeft"
    assert there.asks(moved) == 0
    there.page.keyboard.press("ArrowRight")
    there.wait_for(f"{moved} > 0")


def test_the_students_can_be_reached_by_the_first_key(visit: Visiting) -> None:
    there = visit("large")
    there.page.keyboard.press("Tab")
    assert there.asks("document.activeElement.textContent") == "To the students"
    assert there.asks("document.activeElement.getBoundingClientRect().left") > 0
    there.page.keyboard.press("Enter")
    there.wait_for("location.hash === '#students'")  # to a place in the page, the browser goes when it has time
    there.wait_for("document.querySelector('#students').getBoundingClientRect().top < 100")


def test_a_student_is_reached_by_keyboard(visit: Visiting, site: Site) -> None:
    there = visit("small")
    there.tab_to("#students a")
    with there.page.expect_navigation():
        there.page.keyboard.press("Enter")
    assert there.page.locator("h1").inner_text() == "Kata 77: Small echo"
    there.heard.clear()


def test_the_names_of_a_large_group_open_by_keyboard(visit: Visiting) -> None:
    there = visit("large")
    there.tab_to("details.others > summary")
    is_open = "document.activeElement.parentElement.open"
    assert there.asks(is_open) is False
    there.page.keyboard.press("Enter")
    assert there.asks(is_open) is True


@pytest.mark.parametrize("name", ["large", "small"])
def test_on_paper_all_names_are_there_and_fit(name: str, visit: Visiting, tmp_path: Path) -> None:
    there = visit(name, viewport={"width": 794, "height": 1123})  # A4
    there.page.emulate_media(media="print")
    hidden = """
        [...document.querySelectorAll("details.others li")].filter(one => !one.checkVisibility()).length
    """
    assert there.asks(hidden) == 0
    assert there.asks("document.scrollingElement.scrollWidth <= innerWidth")
    assert there.asks("getComputedStyle(document.querySelector('nav')).display") == "none"
    paper = there.page.pdf(format="A4")
    pages = len(re.findall(rb"/Type\s*/Page\b", paper))
    assert (10 if name == "large" else 1) < pages < 60
    there.page.emulate_media(media="screen")


def test_each_student_has_a_row_with_a_link(visit: Visiting) -> None:
    there = visit("large")
    rows = there.asks("document.querySelectorAll('#students tbody tr').length")
    links = there.asks("[...document.querySelectorAll('#students tbody a')].map(one => one.getAttribute('href'))")
    assert (rows, len(set(links))) == (COUNT, COUNT)


def test_a_name_runs_nothing_and_is_shown_as_it_is(visit: Visiting) -> None:
    there = visit("small", bypass_csp=True)
    assert there.asks("[...document.scripts].length + document.styleSheets.length") == 1
    names = there.asks("[...document.querySelectorAll('#students tbody th')].map(one => one.textContent)")
    assert "Cem <b>Öz</b>" in names
    assert "Ada Lovelace (ada)" in names
    assert there.asks("document.querySelectorAll('#students b').length") == 0


def test_without_scripts_it_is_the_same(visit: Visiting) -> None:
    with_scripts, without = (visit("small", java_script_enabled=enabled) for enabled in (True, False))
    assert without.page.content() == with_scripts.page.content()
