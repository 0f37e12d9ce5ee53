"""Finds katas and their parts. A kata is known by its folder; there is no registry."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.errors import BadKata, UsageError

#: How a kata's folder is named; its number is the first group.
FOLDER = re.compile(r"kata-(\d+)-[a-z0-9]+(?:-[a-z0-9]+)*")
_PACKAGE = Path(__file__).resolve().parents[1]
#: In a checkout the katas stand beside the package; a wheel carries them inside it.
_HOME = _PACKAGE.parent if (_PACKAGE.parent / "katas").is_dir() else _PACKAGE / "_bundle"


@dataclass(frozen=True, slots=True)
class Kata:
    """One exercise. ``entry`` names the module and the app in it, such as "app.py" and "app"."""

    folder: Path
    title: str
    concepts: tuple[str, ...] = ()
    entry: tuple[str, str] = ("app.py", "app")

    @property
    def name(self) -> str:
        """The whole name of the folder, such as "kata-2-progress-reporter"."""
        return self.folder.name

    @property
    def id(self) -> str:
        """The short name, such as "kata-2"."""
        return f"kata-{self.number}"

    @property
    def number(self) -> int:
        found = FOLDER.fullmatch(self.folder.name)
        return int(found[1]) if found else 0

    @property
    def stub(self) -> Path:
        return self.folder / self.entry[0]

    @property
    def readme(self) -> Path:
        return self.folder / "README.md"

    @property
    def specification(self) -> Path:
        return self.folder / "spec"

    @property
    def schemas(self) -> Path:
        return self.folder / "schemas"

    @property
    def solutions(self) -> Path:
        """Where the solution, the variants and the wrong apps are."""
        return self.folder.parent.parent / "solutions" / self.folder.name


def read_kata(folder: Path) -> Kata:
    """Read ``folder``'s kata.toml. Raises BadKata, with what to write."""
    folder = folder.resolve()
    if not FOLDER.fullmatch(folder.name):
        raise BadKata(f"{folder.name}: a kata's folder is named like kata-12-some-words (lower case, digits, hyphens).")
    manifest = read_manifest(folder)
    entry = manifest.get("entry", "app.py")
    file, _, name = entry.partition(":") if isinstance(entry, str) else ("", "", "")
    if not file.endswith(".py") or "/" in file or "\\" in file or not (name or "app").isidentifier():
        raise BadKata(f'{folder.name}/kata.toml: entry must be like "app.py" or "app.py:app", not {entry!r}.')
    title, concepts = manifest.get("title"), manifest.get("concepts", [])
    if not isinstance(title, str) or not title.strip():
        raise BadKata(f'{folder.name}/kata.toml: write a title, such as title = "Progress reporter".')
    if not isinstance(concepts, list) or not all(isinstance(concept, str) for concept in concepts):
        raise BadKata(f"{folder.name}/kata.toml: concepts must be a list of strings.")
    return Kata(folder, title, tuple(concepts), (file, name or "app"))


def read_manifest(folder: Path) -> dict[str, object]:
    """The parsed kata.toml. Raises BadKata when it is missing or no TOML."""
    path = folder / "kata.toml"
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadKata(f'{folder.name} has no kata.toml; write one with at least: title = "…"') from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadKata(f"{folder.name}/kata.toml cannot be read: {error}") from None


def manifest_problems(kata: Kata) -> list[str]:
    """What the published schema of kata.toml objects to."""
    import json

    from jsonschema import Draft202012Validator  # heavy, and not needed to grade

    schema = json.loads(Path(__file__).with_name("kata.schema.json").read_text("utf-8"))
    errors = Draft202012Validator(schema).iter_errors(read_manifest(kata.folder))
    places = ((error.json_path.removeprefix("$").removeprefix("."), error.message) for error in errors)
    return [f"kata.toml: {place}: {message}" if place else f"kata.toml: {message}" for place, message in places]


