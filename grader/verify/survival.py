"""Grades mutants of the right apps; one that survives shows that a check is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from grader import interrupt
from grader.catalog.kata import Kata
from grader.grading.run import OnProgress
from grader.model import Outcome
from grader.pool.pool import Pool
from grader.verify import equivalents
from grader.verify.clauses import Clause, read_clauses
from grader.verify.coverage import MUTANT
from grader.verify.mutation.choice import most_telling
from grader.verify.mutation.mutant import Mutant, mutants
from grader.verify.reference import ReferenceApp, Role, find_reference_apps
from grader.verify.verdict import Verdict, verdicts


class Fate(Enum):
    """The fate of a mutant."""

    KILLED = "killed"  # a check failed, or it did not start
    SURVIVED = "survived"  # full marks, and the author gives no reason
    EQUIVALENT = "equivalent"  # full marks, for a reason that the author gives
    UNDECIDED = "undecided"  # twice no verdict


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant and its fate; ``by`` says which check failed first and why, or is the reason, or why it is undecided."""

    mutant: Mutant
    fate: Fate
    by: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """The fates of a kata's mutants, or of a sample of ``among``; without problems each is killed or equivalent."""

    kata: Kata
    trials: tuple[Trial, ...]
    problems: tuple[str, ...]
    among: int

    def of(self, *fates: Fate) -> list[Trial]:
        """The trials that ended so."""
        return [trial for trial in self.trials if trial.fate in fates]


def survey(
    kata: Kata, pool: Pool, *, seed: str = "", sample: int | None = None, progress: OnProgress = lambda *_: None
) -> Survey:
    """Grade every mutant of a kata's solution and variants, or a sample. Raises BadKata when it has no solution.

    ``progress`` receives how many mutants are graded, and how many there are.
    """
    reasons = equivalents.equivalents(kata)
    made = list(mutants_of(kata))
    chosen = made if sample is None else most_telling(made, sample, seed=seed)
    trials = tuple(try_out(kata, chosen, pool, seed=seed, reasons=reasons, progress=progress))
    tried = {mutant.id for mutant in chosen}
    left_out = {name for mutant in made if mutant.id not in tried for name in _names(mutant)}
    problems = [*unexplained(trials), *stale(reasons, trials, left_out=left_out)]
    problems += unbroken(read_clauses(kata), trials) if sample is None else []
    return Survey(kata, trials, tuple(problems), len(made))


def mutants_of(kata: Kata) -> Iterator[Mutant]:
    """All mutants of the solution, and of each variant those that no earlier app has."""
    earlier: list[str] = []
    for app in find_reference_apps(kata):
        if app.role in (Role.SOLUTION, Role.VARIANT):
            text = app.file.read_text("utf-8")
            yield from mutants(app.label, text, beside=earlier)
            earlier.append(text)


def try_out(
    kata: Kata,
    made: list[Mutant],
    pool: Pool,
    *,
    seed: str = "",
    reasons: dict[str, str],
    progress: OnProgress = lambda *_: None,
) -> list[Trial]:
    """Grade each mutant up to the first check that fails; once more, alone, those that are not explained then.

    Beside other grades a machine may be too busy to prove that an app rests.
    """
    with _folder() as folder:
        apps = [_written(mutant, folder / mutant.id, kata) for mutant in made]
        found = list(verdicts(kata, apps, pool, seed=seed, stop_early=True, progress=progress))
        for number, mutant in enumerate(made):
            if _trial(mutant, found[number], reasons).fate in (Fate.SURVIVED, Fate.UNDECIDED):
                found[number] = next(verdicts(kata, [apps[number]], pool, seed=seed, stop_early=True))
    return [_trial(mutant, verdict, reasons) for mutant, verdict in zip(made, found, strict=True)]


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder that is removed at the end, also when a signal ends the process."""
    with TemporaryDirectory(prefix="stream-katas-", ignore_cleanup_errors=True) as folder:
        forget = interrupt.on_end(partial(shutil.rmtree, folder, ignore_errors=True))
        yield Path(folder)
    forget()


def _written(mutant: Mutant, folder: Path, kata: Kata) -> ReferenceApp:
    """The mutant as a file that can be graded: a wrong app."""
    folder.mkdir()
    file = folder / kata.entry[0]
    file.write_text(mutant.text, "utf-8")
    return ReferenceApp(Role.WRONG, file)


def _trial(mutant: Mutant, verdict: Verdict, reasons: dict[str, str]) -> Trial:
    fate, by = _fate(verdict)
    named = [reasons[name] for name in (*_names(mutant), mutant.base) if name in reasons]
    if fate is Fate.SURVIVED and named:
        return Trial(mutant, Fate.EQUIVALENT, named[0])
    return Trial(mutant, fate, by)


def _names(mutant: Mutant) -> tuple[str, ...]:
    """The names by which an author can list a mutant."""
    return mutant.id, mutant.operator


def _fate(verdict: Verdict) -> tuple[Fate, str]:
    if verdict.does_not_start:
        return Fate.KILLED, "it does not start"
    if verdict.failed:
        first = verdict.failed[0]
        return Fate.KILLED, f"{first} fails: {verdict.headlines.get(first, '')}"
    if verdict.trouble or Outcome.INCONCLUSIVE in verdict.outcomes.values():
        return Fate.UNDECIDED, verdict.trouble or "inconclusive"
    return Fate.SURVIVED, ""


def unexplained(trials: Iterable[Trial]) -> Iterator[str]:
    """A problem for each mutant that is neither killed nor equivalent."""
    for trial in trials:
        mutant = trial.mutant
        if trial.fate is Fate.SURVIVED:
            yield (
                f"mutant {mutant.id} of {mutant.app} survived, although it {mutant.mistake}: "
                f"write a check that fails it, or say in {equivalents.FILE} why it is equivalent"
            )
        if trial.fate is Fate.UNDECIDED:
            yield f"mutant {mutant.id} of {mutant.app} is undecided: {trial.by}"


def stale(reasons: dict[str, str], trials: Iterable[Trial], *, left_out: Iterable[str] = frozenset()) -> Iterator[str]:
    """A problem for each entry that is not needed: its mutant is killed, or does not exist."""
    made = list(trials)
    needed = {
        name for trial in made if trial.fate in (Fate.EQUIVALENT, Fate.UNDECIDED) for name in _names(trial.mutant)
    }
    needed.update(left_out)
    killers = {name: trial.by for trial in made if trial.fate is Fate.KILLED for name in _names(trial.mutant)}
    for name in reasons:
        if name not in needed:
            why = f"is not equivalent ({killers[name]})" if name in killers else "does not exist"
            yield f"{equivalents.FILE} lists mutant {name}, which {why}: remove it"


def unbroken(clauses: Iterable[Clause], trials: Iterable[Trial]) -> Iterator[str]:
    """A problem for each clause that is said to be broken by mutants of which none is killed."""
    killed = {f"{MUTANT}{trial.mutant.operator}" for trial in trials if trial.fate is Fate.KILLED}
    for clause in clauses:
        for name in clause.broken_by:
            if name.startswith(MUTANT) and name not in killed:
                yield f"clauses.toml: clause {clause.id!r} is broken by {name!r}, and no such mutant is killed"
