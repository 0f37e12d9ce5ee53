"""One submission as it is graded: a private copy of it, the app's module in there, and the digest of it all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.kata import Kata
from grader.classes.intake.archive import is_archive, unpack
from grader.classes.intake.files import copy_file, copy_folder, walk
from grader.classes.intake.handed import Handed
from grader.classes.intake.rejection import Rejected, refused, unreadable
from grader.classes.model import Bounds, Settings, Why
from grader.serving.child.source import wide_encoding
from grader.text import from_system, visible

#: Archives in archives that are unpacked: a platform packs what a student has packed.
_DEEP = 2
_OTHER_KATA = re.compile(r"kata-[0-9]+(-.*)?")


@dataclass(frozen=True, slots=True)
class Material:
    """``file`` is the app's module, in a folder that is ours; ``app`` is its path in the submission."""

    file: Path
    app: str
    digest: str


def prepare(handed: Handed, kata: Kata, settings: Settings, *, folder: Path) -> Material:
    """Make the private copy in ``folder``, which is new. Raises Rejected; and OSError where this machine cannot."""
    folder.mkdir()
    if not handed.paths:
        raise Rejected(Why.NO_SUBMISSION, "nothing was handed in")
    if handed.fault:
        raise Rejected(handed.fault.why, handed.fault.sentence)
    if handed.instead:
        raise unreadable(f"{handed.instead} was handed in, and no file")
    name = settings.app or kata.entry[0]
    with _names_of_others():
        for path in handed.paths:
            _take(path, folder, handed=handed, name=name, bounds=settings.bounds)
        _with_usual_endings(folder)
        root = _of_kata(folder, kata, handed)
        module = _app(root, name)
    _must_be_text(module)
    app = module.relative_to(folder).as_posix()
    return Material(module, app, digest_of(folder, app))


@contextmanager
def _names_of_others() -> Iterator[None]:
    """Around what makes files by names that a student chose."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ):
            raise unreadable("it has a name that is too long, or that this machine does not take") from None
        raise


def _take(path: Path, folder: Path, *, handed: Handed, name: str, bounds: Bounds) -> None:
    """Copy or unpack one of the things that were handed in."""
    if path.is_symlink():  # to another student's, or out of the class
        raise refused(f"{from_system(path.name)} is a link, and no submission of its own")
    if path.is_dir():
        copy_folder(path, folder, bounds)
        _unpack_inner(folder, bounds, deep=_DEEP)
    elif is_archive(path.name):
        unpack(path, folder, bounds)
        _unpack_inner(folder, bounds, deep=_DEEP - 1)
    elif _is_module(path) and len(handed.paths) == 1:
        target = _inside(folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_file(path, target, bounds)
    else:
        copy_file(path, _inside(folder, handed.name_of(path)), bounds)


def _inside(folder: Path, name: str) -> Path:
    """Where a file of this name goes. Raises Rejected for a name that leads out of the folder."""
    parts = Path(name).parts
    if not parts or ".." in parts or Path(name).is_absolute():
        raise refused(f"{from_system(name)} is not a name of a file in it")
    return folder / name


def _is_module(path: Path) -> bool:
    return path.suffix.lower() == ".py"


def _with_usual_endings(folder: Path) -> None:
    """Modules as an import finds them: app.PY becomes app.py, where there is none."""
    for path in list(walk(folder)):
        usual = path.with_suffix(".py") if _is_module(path) else path
        if path.is_file() and not usual.exists():
            path.rename(usual)


def _unpack_inner(folder: Path, bounds: Bounds, *, deep: int) -> None:
    """Where there is one archive and no module: unpack it in its place."""
    files = [path for path in walk(folder) if not path.is_dir()]
    archives = [path for path in files if is_archive(path.name)]
    if deep > 0 and len(archives) == 1 and not any(map(_is_module, files)):
        unpack(archives[0], archives[0].parent, bounds)
        archives[0].unlink()
        _unpack_inner(folder, bounds, deep=deep - 1)


def _of_kata(folder: Path, kata: Kata, handed: Handed) -> Path:
    """The folder of the kata in a student's folder, wherever it lies; or all of it, where that is for one kata."""
    names = {name for name in kata.names if not name.isdecimal()}
    folders = [path for path in walk(folder) if path.is_dir()]
    found = [path for path in folders if path.name.lower() in names]
    if found:
        return min(found, key=lambda path: (len(path.parts), path))
    modules = [folder / f"{name}.py" for name in sorted(names)]
    if module := next((path for path in modules if path.is_file()), None):
        return module
    if handed.is_for_all or any(_OTHER_KATA.fullmatch(path.name.lower()) for path in folders):
        raise Rejected(Why.NO_SUBMISSION, f"it has no folder {kata.id}")
    return folder


def _app(root: Path, name: str) -> Path:
    """The app's module in ``root``: the one of this name that lies least deep, or the only module. Raises Rejected."""
    if root.is_file():
        return root
    files = [path for path in walk(root) if not path.is_dir()]
    modules = [path for path in files if path.suffix == ".py"]
    if not files:
        raise Rejected(Why.NO_SUBMISSION, "nothing was handed in: there is no file in it")
    found = [path for path in modules if path.relative_to(root).as_posix().endswith(f"/{name}") or path == root / name]
    depths = {path: len(path.parts) for path in found}
    nearest = [path for path in found if depths[path] == min(depths.values())]
    if not nearest and len(modules) == 1:
        return modules[0]
    if not nearest:
        raise unreadable(f"there is no {name} in it{_instead(modules, files, root)}")
    if len(nearest) > 1:
        raise unreadable(f"it has {name} several times: {_listed(nearest, root)}")
    return nearest[0]


def _instead(modules: list[Path], files: list[Path], root: Path) -> str:
    if modules:
        return f", but {_listed(modules, root)}"
    return f", and no other Python module; it has {_listed(files, root)}"


def _listed(paths: Iterable[Path], root: Path) -> str:
    names = [visible(from_system(path.relative_to(root).as_posix()), 60) for path in paths]
    return ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")


def _must_be_text(module: Path) -> None:
    content = module.read_bytes()
    if not content.strip():
        raise Rejected(Why.NO_SUBMISSION, f"{from_system(module.name)} is empty")
    # Python cannot read a text in UTF-16, and its grade says so, as at home.
    if b"\0" in content and not wide_encoding(content):
        raise unreadable(f"{from_system(module.name)} is not a text: it has zero bytes")


def digest_of(folder: Path, app: str) -> str:
    """SHA-256 over the app's name and all files with their names: as of a specification, by lines of sha256sum."""
    lines = [os.fsencode(f"app {app}\n")]
    files = sorted((path for path in walk(folder) if path.is_file()), key=lambda path: os.fsencode(path))
    for path in files:
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        name = os.fsencode(path.relative_to(folder).as_posix()).replace(b"\\", b"\\\\").replace(b"\n", b"\\n")
        lines.append(found.encode() + b"  " + name + b"\n")
    return hashlib.sha256(b"".join(lines)).hexdigest()
