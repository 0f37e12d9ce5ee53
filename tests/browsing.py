"""A real browser for tests: what a page asks for, complains of, and how it is used."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DEADLINE = 300.0  # seconds, as in tests/conftest.py
#: The mark of tests that need it.
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed: apt install chromium (`make browser` does it)"
)
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-background-networking --no-first-run --disable-component-update "
    "--disable-sync --disable-quic"
)


@dataclass(frozen=True)
class Visit:
    """A page that is open, and what the browser had to tell of it: requests, messages, errors."""

    page: Page
    heard: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.page.url

    def asks(self, script: str) -> Any:
        """What ``script`` comes to in the page."""
        return self.page.evaluate(script)

    def open_checks(self) -> None:
        self.asks("document.querySelectorAll('details').forEach(one => { one.open = true })")

    def wait_for(self, condition: str) -> None:
        """Until ``condition`` holds; looked at with every frame that the browser paints."""
        self.asks(f"""
            new Promise((hold, fail) => {{
                const deadline = performance.now() + {DEADLINE * 1000};
                const look = () => {{
                    if ({condition}) hold();
                    else if (performance.now() > deadline) fail(new Error("it never came"));
                    else requestAnimationFrame(look);
                }};
                look();
            }})
        """)

    def tab_to(self, selector: str) -> None:
        """Press Tab until the element with the focus is ``selector``."""
        for _ in range(500):
            self.page.keyboard.press("Tab")
            if self.asks(f"document.activeElement.matches({selector!r})"):
                return
        raise AssertionError(f"Tab does not lead to {selector}")


Visiting = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split(), timeout=DEADLINE * 1000)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def window(browser: Browser) -> Visiting:
    """An empty page that is set as the keywords say: the same one each time, for a new one takes its time."""
    windows: dict[str, Visit] = {}

    def get(**settings: Any) -> Visit:
        kept = windows.get(repr(settings))
        if kept is None:
            context = browser.new_context(**settings)
            context.set_default_timeout(DEADLINE * 1000)
            kept = windows[repr(settings)] = Visit(context.new_page())
            told = kept.heard
            context.on("request", lambda request: told.append(f"request: {request.url}"))
            context.on("console", lambda message: told.append(f"console: {message.text}"))
            context.on("weberror", lambda error: told.append(f"error: {error.error}"))
            context.on("page", lambda page: told.append(f"another page: {page.url}"))
        kept.page.goto("about:blank")
        kept.heard.clear()
        return kept

    return get


#: Where each element is.
LAYOUT = """
    [...document.querySelectorAll("body *")].map(one => {
        const {x, y, width, height} = one.getBoundingClientRect();
        return [one.tagName, x, y, width, height].join(" ");
    }).join("\\n")
"""
