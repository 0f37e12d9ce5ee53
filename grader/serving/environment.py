"""The variables that an app gets beside those that it inherits: from options, from files, and from settings."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from grader.catalog.files import read_bytes
from grader.catalog.setting import read_setting, settings_around
from grader.errors import UsageError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS = "STREAM_KATAS_"
_EXPORT = re.compile(r"export\s+(?=\S)")
_QUOTED = re.compile(r"""(["'])((?:\\.|(?!\1)[^\\])*)\1(?:\s*#.*)?""")
_COMMENT = re.compile(r"\s#.*")
_ESCAPES_OF_SINGLE = {"\\": "\\", "'": "'"}
_ESCAPES = _ESCAPES_OF_SINGLE | {'"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def of_settings(start: Path) -> dict[str, str]:
    """The variables of the settings for commands in ``start``: those in files, and named ones of this process.

    What this process has wins over files, and a nearer setting over one above it. What is not there is left out.
    Raises BadKata, and UsageError for a file with a fault.
    """
    settings = {file: read_setting(file) for file in reversed(settings_around(start))}
    found: dict[str, str] = {}
    for file, setting in settings.items():
        if setting.environment_file is not None and setting.environment_file.exists():
            found |= _of_file(setting.environment_file, f"environment-file of {file}", read=read_bytes)
    names = [name for setting in settings.values() for name in setting.environment]
    return found | {name: os.environ[name] for name in names if name in os.environ}


def chosen(options: Iterable[str], files: Iterable[Path]) -> dict[str, str]:
    """The variables of `--env NAME`, `--env NAME=VALUE` and `--env-file FILE`; options win. Raises UsageError."""
    found: dict[str, str] = {}
    for file in files:
        found |= _of_file(file, "--env-file")
    for option in options:
        name, given, value = option.partition("=")
        _check(name, f"--env {option!r}")
        if not given and name not in os.environ:
            raise UsageError(f"--env {name}: the variable is not set here; set it, or write --env {name}=VALUE.")
        found[name] = value if given else os.environ[name]
    return found


def _of_file(file: Path, named_by: str, *, read: Callable[[Path], bytes] = Path.read_bytes) -> dict[str, str]:
    """Lines NAME=VALUE, as python-dotenv reads them for uvicorn's own `--env-file`, but each variable on one line.

    Empty lines and comments (#) are skipped, and `export` before a name, and quotes and a comment around a value. No
    other variable is put in. Who names a file on the command line may name a pipe.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, _lines(file, named_by, read)), start=1):
        if not line or line.startswith("#"):
            continue
        name, given, value = _EXPORT.sub("", line).partition("=")
        if not given:
            raise UsageError(f"{named_by}: line {number} of {str(file)!r} is not NAME=VALUE.")
        _check(name.strip(), f"{named_by}: line {number} of {str(file)!r}")
        found[name.strip()] = _value(value)
    return found


def _lines(file: Path, named_by: str, read: Callable[[Path], bytes]) -> list[str]:
    try:
        data = read(file)
        return data.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(f"{named_by}: {str(file)!r} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{named_by}: line {line} of {str(file)!r} is not UTF-8; save it as UTF-8.") from None


def _value(text: str) -> str:
    """What stands behind the equals sign: in quotes, or up to a comment."""
    if quoted := _QUOTED.fullmatch(text.strip()):
        escapes = _ESCAPES if quoted[1] == '"' else _ESCAPES_OF_SINGLE
        return re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[0]), quoted[2])
    return _COMMENT.sub("", text).strip()


def _check(name: str, where: str) -> None:
    """Raises UsageError where an app must not be given the variable."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{where}: {name!r} is not the name of a variable.")
    if name.startswith(_OURS):
        raise UsageError(f"{where}: the grader itself sets {name}.")
