"""The setting of a workspace, or of a repository of katas: where its katas are, and which variables its apps need."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.files import read_text
from grader.errors import BadKata

#: The name of its file.
SETTING = "stream-katas.toml"
_KEYS = ("katas", "environment", "environment-file")
_VARIABLE = re.compile(r"(?!STREAM_KATAS_)[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Setting:
    """The content of one file: folders of katas and a file with variables, whether they exist or not; names of others.

    ``environment`` are variables of the caller's own environment.
    """

    katas: tuple[Path, ...] = ()
    environment: tuple[str, ...] = ()
    environment_file: Path | None = None


def settings_around(start: Path) -> list[Path]:
    """The files of the settings for commands in ``start``: there and above it."""
    return [parent / SETTING for parent in (start, *start.parents) if (parent / SETTING).is_file()]


def read_setting(file: Path) -> Setting:
    """Raises BadKata."""
    try:
        found = tomllib.loads(read_text(file))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadKata(f"{file} cannot be read: {error}") from None
    if unknown := next((key for key in found if key not in _KEYS), None):
        raise BadKata(f"{file}: {unknown!r} is not a setting; there are {', '.join(_KEYS)}.")
    katas, names, variables = found.get("katas", []), found.get("environment", []), found.get("environment-file")
    if not isinstance(katas, list) or not all(isinstance(name, str) and "\0" not in name for name in katas):
        raise BadKata(f'{file}: katas must be a list of folders, such as katas = ["katas"].')
    if not isinstance(names, list) or not all(isinstance(name, str) and _VARIABLE.fullmatch(name) for name in names):
        raise BadKata(
            f"{file}: environment must be a list of names of variables without values, such as "
            'environment = ["API_KEY"], and without those that begin with STREAM_KATAS_.'
        )
    if variables is not None and (not isinstance(variables, str) or not variables or "\0" in variables):
        raise BadKata(f'{file}: environment-file must be the path of a file, such as environment-file = ".env".')
    return Setting(
        tuple((file.parent / name).resolve() for name in katas),
        tuple(names),
        None if variables is None else file.parent / variables,
    )


def write_setting(root: Path, folders: Iterable[str]) -> Path:
    """Write the setting of ``root``, which names ``folders``; returns its file. Raises OSError."""
    file = root / SETTING
    names = ", ".join(json.dumps(folder, ensure_ascii=False) for folder in folders)  # TOML has JSON's strings
    text = f"# `grade` uses the katas of these folders in commands that run here or below.\nkatas = [{names}]\n"
    file.write_text(text, "utf-8")
    return file