def missing_parts(kata: Kata) -> list[str]:
    """Which files a kata needs and has not, each with what it is for."""
    parts = {
        kata.readme: "the story, the contract, and all that is graded",
        kata.stub: "the stub that a learner edits",
        kata.specification: "the specification: pytest files named test_*.py",
    }
    there = {path: path.is_dir() if path == kata.specification else path.is_file() for path in parts}
    found = [f"{path.name} is missing: {purpose}" for path, purpose in parts.items() if not there[path]]
    if kata.specification.is_dir() and not list(kata.specification.glob("test_*.py")):
        found.append("spec/ holds no test_*.py file: write the checks there")
    return found


def bundled() -> list[Kata]:
    """The katas that came with this grader, by number."""
    return discover(_HOME / "katas")


def discover(root: Path) -> list[Kata]:
    """The katas in ``root``, by number."""
    folders = [folder for folder in root.glob("kata-*") if (folder / "kata.toml").is_file()]
    return sorted((read_kata(folder) for folder in folders), key=lambda kata: (kata.number, kata.name))


def available(start: Path) -> list[Kata]:
    """The katas that can be named from ``start``: of the nearest katas/ folder above it, and the bundled ones."""
    found = {kata.name: kata for kata in bundled()}
    for parent in (start, *start.parents):
        if any((parent / "katas").glob("kata-*/kata.toml")):
            found |= {kata.name: kata for kata in discover(parent / "katas")}
            break
    return sorted(found.values(), key=lambda kata: (kata.number, kata.name))


def find(name: str, start: Path) -> Kata:
    """The kata that ``name`` means: "kata-2", "2", the folder's whole name, or a path to it (or to a learner's copy).

    Raises UsageError, with what was perhaps meant.
    """
    path = Path(os.path.realpath(start / name))  # os.path takes any name, however long, and loops of links
    looks_like_path = name in (".", "..") or "/" in name or os.path.isdir(path)
    if looks_like_path and any(os.path.exists(path / part) for part in ("kata.toml", "spec")):
        return read_kata(path)  # without a kata.toml, this tells its author so
    katas = available(start)
    wanted = path.name if looks_like_path else name
    for kata in katas:
        if wanted in (kata.name, kata.id, str(kata.number)):
            return kata
    if looks_like_path and FOLDER.fullmatch(wanted) is None:
        raise UsageError(f"{name} is no kata's folder. Name a kata: {', '.join(kata.id for kata in katas)}.")
    if re.fullmatch(r"(kata-)?\d+", wanted):  # of numbers, none is like another
        raise UsageError(f"There is no kata {wanted!r}. There are {', '.join(kata.id for kata in katas)}.")
    raise UsageError(f"There is no kata {wanted!r}.{meant(wanted, _names(katas))} See `grade list`.")


def find_app(kata: Kata, name: str, start: Path) -> Path:
    """The learner's module for ``kata``: in the folder named, the workspace around ``start``, or the checkout.

    Raises UsageError when there is none.
    """
    home = find_home(kata, name, start)
    if (home / kata.entry[0]).is_file():
        return home / kata.entry[0]
    if home == kata.folder:
        raise UsageError(f"{kata.name} has no {kata.entry[0]}; restore it, or name another module with --app FILE.")
    raise UsageError(f"{home.name} has no {kata.entry[0]} any more: `grade reset {kata.id}` brings the stub back.")


def find_home(kata: Kata, name: str, start: Path) -> Path:
    """The nearest folder of a learner for ``kata``, whether their module is in it or not. Raises UsageError."""
    given = (start / name).resolve()
    found = [given] if given.name == kata.name else []
    for parent in (start, *start.parents):
        found += [parent] if parent.name == kata.name else []
        found += [parent / kata.name, parent / "katas" / kata.name]
    for place in found:
        if place.is_dir():
            return place
    raise UsageError(
        f"There is no {kata.name}/{kata.entry[0]} here. Make a workspace with `grade init DIR` and run "
        f"`grade {kata.id}` inside it, or name your module with --app FILE."
    )


def meant(wrong: str, right: Iterable[str]) -> str:
    """ " Did you mean …?" when something close to ``wrong`` exists, otherwise nothing."""
    import difflib

    names = list(right)
    close = [name for name in names if wrong and wrong in name] or difflib.get_close_matches(wrong, names, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def _names(katas: Iterable[Kata]) -> list[str]:
    return [name for kata in katas for name in (kata.id, kata.name)]
