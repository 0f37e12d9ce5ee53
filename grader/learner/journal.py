"""Scores of a learner, and the hints that they have seen: a small file in the workspace. No grade depends on it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.catalog.files import read_bytes
from grader.catalog.kata import BUNDLED, Kata
from grader.errors import UsageError
from grader.learner.recall import Recall, document_of, focus, recall_in
from grader.model import Outcome, Report
from grader.score import first_failure

NAME = ".stream-katas.json"
FORMAT = 1
_LONGEST = 4 << 20  # bytes of the file: what is known of a kata takes a few KiB


@dataclass(frozen=True, slots=True)
class Score:
    """The points of one grade, and its time."""

    points: int
    possible: int
    at: datetime

    @property
    def is_full(self) -> bool:
        return self.points == self.possible > 0


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a learner's work on one kata.

    ``passed`` and ``failed`` are the checks of the last grade, in the specification's order; ``trouble`` says why the
    app did not start then; ``hints`` counts for each check the hints that were asked for. ``focus`` is the failed check
    that the report showed whole, ``seen`` its headline, and ``cause`` the hint about it. ``recall`` is what terminals
    have shown.
    """

    attempts: int = 0
    best: Score | None = None
    last: Score | None = None
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    trouble: str = ""
    focus: str = ""
    seen: str = ""
    cause: str = ""
    hints: Mapping[str, int] = field(default_factory=dict)
    recall: Recall = field(default_factory=Recall)

    def after(self, report: Report, at: datetime, *, shown: str | None = None) -> Standing:
        """The standing after one more grade. ``shown`` is the source's digest, where a terminal shows the report."""
        score = Score(report.points, report.possible, at)
        best = score if self.best is None or score.points >= self.best.points else self.best
        failure, looked_at = report.boot_failure, first_failure(report)
        if shown is not None:
            looked_at = focus(report, self.recall.compared(report, shown))
        finding = looked_at.finding if looked_at else None
        return replace(
            self,
            attempts=self.attempts + 1,
            best=best,
            last=score,
            passed=_ids(report, Outcome.PASSED),
            failed=_ids(report, Outcome.FAILED),
            trouble=failure.headline if failure else "",
            focus=looked_at.check.id if looked_at else "",
            seen=finding.headline if finding else "",
            cause=finding.hint if finding else "",
            recall=self.recall if shown is None else self.recall.after(report, shown),
        )

    def after_reset(self) -> Standing:
        """The standing after the stub was put back: the outcomes of the last grade are dropped."""
        return replace(self, last=None, passed=(), failed=(), trouble="", focus="", seen="", cause="", recall=Recall())

    def with_hint(self, check: str) -> Standing:
        """One more hint of ``check`` has been seen."""
        return replace(self, hints={**self.hints, check: self.hints.get(check, 0) + 1})


