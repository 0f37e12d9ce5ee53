"""Opens a page in the reader's own browser, where there is one with a window."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path


def show(page: Path) -> bool:
    """Open ``page``; False when there is no browser for it. One that would take over the terminal counts as none."""
    has_window = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if not has_window and not os.environ.get("BROWSER"):
        return False
    return webbrowser.open(page.resolve().as_uri())
