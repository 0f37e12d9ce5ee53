"""Gradescope's export: a folder for each submission, and a file that says whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from grader.classes.intake.handed import UNNAMED, Handed
from grader.errors import UsageError

METADATA: Final = "submission_metadata.yml"
#: Gradescope's own name for the folder. A student's folder has another one, whatever the student puts into it.
_EXPORT: Final = re.compile(r"assignment_[0-9]+_export")
_LARGEST: Final = 64 << 20
#: Bits of a number by which a student is known.
_LONGEST: Final = 128


def found_in(folder: Path) -> Path | None:
    """The folder of an export: this one, or the only one in it, where that has the name of one."""
    if (folder / METADATA).is_file():
        return folder
    inner = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))]
    is_export = len(inner) == 1 and _EXPORT.fullmatch(inner[0].name) and (inner[0] / METADATA).is_file()
    return inner[0] if is_export else None


def read_export(folder: Path) -> Iterator[Handed]:
    """Each submission, once for each student who shares it. Raises UsageError where the file cannot be read."""
    import yaml  # of no use for the other platforms

    file = folder / METADATA
    try:
        document = yaml.load(_content(file), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None
    if not isinstance(document, Mapping):
        raise UsageError(f"{file} does not say whose submissions these are.")
    for name, about in document.items():
        if isinstance(about, Mapping):
            yield from _submitted(folder, _text(name), about)


def _content(file: Path) -> bytes:
    """Raises OSError where it is larger than any is: it holds the results of all earlier grades, too."""
    if file.stat().st_size > _LARGEST:
        raise OSError(f"it is larger than {_LARGEST >> 20} MiB")
    return file.read_bytes()


def _submitted(folder: Path, name: str, about: Mapping[Any, Any]) -> Iterator[Handed]:
    own = Path(name).name
    path = folder / own if own not in ("", "..") else None
    for student in _submitters(about):
        known = {key: _text(student.get(f":{key}")).strip() for key in ("email", "sid", "name")}
        yield Handed(
            label=known["email"] or known["sid"] or known["name"] or name.strip() or UNNAMED,
            paths=(path,) if path and path.exists() else (),
            root=folder,
            known=tuple(text for text in (known["email"], known["sid"], name, known["name"]) if text),
            name=known["name"],
            email=known["email"],
            handed_in=_moment(about.get(":created_at")),
        )


def _submitters(about: Mapping[Any, Any]) -> list[Mapping[Any, Any]]:
    """Those of whom it says anything; or else one of whom it says nothing."""
    found = about.get(":submitters")
    return [one for one in found if isinstance(one, Mapping)] or [{}] if isinstance(found, list) else [{}]


def _text(value: object) -> str:
    """A name or a number; "" for all else: lists in lists may have no end, once they are written as text."""
    if isinstance(value, int) and value.bit_length() <= _LONGEST:
        return str(value)
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else ""


def _moment(found: object) -> datetime | None:
    """YAML's moments without a zone are in UTC."""
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found)
        except ValueError:
            return None
    if not isinstance(found, datetime):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
