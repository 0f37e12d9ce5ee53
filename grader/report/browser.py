"""Opens a page in the user's browser, if there is one with a window."""

from __future__ import annotations

import os
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path


def show(page: Path) -> bool:
    """Open ``page``; False when there is no browser for it. A browser that runs in the terminal does not count."""
    return show_address(page.resolve().as_uri())


def show_address(address: str) -> bool:
    """Open the page at ``address``, as :func:`show` does."""
    has_window = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if not has_window and not os.environ.get("BROWSER"):
        return False
    _look_for_windows()
    return webbrowser.open(address)


def _look_for_windows() -> None:
    """Let `webbrowser` look for browsers, which it does once: without TERM it finds none that runs in a terminal."""
    terminal = os.environ.pop("TERM", None)
    try:
        with suppress(webbrowser.Error):
            webbrowser.get()
    finally:
        if terminal is not None:
            os.environ["TERM"] = terminal
