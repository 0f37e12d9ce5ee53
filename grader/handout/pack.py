"""Packs: katas in a wheel, for learners without what is hidden, or for graders with all of it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from grader.catalog.facts import FACTS, Facts, Rest, digest_of_all, digests_of, write_facts
from grader.catalog.kata import BUNDLED, FOLDER, Kata, missing_parts, read_manifest
from grader.catalog.scaffold import unfilled
from grader.catalog.soundness import require_schemas
from grader.errors import BadKata, UsageError
from grader.grading.collect import checks_of
from grader.handout.practice import practice_files
from grader.handout.wheel import Label, label_of, wheel
from grader.model import Check
from grader.text import plural

#: Names that no pack can have: of the two packs that are not installed, and of the grader's own distributions.
_RESERVED = (BUNDLED, FOLDER, "stream-katas", "stream-katas-solutions")


class Audience(Enum):
    """For whom a pack is made."""

    LEARNERS = "learners"
    GRADERS = "graders"


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that was made: its wheel, its label and its katas. ``facts`` say what is left out."""

    label: Label
    content: bytes
    facts: Facts
    katas: tuple[Kata, ...]


def make_pack(katas: Sequence[Kata], audience: Audience, file: str, *, solutions: bool = True) -> Pack:
    """The pack of ``katas`` for ``audience``; the wheel's name ``file`` gives its name and version.

    ``solutions`` are for graders only. Raises UsageError, and BadKata for a kata that cannot be packed.
    """
    label = label_of(file, otherwise=_usual(file, katas))
    if label.name in _RESERVED:
        raise UsageError(f"{label.name} is not a name for a pack: the grader uses it. Name it after your course.")
    _require_different_numbers(katas)
    package = f"grade_pack_{label.module}"
    files: dict[str, bytes] = {f"{package}/__init__.py": b""}
    rests: dict[str, Rest] = {}
    try:
        for kata in katas:
            match audience:
                case Audience.LEARNERS:
                    parts = _for_learners(kata, rests)
                case Audience.GRADERS:
                    parts = _for_graders(kata, solutions=solutions)
            files |= {f"{package}/{name}": data for name, data in parts}
    except (OSError, UnicodeDecodeError) as error:
        raise BadKata(f"{kata.name} cannot be packed: {error}") from None
    digests = digests_of(kata.folder for kata in katas)
    facts = Facts(label.version, digest_of_all(digests), rests, digests, audience is Audience.GRADERS)
    files[f"{package}/{FACTS}"] = write_facts(facts).encode()
    summary = f"Katas for {audience.value}: {', '.join(kata.name for kata in katas)}"
    entries = {"grade.katas": {label.name: f"{package}:katas"}}
    return Pack(label, wheel(label, summary, files, entries), facts, tuple(katas))


def _usual(file: str, katas: Iterable[Kata]) -> Label:
    """What the name of a file that pip does not take was perhaps meant to say."""
    said = file.lower().removesuffix(".whl").removesuffix("-py3-none-any")
    if found := re.fullmatch(r"(.+)-(\d+(?:\.\d+)*)", said):
        said = found[1]
    name = re.sub(r"[^a-z0-9]+", "-", said).strip("-")
    return Label(name or "my-course", found[2] if found else max(kata.version or "1.0" for kata in katas))


def audience_of(file: Path) -> Audience | None:
    """For whom the pack in ``file`` was made; None where there is no file, or one that `grade pack` did not make."""
    try:
        with zipfile.ZipFile(file) as packed:
            about = next(name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
            found = re.search(rb"^Summary: Katas for (learners|graders):", packed.read(about), re.MULTILINE)
    except (OSError, ValueError, StopIteration, zipfile.BadZipFile):
        return None
    return Audience(found[1].decode()) if found else None


def _require_different_numbers(katas: Sequence[Kata]) -> None:
    """Raises UsageError when one short name would mean two of the katas."""
    by_number: dict[int, Kata] = {}
    for kata in katas:
        other = by_number.setdefault(kata.number, kata)
        if other != kata:
            raise UsageError(f"{other.name} and {kata.name} have one number: a pack can hold only one of them.")


def _for_learners(kata: Kata, rests: dict[str, Rest]) -> Iterator[tuple[str, bytes]]:
    """What learners get of a kata, by its path in the package; what they do not get is noted in ``rests``."""
    checks = _checks(kata)
    hidden = [check for check in checks if not check.practice]
    if hidden:
        rests[kata.name] = Rest(len(hidden), sum(check.points for check in hidden))
    yield f"katas/{kata.name}/kata.toml", _manifest(kata).encode()
    for file in kata.for_learners:
        yield f"katas/{kata.name}/{file.relative_to(kata.folder).as_posix()}", file.read_bytes()
    for name, data in practice_files(kata, checks).items():
        yield f"katas/{kata.name}/{name}", data


def _for_graders(kata: Kata, *, solutions: bool) -> Iterator[tuple[str, bytes]]:
    _checks(kata)
    yield from _all_of(kata.folder, f"katas/{kata.name}")
    if solutions:
        yield from _all_of(kata.solutions, f"solutions/{kata.name}")


def _checks(kata: Kata) -> Sequence[Check]:
    """The checks of a kata that has all its parts. Raises BadKata."""
    if problems := missing_parts(kata):
        raise BadKata(f"{kata.name}: {problems[0]}")
    require_schemas(kata)
    return checks_of(kata)


def _manifest(kata: Kata) -> str:
    """The keys of kata.toml, without what else stands in it, such as comments. TOML has JSON's strings and lists."""
    found = read_manifest(kata.folder)
    return "".join(f"{key} = {json.dumps(found[key], ensure_ascii=False)}\n" for key in sorted(found))


def _all_of(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        if file.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in inside.parts):
            yield f"{name}/{inside.as_posix()}", file.read_bytes()


def summary(pack: Pack, audience: Audience) -> Iterable[str]:
    """What the person who made a pack should know, line by line."""
    yield f"{plural(len(pack.katas), 'kata')} for {audience.value}, as the pack {pack.label.name} {pack.label.version}."
    for kata in pack.katas:
        if rest := pack.facts.rests.get(kata.name):
            yield f"{kata.name}: left out, for you to grade: {rest}."
        if left := len(list(unfilled(kata))):
            yield f"{kata.name}: {plural(left, 'place')} not filled in yet; `grade verify {kata.id}` lists them."
