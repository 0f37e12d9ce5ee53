"""The results of an audit, one for each grade, and the file that keeps them so that it can be resumed."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.catalog.kata import Kata
from grader.errors import UsageError
from grader.model import Outcome
from grader.verify import equivalents
from grader.verify.verdict import Verdict

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Sample:
    """One grade of one reference app, which ``label`` names; ``trouble`` says why there are no outcomes."""

    label: str
    repeat: int
    seed: str
    outcomes: dict[str, Outcome]
    trouble: str = ""
    headlines: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, verdict: Verdict, *, repeat: int, seed: str) -> Sample:
        """The part of a verdict that an audit keeps."""
        return cls(verdict.app.label, repeat, seed, verdict.outcomes, verdict.trouble, verdict.headlines)


class Samples:
    """The samples of one kata by label and repeat, and in ``file`` (if any) as one JSON object a line.

    Lines about another version of the kata, its solutions or the grader are ignored. Raises UsageError when ``file``
    cannot be read or written.
    """

    def __init__(self, file: Path | None, kata: Kata) -> None:
        self._file = file
        self._version = _version(kata)
        self._kata = kata.name
        self.found: dict[tuple[str, int], Sample] = {}
        if file is not None:
            self._open(file)

    def keep(self, sample: Sample) -> None:
        """Add a sample, to the file too."""
        self.found[sample.label, sample.repeat] = sample
        if self._file is None:
            return
        line = {
            "kata": self._kata,
            "version": self._version,
            "app": sample.label,
            "repeat": sample.repeat,
            "seed": sample.seed,
            "outcomes": {name: outcome.value for name, outcome in sample.outcomes.items()},
            "trouble": sample.trouble,
            "headlines": sample.headlines,
        }
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _open(self, file: Path) -> None:
        """Read what is there, and make sure that lines can be appended."""
        try:
            with file.open("a+b") as opened:
                if opened.tell():
                    opened.seek(-1, os.SEEK_END)
                    if opened.read() != b"\n":  # the audit was interrupted in the middle of a line
                        opened.write(b"\n")
        except OSError as error:
            raise UsageError(f"--resume: {str(file)!r} cannot be written: {error.strerror}") from None
        try:
            lines = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.endswith("}")]
            for line in lines:
                if (line["kata"], line["version"]) == (self._kata, self._version):
                    sample = _sample(line)
                    self.found[sample.label, sample.repeat] = sample
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"--resume: {str(file)!r} was not written by an audit: {error}") from None


def _sample(line: dict[str, Any]) -> Sample:
    outcomes = {name: Outcome(value) for name, value in line["outcomes"].items()}
    return Sample(line["app"], line["repeat"], line["seed"], outcomes, line["trouble"], line["headlines"])


def _version(kata: Kata) -> str:
    """A digest of all that a verdict may depend on: the kata, its solutions (not what is about mutants), the grader."""
    digest = hashlib.sha256()
    for folder in (kata.folder, kata.solutions, _PACKAGE):
        files = (path for path in folder.rglob("*") if path.is_file() and path.name != equivalents.FILE)
        for file in sorted(path for path in files if "__pycache__" not in path.parts):
            digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
