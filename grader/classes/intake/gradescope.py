"""Gradescope's export: a folder for each submission, and a file that says whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from grader.classes.intake.handed import Handed
from grader.errors import UsageError

METADATA: Final = "submission_metadata.yml"
_LARGEST: Final = 64 << 20


def found_in(folder: Path) -> Path | None:
    """The folder of an export: this one, or the only one in it."""
    if (folder / METADATA).is_file():
        return folder
    inner = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))]
    return inner[0] if len(inner) == 1 and (inner[0] / METADATA).is_file() else None


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
            yield from _submitted(folder, str(name), about)


def _content(file: Path) -> bytes:
    """Raises OSError where it is larger than any is: it holds the results of all earlier grades, too."""
    if file.stat().st_size > _LARGEST:
        raise OSError(f"it is larger than {_LARGEST >> 20} MiB")
    return file.read_bytes()


def _submitted(folder: Path, name: str, about: Mapping[Any, Any]) -> Iterator[Handed]:
    path = folder / Path(name).name
    for student in about.get(":submitters") or [{}]:
        known = {key: str(student.get(f":{key}") or "") for key in ("name", "sid", "email")}
        yield Handed(
            label=known["email"] or known["sid"] or known["name"] or name,
            paths=(path,) if path.exists() else (),
            root=folder,
            known=tuple(text for text in (*known.values(), name) if text),
            name=known["name"],
            email=known["email"],
            handed_in=_moment(about.get(":created_at")),
        )


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
