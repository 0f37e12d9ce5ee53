"""The folder in which a whole download was packed: a cover, and no student's."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from grader.classes.intake import naming
from grader.classes.intake.archive import is_archive
from grader.classes.intake.gradescope import METADATA
from grader.classes.intake.handed import Handed
from grader.classes.intake.layout import has_results, is_beside
from grader.classes.intake.roster import Roster, read_roster
from grader.text import from_system

_IMPORT: Final = re.compile(r"^[ \t]*(?:from|import)[ \t]+([^\n#]+)", re.MULTILINE)
#: What a student may have several of: attempts, katas, and the parts of a project.
_OF_ONE: Final = re.compile(r"attempt|kata-[0-9]|(src|tests?|docs?|lib|app)$", re.IGNORECASE)
#: Characters at the beginning of a module in which its imports are looked for.
_LOOKED_AT: Final = 1 << 16


def without_cover(folder: Path, roster: Roster | None, app: str) -> Path:
    """The only folder in ``folder``, where it is a cover; ``app`` is the name of a student's app."""
    inner = [path for path in folder.iterdir() if not (path.name.startswith("__") or is_beside(path.name))]
    if len(inner) != 1 or not inner[0].is_dir() or _is_students(inner[0], roster):
        return folder
    return inner[0] if _holds_several(inner[0], app) else folder


def doubt(folder: Path, roster: Path | None, apps: Collection[str]) -> str:
    """A sentence where the only folder in ``folder`` is graded as one student's, and seems to hold a class; else ""."""
    if not folder.is_dir():
        return ""
    found = without_cover(folder, read_roster(roster) if roster else None, next(iter(apps), "app.py"))
    names = [path.name for path in found.iterdir()]
    if found == folder or METADATA in names or has_results(found) or any(map(_OF_ONE.match, names)):
        return ""
    return (
        f"{found} looks like a folder of several students, and is graded as the submission of one: name this folder, "
        f"`grade class {found}`."
    )


def _is_students(path: Path, roster: Roster | None) -> bool:
    """Whether its name is one of a platform's, or of a student of the roster."""
    label = from_system(path.name)
    known = roster.student_of(Handed(label, (path,), path.parent, known=(label,))) if roster else None
    return known is not None or naming.read(path.name) is not None


def _holds_several(cover: Path, app: str) -> bool:
    """Whether what lies in it is of several students: names of a platform, several folders, archives or modules."""
    paths = [path for path in cover.iterdir() if not is_beside(path.name)]
    found = naming.read_all([path.name for path in paths])
    users = {(one.name, one.user) for one in found.values()}
    if len(users) > 1 or len(found) == len(paths):
        return len(users) > 1
    folders = [path for path in paths if path.is_dir()]
    modules = [path for path in paths if path.suffix.lower() == ".py" and not path.is_dir()]
    if folders and not modules:
        return len(folders) > 1
    is_all = all(path in modules or is_archive(path.name) for path in paths)
    return is_all and len(paths) > 1 and not folders and not _is_one_app(modules, app)


def _is_one_app(modules: Sequence[Path], app: str) -> bool:
    stems = {path.stem for path in modules}
    is_named = any(path.name in (app, "app.py", "__init__.py") for path in modules)
    return is_named or any(_imports(path, stems - {path.stem}) for path in modules)


def _imports(module: Path, others: Collection[str]) -> bool:
    try:
        with module.open("rb") as content:
            text = content.read(_LOOKED_AT).decode("utf-8", "replace")
    except OSError:  # its copy will say so
        return False
    return any(word in others for line in _IMPORT.findall(text) for word in re.findall(r"\w+", line))