class Journal:
    """The file in one workspace. Two runs at once may both write: each change is made to what the other has left."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / NAME
        self.damaged: Path | None = None  # the new name of a file that could not be read

    @classmethod
    def of(cls, app: Path) -> Journal:
        """The journal of the workspace, or of the checkout, that holds the kata's folder in which ``app`` is."""
        workspace = app.parent.parent
        return cls(workspace.parent if workspace.name == "katas" else workspace)

    @classmethod
    def near(cls, start: Path) -> Journal | None:
        """The journal of the workspace or checkout that ``start`` is in, None when there is none yet."""
        folders = (start, *start.parents)
        return next((cls(folder) for folder in folders if (folder / NAME).is_file()), None)

    def standing(self, kata: Kata) -> Standing:
        """The standing in ``kata``: an empty one when the file is missing or cannot be read."""
        return _standing(self._read().get(_key(kata)))

    def note(self, kata: Kata, report: Report, *, shown: str | None = None) -> Standing:
        """Record one whole grade; returns where the learner stood before. Raises OSError.

        ``shown`` is the digest of the app's source, where a terminal shows the report.
        """
        return self._change(kata, lambda standing: standing.after(report, datetime.now(UTC), shown=shown))

    def note_hint(self, kata: Kata, check: str) -> Standing:
        """One more hint of ``check`` is shown; returns where the learner stood before. Raises OSError."""
        return self._change(kata, lambda standing: standing.with_hint(check))

    def note_reset(self, kata: Kata) -> Standing:
        """The stub was put back; returns where the learner stood before. Raises OSError."""
        return self._change(kata, Standing.after_reset)

    def _change(self, kata: Kata, change: Callable[[Standing], Standing]) -> Standing:
        with self._locked():
            katas = self._read(keep_damaged=True)
            before = _standing(katas.get(_key(kata)))
            katas[_key(kata)] = _document(change(before))
            self._write({"format": FORMAT, "katas": katas})
        return before

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The lock is on the folder: each change replaces the file, and a file only for the lock would stay there."""
        folder = os.open(self.file.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _read(self, *, keep_damaged: bool = False) -> dict[str, Any]:
        try:
            document = json.loads(read_bytes(self.file, _LONGEST))
            katas = document["katas"]
            if isinstance(katas, dict) and document["format"] == FORMAT:
                return katas
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        if keep_damaged:
            with suppress(OSError):
                self.damaged = self.file.replace(self.file.with_name(f"{NAME}.damaged"))
        return {}

    def _write(self, document: Mapping[str, object]) -> None:
        part = self.file.with_name(f"{NAME}.{os.getpid()}.part")
        try:
            part.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
            part.replace(self.file)
        finally:
            part.unlink(missing_ok=True)


def _key(kata: Kata) -> str:
    """The name of a kata in the file, after that of its pack: two packs may have katas of one name.

    A bundled kata has no prefix, as in the files that were written before there were packs.
    """
    return kata.name if kata.pack == BUNDLED else f"{kata.pack}:{kata.name}"


def require(start: Path, kata: Kata) -> Journal:
    """The journal near ``start``, where ``kata`` has been graded. Raises UsageError when it has not."""
    journal = Journal.near(start)
    if journal is None or journal.standing(kata).last is None:
        raise UsageError(f"{kata.id} has not been graded here yet. Run `grade {kata.id}` in your workspace first.")
    return journal


def _ids(report: Report, outcome: Outcome) -> tuple[str, ...]:
    return tuple(result.check.id for result in report.results if result.outcome is outcome)


def _document(standing: Standing) -> dict[str, object]:
    return {
        "attempts": standing.attempts,
        "best": _score_document(standing.best),
        "last": _score_document(standing.last),
        "passed": list(standing.passed),
        "failed": list(standing.failed),
        "trouble": standing.trouble,
        "focus": standing.focus,
        "seen": standing.seen,
        "cause": standing.cause,
        "hints": dict(standing.hints),
        "recall": document_of(standing.recall),
    }


def _score_document(score: Score | None) -> dict[str, object] | None:
    if score is None:
        return None
    return {"points": score.points, "possible": score.possible, "at": score.at.isoformat(timespec="seconds")}


def _standing(found: object) -> Standing:
    """The standing in a document that a learner may have edited: a value of the wrong type counts as missing."""
    if not isinstance(found, dict):
        return Standing()
    hints, attempts = found.get("hints"), found.get("attempts")
    counts = hints.items() if isinstance(hints, dict) else ()
    return Standing(
        attempts=attempts if isinstance(attempts, int) and attempts > 0 else 0,
        best=_score(found.get("best")),
        last=_score(found.get("last")),
        passed=_names(found.get("passed")),
        failed=_names(found.get("failed")),
        trouble=str(found.get("trouble", "")),
        focus=str(found.get("focus", "")),
        seen=str(found.get("seen", "")),
        cause=str(found.get("cause", "")),
        hints={name: count for name, count in counts if isinstance(count, int)},
        recall=recall_in(found.get("recall")),
    )


def _score(found: object) -> Score | None:
    match found:
        case {"points": int(points), "possible": int(possible), "at": str(at)}:
            with suppress(ValueError):
                when = datetime.fromisoformat(at)
                return Score(points, possible, when if when.tzinfo else when.replace(tzinfo=UTC))
    return None


def _names(found: object) -> tuple[str, ...]:
    return tuple(name for name in found if isinstance(name, str)) if isinstance(found, list) else ()
