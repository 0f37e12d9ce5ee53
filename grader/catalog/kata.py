"""One kata: its folder, its kata.toml, and the pack that it belongs to."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.catalog.facts import Facts, Rest, digest_of_all, digests_of
from grader.catalog.files import digest_of, read_text
from grader.errors import BadKata
from grader.standin import FILE as STAND_IN
from grader.text import short_path

if TYPE_CHECKING:
    from grader.model import Origin

#: The name of a kata's folder; the first group is its number, the second its slug.
FOLDER_NAME = re.compile(r"kata-([0-9]+)-([a-z0-9]+(?:-[a-z0-9]+)*)")
#: The format of kata.toml that this grader reads. A file without a number has this one.
FORMAT = 1
#: Short, printable in any terminal or file name: "1", "1.2", "2026.1", "1.0rc1".
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,31}")
#: The names of the pytest files in spec/.
SPEC_FILES = "test_*.py"
#: The two packs that are not installed. No installed pack can have one of these names.
BUNDLED, FOLDER = "bundled", "folder"


@dataclass(frozen=True, slots=True)
class Pack:
    """Katas that come together.

    ``name`` is "bundled", "folder", or the name of an installed pack. ``location`` is for reports: the pack's version,
    or "" where each kata's path is its location. ``facts`` are those of a pack that `grade pack` made.
    """

    name: str
    katas: Path
    solutions: Path
    location: str = ""
    facts: Facts | None = None


def pack_of_folder(katas: Path) -> Pack:
    """The katas of a folder that somebody named: their solutions lie in ``solutions/`` beside it."""
    return Pack(FOLDER, katas, katas.parent / "solutions")


@dataclass(frozen=True, slots=True)
class Kata:
    """One exercise.

    ``solutions`` is the folder of its solution, variants and wrong apps; it may be missing. ``entry`` names the module
    and the app in it, such as "app.py" and "app". ``pack`` and ``location`` say where the kata comes from. ``rest`` is
    what a learners' pack leaves out of it; ``pack_digest`` is of a pack that `grade pack` made.
    """

    folder: Path
    title: str
    solutions: Path
    concepts: tuple[str, ...] = ()
    entry: tuple[str, str] = ("app.py", "app")
    format: int = FORMAT
    version: str = ""
    pack: str = FOLDER
    location: str = ""
    rest: Rest | None = None
    pack_digest: str = ""

    @property
    def name(self) -> str:
        """The whole name of the folder, such as "kata-2-progress-reporter"."""
        return self.folder.name

    @property
    def id(self) -> str:
        """The short name, such as "kata-2"; of an installed pack's kata "course:kata-2"."""
        return f"{self._prefix}kata-{self.number}"

    @property
    def number(self) -> int:
        found = FOLDER_NAME.fullmatch(self.folder.name)
        return int(found[1]) if found else 0

    @property
    def names(self) -> frozenset[str]:
        """Every name by which a command may call this kata."""
        return frozenset((*names_of(self.name), *names_of(self.name, self._prefix)))

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
    def spec_files(self) -> list[Path]:
        """The pytest files of the specification, in its folder or below: those that pytest collects."""
        return sorted(self.specification.rglob(SPEC_FILES))

    @property
    def schemas(self) -> Path:
        return self.folder / "schemas"

    @property
    def for_learners(self) -> list[Path]:
        """The files that learners get to work with: all but the specification."""
        stand_in = self.folder / STAND_IN
        return [self.readme, self.stub, *sorted(self.schemas.glob("*.json")), *[stand_in] * stand_in.is_file()]

    @property
    def origin(self) -> Origin:
        """The origin of the specification, with the digest of its files as they are now. Raises BadKata."""
        from grader.model import Origin  # late: a grade has started its app by now

        if self.pack == FOLDER:
            return Origin(self.pack, short_path(self.folder), digest_of(self.folder))
        others = (manifest.parent for manifest in self.folder.parent.glob("kata-*/kata.toml"))
        return Origin(
            self.pack,
            self.location,
            digest_of(self.folder),
            pack_version=self.location.rpartition(" ")[2],
            pack_digest=self.pack_digest or digest_of_all(digests_of(others)),
        )

    @property
    def _prefix(self) -> str:
        return "" if self.pack in (BUNDLED, FOLDER) else f"{self.pack}:"


def names_of(folder: str, prefix: str = "") -> tuple[str, ...]:
    """The names of the kata in a folder of this name. After the prefix of a pack, the slug is a name as well."""
    found = FOLDER_NAME.fullmatch(folder)
    if found is None:
        return (f"{prefix}{folder}",)
    number = int(found[1])
    names = (folder, f"kata-{number}", str(number), *([found[2]] if prefix else []))
    return tuple(f"{prefix}{name}" for name in names)


