"""Does any wrong app pass? Mutants of what is right are graded; one that passes is a hole in the specification.

An author accepts a mutant that is no wrong app after all in ``solutions/<kata>/equivalent.toml``::

    [[mutant]]
    ids = ["3f9a1c2e"]
    reason = "Nobody can tell from outside: …"
"""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from grader.catalog.kata import Kata
from grader.errors import BadKata
from grader.model import Outcome
from grader.verify.judge import Verdict, judge
from grader.verify.mutation.mutant import Mutant, mutants
from grader.verify.reference import ReferenceApp, Role, find_reference_apps

ACCEPTED = "equivalent.toml"


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "killed"  # some check fails, or it does not start
    SURVIVED = "survived"  # full marks, and nobody has said why that is right
    EQUIVALENT = "equivalent"  # full marks, for a reason that the author gives
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant and its fate; ``by`` is the check that fails first, or why there is no verdict."""

    mutant: Mutant
    fate: Fate
    by: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What became of all mutants of a kata; no problem means that every one is killed or explained."""

    kata: Kata
    trials: tuple[Trial, ...]
    problems: tuple[str, ...]

    def of(self, *fates: Fate) -> list[Trial]:
        """The trials that ended so."""
        return [trial for trial in self.trials if trial.fate in fates]


def survey(kata: Kata, *, jobs: int, seed: str = "", progress: Callable[[int, int], None] = lambda *_: None) -> Survey:
    """Grade every mutant of a kata's solution and variants. Raises BadKata when it has no solution.

    ``progress`` is told how many mutants are judged, and how many there are.
    """
    reasons = accepted(kata)
    made = list(mutants_of(kata))
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory(prefix="stream-katas-") as folder, ThreadPoolExecutor(jobs) as pool:
        for trial in pool.map(lambda mutant: try_out(kata, mutant, Path(folder), seed, reasons), made):
            trials.append(trial)
            progress(len(trials), len(made))
    return Survey(kata, tuple(trials), (*unexplained(trials), *stale(reasons, trials)))


def mutants_of(kata: Kata) -> Iterator[Mutant]:
    """All mutants of the solution, and of each variant those that are none of an earlier one's."""
    earlier: list[str] = []
    for exhibit in find_reference_apps(kata):
        if exhibit.role in (Role.SOLUTION, Role.VARIANT):
            text = exhibit.file.read_text("utf-8")
            yield from mutants(exhibit.label, text, beside=earlier)
            earlier.append(text)


def accepted(kata: Kata) -> dict[str, str]:
    """The reason for each mutant that the author accepts, by its id. Raises BadKata."""
    file = kata.solutions / ACCEPTED
    try:
        found = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as error:
        raise BadKata(f"{ACCEPTED} cannot be read: {error}") from None
    entries = found.pop("mutant", [])
    if found or not isinstance(entries, list):
        raise BadKata(f"{ACCEPTED}: only [[mutant]] tables may stand there")
    reasons: dict[str, str] = {}
    for entry in entries:
        match entry:
            case {"ids": list(ids), "reason": str(reason)} if ids and reason.strip():
                reasons |= dict.fromkeys(map(str, ids), reason)
            case _:
                raise BadKata(f'{ACCEPTED}: a [[mutant]] needs ids = ["…"] and a reason; this has not: {entry}')
    return reasons


def try_out(kata: Kata, mutant: Mutant, folder: Path, seed: str, reasons: dict[str, str]) -> Trial:
    """Grade one mutant, up to the first check that fails; once more when nobody could tell."""
    file = folder / mutant.id / kata.entry[0]
    file.parent.mkdir()
    file.write_text(mutant.text, "utf-8")
    for _ in range(2):
        verdict = judge(kata, ReferenceApp(Role.WRONG, file), seed, stop_early=True)
        fate, by = _fate(verdict)
        if fate is not Fate.UNDECIDED:
            break
    if fate is Fate.SURVIVED and mutant.id in reasons:
        return Trial(mutant, Fate.EQUIVALENT, reasons[mutant.id])
    return Trial(mutant, fate, by)


def _fate(verdict: Verdict) -> tuple[Fate, str]:
    if verdict.does_not_start:
        return Fate.KILLED, "it does not start"
    if verdict.failed:
        return Fate.KILLED, min(verdict.failed)
    if verdict.trouble or Outcome.INCONCLUSIVE in verdict.outcomes.values():
        return Fate.UNDECIDED, verdict.trouble or "inconclusive"
    return Fate.SURVIVED, ""


def unexplained(trials: Iterable[Trial]) -> Iterator[str]:
    """A problem for each mutant that neither fails nor is accepted."""
    for trial in trials:
        mutant = trial.mutant
        if trial.fate is Fate.SURVIVED:
            yield (
                f"mutant {mutant.id} of {mutant.app} passes, though it {mutant.mistake}; "
                f"make a check fail it, or say in {ACCEPTED} why it is right"
            )
        if trial.fate is Fate.UNDECIDED:
            yield f"mutant {mutant.id} of {mutant.app} cannot be judged: {trial.by}"


def stale(reasons: dict[str, str], trials: Iterable[Trial]) -> Iterator[str]:
    """A problem for each acceptance that nothing needs: of a mutant that fails after all, or is no more."""
    needed = {trial.mutant.id for trial in trials if trial.fate is Fate.EQUIVALENT}
    for name in reasons:
        if name not in needed:
            yield f"{ACCEPTED} accepts mutant {name}, which is not there or does not pass; take it out"
