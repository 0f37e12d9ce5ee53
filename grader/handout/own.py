"""The grader that runs as a wheel, to be handed out: no index has to have this version of it.

It holds the bundled katas, and no solution. The libraries beside it are pinned to the versions of this machine, with
which the katas were proven.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from grader.catalog.packs import bundled
from grader.errors import UsageError
from grader.handout.wheel import Label, archive

_NAME = "stream-katas"
_PACKAGE = Path(__file__).resolve().parents[1]
_LEFT_OUT = ("__pycache__", "_bundle")
#: The name at the front of a requirement.
_REQUIRED = re.compile(r"[A-Za-z0-9._-]+")


def grader_wheel() -> tuple[str, bytes]:
    """The name and the bytes of the wheel. Raises UsageError where the grader was not installed by pip or the like."""
    found = _installed()
    label = Label(_NAME, found.version)
    info = f"{label.module}-{label.version}.dist-info"
    about = {name: (found.read_text(name) or "").encode() for name in ("METADATA", "entry_points.txt")}
    kind = b"Wheel-Version: 1.0\nGenerator: stream-katas\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = dict(_files())
    return label.file, archive(
        files | {f"{info}/{name}": data for name, data in {**about, "WHEEL": kind}.items()}, info
    )


def python() -> str:
    """The version of Python here, such as "3.12": the libraries were tried with it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def constraints() -> str:
    """The libraries that the grader needs, with their versions here, for pip's --constraint."""
    found: dict[str, str] = {}
    queue = [_installed()]
    while queue:
        for required in queue.pop().requires or ():
            named = _REQUIRED.match(required)
            name = re.sub(r"[._-]+", "-", named[0]).lower() if named else ""
            if not name or "extra ==" in required or name in found:
                continue
            try:
                library = distribution(name)
            except PackageNotFoundError:  # of another system or Python
                continue
            found[name] = library.version
            queue.append(library)
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()))


def _installed() -> Distribution:
    try:
        return distribution(_NAME)
    except PackageNotFoundError:
        raise UsageError("the grader is not installed here, so it cannot be handed out: install it first.") from None


def _files() -> Iterator[tuple[str, bytes]]:
    home = _PACKAGE.parent
    yield "stream_katas.py", (home / "stream_katas.py").read_bytes()
    for file in sorted(_PACKAGE.rglob("*")):
        if file.is_file() and not any(part in _LEFT_OUT for part in file.relative_to(_PACKAGE).parts):
            yield file.relative_to(home).as_posix(), file.read_bytes()
    for folder in (kata.folder for kata in bundled()):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield f"grader/_bundle/katas/{folder.name}/{file.relative_to(folder).as_posix()}", file.read_bytes()