def read_kata(folder: Path, pack: Pack | None = None) -> Kata:
    """The kata in ``folder``, of ``pack`` or, without one, of the folder around it.

    Raises BadKata; its message says what to write into kata.toml.
    """
    folder = folder.resolve()
    if not FOLDER_NAME.fullmatch(folder.name):
        raise BadKata(f"{folder.name}: a kata's folder is named like kata-12-some-words (lower case, digits, hyphens).")
    pack = pack or pack_of_folder(folder.parent)
    manifest = read_manifest(folder)
    _check_manifest(manifest, f"{folder.name}/kata.toml")
    file, _, app = str(manifest.get("entry", "app.py")).partition(":")
    concepts, number = manifest.get("concepts", []), manifest.get("format", FORMAT)
    assert isinstance(concepts, list)
    assert isinstance(number, int)
    return Kata(
        folder,
        title=str(manifest["title"]),
        solutions=pack.solutions / folder.name,
        concepts=tuple(concepts),
        entry=(file, app or "app"),
        format=number,
        version=str(manifest.get("version", "")),
        pack=pack.name,
        location=pack.location or str(folder),
        rest=pack.facts.rests.get(folder.name) if pack.facts else None,
        pack_digest=pack.facts.digest if pack.facts else "",
    )


def lacks_manifest(folder: Path) -> bool:
    """Whether it is a kata by its name and its specification, but has no kata.toml: its author has forgotten that."""
    is_kata = FOLDER_NAME.fullmatch(folder.name) is not None and (folder / "spec").is_dir()
    return is_kata and not (folder / "kata.toml").exists()


def read_manifest(folder: Path) -> dict[str, object]:
    """The parsed kata.toml. Raises BadKata when it is missing or not TOML."""
    path = folder / "kata.toml"
    try:
        return tomllib.loads(read_text(path))
    except FileNotFoundError:
        raise BadKata(f'{folder.name} has no kata.toml; write one with at least: title = "…"') from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadKata(f"{folder.name}/kata.toml cannot be read: {error}") from None


def _check_manifest(manifest: dict[str, object], label: str) -> None:
    """Raises BadKata for a value with which no kata can be graded. `grade verify` asks for more: the whole schema."""
    title, concepts, version = manifest.get("title"), manifest.get("concepts", []), manifest.get("version", "0")
    number, entry = manifest.get("format", FORMAT), manifest.get("entry", "app.py")
    if type(number) is not int or number < 1:
        raise BadKata(f"{label}: format must be a number: format = {FORMAT}.")
    if number > FORMAT:
        raise BadKata(f"{label} has format {number}, and this grader reads format {FORMAT}: update stream-katas.")
    if not isinstance(entry, str) or not _is_entry(entry):
        raise BadKata(f'{label}: entry must be like "app.py" or "app.py:app", not {entry!r}.')
    if not isinstance(title, str) or not title.strip():
        raise BadKata(f'{label}: write a title, such as title = "Progress reporter".')
    if not isinstance(concepts, list) or not all(isinstance(concept, str) for concept in concepts):
        raise BadKata(f"{label}: concepts must be a list of strings.")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise BadKata(f'{label}: version must be a string such as "1.0", not {version!r}.')


def _is_entry(entry: str) -> bool:
    file, _, app = entry.partition(":")
    return file.endswith(".py") and "/" not in file and "\\" not in file and (app or "app").isidentifier()


def manifest_problems(kata: Kata) -> list[str]:
    """Each violation of the published schema of kata.toml."""
    from jsonschema import Draft202012Validator  # slow to import, and not needed to grade

    schema = json.loads(Path(__file__).with_name("kata.schema.json").read_text("utf-8"))
    errors = Draft202012Validator(schema).iter_errors(read_manifest(kata.folder))
    places = ((error.json_path.removeprefix("$").removeprefix("."), error.message) for error in errors)
    return [f"kata.toml: {place}: {message}" if place else f"kata.toml: {message}" for place, message in places]


def is_withheld(kata: Kata) -> bool:
    """Whether it comes from a pack without its specification, so that only an instructor can grade it."""
    return kata.pack != FOLDER and not kata.spec_files


def unusable(kata: Kata) -> str:
    """The sentence that says why a kata cannot be graded, or "" where it can."""
    if is_withheld(kata):
        end = f"your instructor grades it ({kata.rest})" if kata.rest else "its pack holds none"
        return f"The specification of {kata.name} is not here: {end}."
    problems = missing_parts(kata)
    return f"{kata.name}: {problems[0]}" if problems else ""


def missing_parts(kata: Kata) -> list[str]:
    """The files that a kata needs and does not have, each with its purpose."""
    parts = {
        kata.readme: "the story, the contract, and all that is graded",
        kata.stub: "the stub that a learner edits",
        kata.specification: f"the specification: pytest files named {SPEC_FILES}",
    }
    there = {path: path.is_dir() if path == kata.specification else path.is_file() for path in parts}
    found = [f"{path.name} is missing: {purpose}" for path, purpose in parts.items() if not there[path]]
    if kata.specification.is_dir() and not kata.spec_files:
        found.append(f"spec/ holds no {SPEC_FILES} file: write the checks there")
    return found
