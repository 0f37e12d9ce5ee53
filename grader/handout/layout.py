"""Files that are laid out in a folder: from templates, with names filled in, and whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError
from grader.handout.own import constraints, grader_wheel, python

_TEMPLATE = Path(__file__).resolve().parent / "template"


@dataclass(frozen=True, slots=True)
class Laid:
    """One file: its path in the folder, with slashes, its content, and whether it is a program."""

    path: str
    content: bytes
    is_program: bool = False


def from_template(name: str, words: Mapping[str, str]) -> list[Laid]:
    """The files of a template; each ``@WORD@`` in paths and texts is filled in."""
    folder = _TEMPLATE / name
    found = sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return [
        Laid(
            _filled(file.relative_to(folder).as_posix(), words),
            _filled(file.read_text("utf-8"), words).encode(),
            is_program=_is_program(file),
        )
        for file in found
    ]


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in {"PYTHON": python(), **words}.items():
        text = text.replace(f"@{word}@", value)
    return text


def _is_program(file: Path) -> bool:
    """By its first line: pip and git do not keep all modes of files."""
    with file.open("rb") as opened:
        return opened.read(2) == b"#!"


def installer(folder: str, wheels: Mapping[str, bytes]) -> list[Laid]:
    """What installs the grader and ``wheels`` (by their names) on another machine, in ``folder``: "" or "a/b/".

    Raises UsageError.
    """
    name, grader = grader_wheel()
    files = {name: grader, **wheels, "constraints.txt": constraints().encode()}
    scripts = [
        Laid(f"{folder}{script.path}", script.content, script.is_program) for script in from_template("shared", {})
    ]
    return [*scripts, *(Laid(f"{folder}{file}", content) for file, content in files.items())]


def lay_out(root: Path, files: list[Laid], *, force: bool = False) -> list[Path]:
    """Write ``files`` below ``root``; returns their paths. What is there and differs stays, unless ``force``.

    Raises UsageError, before anything is written.
    """
    if not force:
        require_free(root, files, advice="name another folder, or add --force")
    targets = {file: root / file.path for file in files}
    try:
        for file, target in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
            if file.is_program:
                target.chmod(0o755)
    except OSError as error:
        raise UsageError(f"{error.filename or root} cannot be written: {error.strerror}.") from None
    return list(targets.values())


def require_free(root: Path, files: list[Laid], *, advice: str) -> None:
    """Raises UsageError where one of ``files`` is there already, and differs."""
    for file in files:
        target = root / file.path
        if target.exists() and not (target.is_file() and target.read_bytes() == file.content):
            raise UsageError(f"{target} is there already, and nothing was written: {advice}.")
