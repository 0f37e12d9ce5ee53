"""The versions that a report has."""

from __future__ import annotations

import sys
from functools import cache


@cache
def versions() -> dict[str, str]:
    """The parts whose version can matter, of those that are loaded or installed when this is first called."""
    # Late: it takes 15 ms, and the app was started before.
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": sys.version.partition(" ")[0]}
    for name in ("stream-katas", "fastapi", "starlette", "uvicorn"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
