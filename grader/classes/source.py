"""Where a class's submissions and katas are: what a later command needs to grade some of them again."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.catalog.kata import Kata
from grader.classes.intake import layout, naming, times
from grader.classes.intake.archive import is_archive, names_in, undated_in, unpack_all
from grader.classes.intake.cover import doubt, without_cover
from grader.classes.intake.files import files_of
from grader.classes.intake.gradescope import METADATA
from grader.classes.intake.handed import Handed
from grader.classes.intake.rejection import Rejected
from grader.classes.intake.roster import Roster, read_roster
from grader.classes.model import Bounds, NoReport, Settings, Why
from grader.classes.task import Intake, Shard, take_in
from grader.errors import UsageError
from grader.text import from_system, plural, visible

#: Of a whole download, which the instructor has chosen.
_DOWNLOAD = Bounds(size=8 << 30, files=1_000_000)
#: So many names in an archive are looked at.
_LOOKED_AT = 1000
#: So many files are named in a sentence.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Source:
    """``submissions`` is a folder, or the archive in which a platform gives it out. ``katas`` are names, ``folders``
    those of --katas. ``is_modified``: the times of the files say when they were handed in. ``here`` is the folder where
    the command ran, whose stream-katas.toml counts, and ``class_file`` the class.toml that was read."""

    submissions: Path
    katas: tuple[str, ...]
    folders: tuple[Path, ...] = ()
    roster: Path | None = None
    is_modified: bool = False
    shard: Shard = field(default_factory=Shard)
    here: Path = field(default_factory=Path.cwd)
    class_file: Path | None = None

    def encode(self) -> str:
        """As text, with whole paths."""
        return json.dumps(
            {
                "submissions": str(self.submissions.resolve()),
                "katas": self.katas,
                "folders": [str(folder.absolute()) for folder in self.folders],
                "roster": str(self.roster.absolute()) if self.roster else None,
                "is_modified": self.is_modified,
                "shard": [self.shard.number, self.shard.count],
                "here": str(self.here.absolute()),
                "class_file": str(self.class_file.absolute()) if self.class_file else None,
            }
        )

    @classmethod
    def decode(cls, text: str) -> Source:
        """What :meth:`encode` wrote. Raises UsageError for a ledger that was merged: it has no submissions."""
        if not text:
            raise UsageError(
                "This ledger was merged of others, and does not know where the submissions are: tell it by "
                "`grade class SUBMISSIONS --kata KATA --out RESULTS`. What it has is not graded again."
            )
        found = json.loads(text)
        return cls(
            Path(found["submissions"]),
            tuple(found["katas"]),
            tuple(map(Path, found["folders"])),
            Path(found["roster"]) if found["roster"] else None,
            found["is_modified"],
            Shard(*found["shard"]),
            Path(found.get("here", Path.cwd())),  # older ledgers do not say
            Path(found["class_file"]) if found.get("class_file") else None,
        )

    def require_submissions(self, results: Path) -> None:
        """Raises UsageError where they have been moved, or removed."""
        if not self.submissions.exists():
            katas = " ".join(f"--kata {kata}" for kata in self.katas)
            raise UsageError(
                f"The submissions are not in {self.submissions} any more. If they are elsewhere, say where: "
                f"`grade class SUBMISSIONS {katas} --out {results}`. What the ledger has is not graded again."
            )

    def require_apart(self, results: Path) -> None:
        """Raises UsageError where the results would lie in what a student handed in, or would be taken for that."""
        home, place = self.submissions.resolve(), results.resolve()
        if self.submissions.is_file() or not place.is_relative_to(home):
            return
        inner = place.relative_to(home).parts
        if not inner:
            raise UsageError(f"--out: {results} is the folder of the submissions: name another one for the results.")
        if len(inner) > 1 and not layout.is_beside(inner[0]):
            raise UsageError(
                f"--out: {results} lies in {self.submissions / inner[0]}, which is taken for what a student handed in: "
                "name a folder outside of the submissions."
            )

    def take_in(self, katas: Sequence[Kata], settings: Settings, *, results: Path, work: Path) -> Intake:
        """Who is in the class, and what they handed in. Raises UsageError."""
        roster = read_roster(self.roster) if self.roster else None
        app = Path(settings.app).name or "app.py"
        faults: dict[Path, NoReport] = {}
        folder = self._unpacked(work, roster, app, faults=faults) if self.submissions.is_file() else self.submissions
        students = [one.label for one in roster.students] if roster else ()
        found = layout.find(folder, is_for_all=len(katas) > 1, students=students, results=results.resolve())
        return take_in(
            [replace(one, fault=_fault_of(one, faults)) for one in found],
            katas,
            roster=roster,
            settings=settings,
            shard=self.shard,
            is_modified=self.is_modified,
        )

    def doubts(self, results: Path, *, apps: Collection[str] = ("app.py",)) -> Iterator[str]:
        """Sentences about what somebody has probably not meant. ``results`` are those of this class, ``apps`` the names
        of modules."""
        inner = [path for path in _entries(self.submissions) if not layout.is_beside(path.name)]
        if len(inner) == 1 and inner[0].is_file() and _is_download(inner[0]):
            yield (
                f"{inner[0]} looks like what a platform gives out for a whole class, and is graded as the submission "
                f"of one student: name the archive itself, `grade class {inner[0]}`."
            )
        if len(inner) == 1 and (sentence := doubt(self.submissions, self.roster, apps)):
            yield sentence
        if any((self.submissions / name).is_file() for name in apps):
            yield (
                f"{self.submissions} looks like the folder of one student, and each thing in it is graded as a "
                f"student's: name the folder around it, {self.submissions.absolute().parent}."
            )
        for path in _entries(self.submissions):
            if layout.has_results(path) and path.resolve() != results.resolve():
                yield f"{path} holds the results of a class, and is not graded as a submission."
        if self.roster:
            yield from read_roster(self.roster).notes
        if self.is_modified and (undated := self._undated(results)):
            named = ", ".join(visible(name, 60) for name in undated[:_NAMED])
            more = f" and {len(undated) - _NAMED} more" if len(undated) > _NAMED else ""
            yield (
                f"{plural(len(undated), 'file')} without a time that can be used: {named}{more}. A submission that "
                "nothing else dates counts as handed in on time."
            )

    def _undated(self, results: Path) -> list[str]:
        """The files that do not say when they were changed, by their names."""
        if self.submissions.is_file():
            try:
                return undated_in(self.submissions, _DOWNLOAD)
            except (OSError, Rejected):
                return []  # it is refused when it is unpacked
        found: list[str] = []
        for path in _entries(self.submissions):
            if layout.is_beside(path.name) or layout.has_results(path) or path.resolve() == results.resolve():
                continue
            with suppress(OSError, Rejected):  # it is reported when it is copied
                undated = (file for file in files_of([path]) if times.of_file(file) is None)
                found += [from_system(str(file.relative_to(self.submissions))) for file in undated]
        return found

    def _unpacked(self, work: Path, roster: Roster | None, app: str, *, faults: dict[Path, NoReport]) -> Path:
        """What is wrong with a file gets into ``faults``, by its path and the folders around it. Raises UsageError."""
        if not is_archive(self.submissions.name):
            raise UsageError(f"{self.submissions} is neither a folder of submissions nor an archive of one.")
        folder = work / "all"
        try:
            for path, rejected in unpack_all(self.submissions, folder, _DOWNLOAD, with_times=self.is_modified):
                real = Path(os.path.realpath(path.parent)) / path.name
                for place in (real, *real.parents):
                    faults.setdefault(place, rejected.reason)
        except Rejected as rejected:
            advice = " Unpack it, and name the folder." if rejected.reason.why is Why.REFUSED else ""
            raise UsageError(f"{self.submissions}: {rejected}.{advice}") from None
        if not folder.is_dir():
            raise UsageError(f"There are no submissions in {self.submissions}.")
        return without_cover(folder, roster, app)


def _fault_of(handed: Handed, faults: Mapping[Path, NoReport]) -> NoReport | None:
    """What was wrong with a file of this submission when the class was unpacked."""
    return next((faults[path] for path in handed.paths if path in faults), None)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError:
        return []  # it is reported when its submissions are read


def _is_download(archive: Path) -> bool:
    """Whether the names in it are a platform's, of several students. Nothing of it is unpacked."""
    try:
        names = names_in(archive, Bounds(files=_LOOKED_AT))[:_LOOKED_AT]
    except (OSError, Rejected):
        return False
    found = filter(None, (naming.read(part) for name in names for part in name.split("/")[:2]))
    return len({named.user for named in found}) > 1 or any(name.endswith(METADATA) for name in names)
