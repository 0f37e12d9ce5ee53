"""Where a class's submissions and katas are: what a later command needs to grade some of them again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.catalog.kata import Kata
from grader.classes.intake import layout, naming
from grader.classes.intake.archive import is_archive, names_in, unpack
from grader.classes.intake.gradescope import METADATA
from grader.classes.intake.rejection import Rejected
from grader.classes.intake.roster import read_roster
from grader.classes.model import Bounds, Settings
from grader.classes.task import Intake, Shard, take_in
from grader.errors import UsageError

#: Of a whole download, which the instructor has chosen.
_DOWNLOAD = Bounds(size=8 << 30, files=1_000_000)
#: So many names in an archive are looked at.
_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Source:
    """``submissions`` is a folder, or the archive in which a platform gives it out. ``katas`` are names, ``folders``
    those of --katas. ``is_modified``: the times of the files say when they were handed in. ``here`` is the folder where
    the command ran, whose stream-katas.toml counts."""

    submissions: Path
    katas: tuple[str, ...]
    folders: tuple[Path, ...] = ()
    roster: Path | None = None
    is_modified: bool = False
    shard: Shard = field(default_factory=Shard)
    here: Path = field(default_factory=Path.cwd)

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
        )

    def require_submissions(self, results: Path) -> None:
        """Raises UsageError where they have been moved, or removed."""
        if not self.submissions.exists():
            katas = " ".join(f"--kata {kata}" for kata in self.katas)
            raise UsageError(
                f"The submissions are not in {self.submissions} any more. If they are elsewhere, say where: "
                f"`grade class SUBMISSIONS {katas} --out {results}`. What the ledger has is not graded again."
            )

    def take_in(self, katas: Sequence[Kata], settings: Settings, *, work: Path) -> Intake:
        """Who is in the class, and what they handed in. Raises UsageError."""
        folder = self._unpacked(work) if self.submissions.is_file() else self.submissions
        roster = read_roster(self.roster) if self.roster else None
        students = [one.label for one in roster.students] if roster else ()
        return take_in(
            layout.find(folder, is_for_all=len(katas) > 1, students=students),
            katas,
            roster=roster,
            settings=settings,
            shard=self.shard,
            is_modified=self.is_modified,
        )

    def doubts(self) -> Iterator[str]:
        """Sentences about what somebody has probably not meant."""
        inner = [path for path in _entries(self.submissions) if not layout.is_beside(path.name)]
        if len(inner) == 1 and inner[0].is_file() and _is_download(inner[0]):
            yield (
                f"{inner[0]} looks like what a platform gives out for a whole class, and is graded as the submission "
                f"of one student: name the archive itself, `grade class {inner[0]}`."
            )

    def _unpacked(self, work: Path) -> Path:
        if not is_archive(self.submissions.name):
            raise UsageError(f"{self.submissions} is neither a folder of submissions nor an archive of one.")
        folder = work / "all"
        try:
            unpack(self.submissions, folder, _DOWNLOAD)
        except Rejected as rejected:
            raise UsageError(f"{self.submissions}: {rejected}.") from None
        return _without_cover(folder)


def _without_cover(folder: Path) -> Path:
    """The only folder in ``folder``, where it is not a student's: what packs a folder often packs it as one."""
    inner = [path for path in folder.iterdir() if not path.name.startswith((".", "__"))]
    is_cover = len(inner) == 1 and inner[0].is_dir() and not any(inner[0].glob("*.py"))
    return inner[0] if is_cover and sum(path.is_dir() for path in inner[0].iterdir()) > 1 else folder


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
