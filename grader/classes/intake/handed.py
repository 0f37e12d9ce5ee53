"""What was found of one student, before anything of it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from grader.classes.model import NoReport
from grader.text import from_system

#: The label of what has a name in which nothing is seen.
UNNAMED: Final = "no name"


@dataclass(frozen=True, slots=True)
class Handed:
    """One attempt of one student: ``paths`` are its files, or its one folder or archive; none: nothing was handed in.

    ``label`` is what the folder or the platform calls the student, ``known`` what it says of them, such as a number and
    a name, what students can choose last; by these a roster finds them. ``names`` are the files' own names where a
    platform has changed them. ``root`` is the real folder of all submissions. ``is_for_all`` says that there are
    several katas, each in a folder of its name. ``is_numbered``: the label is another one's, with a number, and says
    nothing of who it is. ``instead``: what it is where no file was handed in, such as "a text"; then ``paths`` show it.
    ``fault`` is why it cannot be graded, where that was seen when the whole class was unpacked.
    """

    label: str
    paths: tuple[Path, ...]
    root: Path
    known: tuple[str, ...] = ()
    name: str = ""
    email: str = ""
    attempt: int = 1
    handed_in: datetime | None = None
    is_marked_late: bool = False
    names: tuple[str, ...] = field(default=())
    is_for_all: bool = False
    is_numbered: bool = False
    instead: str = ""
    fault: NoReport | None = None

    def name_of(self, path: Path) -> str:
        """The name that a student gave the file."""
        return dict(zip(self.paths, self.names, strict=True)).get(path, path.name) if self.names else path.name

    @property
    def source(self) -> str:
        """The file or folder below the folder of all, as text; of several files the first."""
        if not self.paths:
            return ""
        path = self.paths[0]
        return from_system(str(path.relative_to(self.root)) if path.is_relative_to(self.root) else path.name)
