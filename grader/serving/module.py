"""The place of an app's module, and its name for Python: the same as in `uvicorn package.module:app`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from grader.errors import NoApp, UsageError


@dataclass(frozen=True, slots=True)
class Module:
    """``file`` is imported as ``name`` when ``root`` is on `sys.path`. Links in both are not followed."""

    file: Path
    root: Path
    name: str

    @classmethod
    def under(cls, root: Path, file: Path) -> Module:
        """The module in ``file``, with all folders between ``root`` and it as packages."""
        parts = file.relative_to(root).with_suffix("").parts
        return cls(file, root, ".".join(parts[:-1] if parts[-1] == "__init__" else parts))

    @property
    def working_directory(self) -> Path:
        """The folder in which `uvicorn` would be started: the root, or the parent of a `src` with packages."""
        return self.root.parent if self.root.name == "src" and "." in self.name else self.root


def locate(file: Path) -> Module:
    """The module in ``file``. Folders around it that have an `__init__.py`, and a name to import, are its packages."""
    file = Path(os.path.abspath(file))
    parts = [file.stem] if file.stem != "__init__" else []
    root = file.parent
    while root.name.isidentifier() and (root / "__init__.py").is_file():
        parts.insert(0, root.name)
        root = root.parent
    return Module(file, root, ".".join(parts) or file.stem)


def find(text: str, start: Path) -> tuple[Module, str]:
    """The module that ``FILE[:NAME]`` or ``package.module[:NAME]`` names in the folder ``start``; NAME may be "".

    Raises UsageError: NoApp where there is no such file.
    """
    path, _, name = text.rpartition(":")
    if not path or (start / text).is_file() or not _is_dotted(name):
        path, name = text, ""
    file = start / path
    if file.is_file():
        if file.suffix != ".py":
            raise UsageError(f"--app: {path!r} is not a Python module; its name must end in .py.")
        return locate(file), name
    if (module := _dotted(path, start)) is not None:
        return module, name
    raise NoApp(path, is_link=file.is_symlink())


def _dotted(path: str, start: Path) -> Module | None:
    """The module of this dotted name, in ``start`` or in its `src`: a package needs no `__init__.py` then."""
    if not _is_dotted(path):
        return None
    for root in (start, start / "src"):
        base = root.joinpath(*path.split("."))
        for file in (base.with_name(f"{base.name}.py"), base / "__init__.py"):
            if file.is_file():
                return Module.under(Path(os.path.abspath(root)), Path(os.path.abspath(file)))
    return None


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
