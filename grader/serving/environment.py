"""Which variables an app gets beside those that it inherits: from options, and from files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from grader.errors import UsageError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS = "STREAM_KATAS_"


def set_here(names: Iterable[str]) -> dict[str, str]:
    """Those of the variables that this process has, with their values."""
    return {name: os.environ[name] for name in names if name in os.environ}


def chosen(options: Iterable[str], files: Iterable[Path]) -> dict[str, str]:
    """The variables of `--env NAME`, `--env NAME=VALUE` and `--env-file FILE`; options win. Raises UsageError."""
    found: dict[str, str] = {}
    for file in files:
        found |= _of_file(file)
    for option in options:
        name, given, value = option.partition("=")
        _check(name, f"--env {option!r}")
        if not given and name not in os.environ:
            raise UsageError(f"--env {name}: the variable is not set here; set it, or write --env {name}=VALUE.")
        found[name] = value if given else os.environ[name]
    return found


def _of_file(file: Path) -> dict[str, str]:
    """Lines NAME=VALUE. Empty lines and comments (#) are skipped, quotes around a value are taken off."""
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(f"--env-file: {str(file)!r} cannot be read: {error}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        name, given, value = line.removeprefix("export ").partition("=")
        if not given:
            raise UsageError(f"--env-file: line {number} of {str(file)!r} is not NAME=VALUE.")
        _check(name.strip(), f"--env-file: line {number} of {str(file)!r}")
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _check(name: str, where: str) -> None:
    """Raises UsageError where an app must not be given the variable."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{where}: {name!r} is not the name of a variable.")
    if name.startswith(_OURS):
        raise UsageError(f"{where}: the grader itself sets {name}.")
