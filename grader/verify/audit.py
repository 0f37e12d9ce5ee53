"""Tests whether verdicts depend on machine load: grades every reference app many times, beside busy processes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.catalog.kata import Kata
from grader.grading.collect import checks_of
from grader.grading.run import OnProgress
from grader.model import Check, Outcome
from grader.pool.pool import Pool
from grader.verify.busy import busy
from grader.verify.confidence import upper_bound
from grader.verify.expected import surprises
from grader.verify.reference import ReferenceApp, find_reference_apps
from grader.verify.samples import Sample, Samples
from grader.verify.verdict import Verdict, job_for


@dataclass(frozen=True, slots=True)
class Difference:
    """One verdict that was not what it must be, with its headline. ``seed`` repeats it, if anything does."""

    label: str
    check: str
    expected: Outcome
    seen: Outcome
    seed: str
    headline: str


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of grades in which the verdict of one check differed; ``bound`` holds with 95 % confidence."""

    check: Check
    trials: int
    differed: int
    inconclusive: int

    @property
    def bound(self) -> float:
        return upper_bound(hits=self.differed, trials=self.trials)


@dataclass(frozen=True, slots=True)
class Audit:
    """The outcome of all repeats; without problems not one verdict differed."""

    kata: Kata
    repeats: int
    load: int
    samples: tuple[Sample, ...]
    tallies: tuple[Tally, ...]
    differences: tuple[Difference, ...]
    problems: tuple[str, ...]


def audit(
    kata: Kata,
    pool: Pool,
    *,
    repeats: int,
    load: int,
    seed: str,
    samples: Samples,
    progress: OnProgress = lambda *_: None,
) -> Audit:
    """Grade every reference app ``repeats`` times beside ``load`` busy processes, with a new seed each time.

    Grades that ``samples`` has already are not repeated; the others are added to it. ``progress`` receives how many
    grades are done, and how many there are. Raises BadKata.
    """
    checks = tuple(checks_of(kata))
    apps = {app.label: app for app in find_reference_apps(kata)}
    wanted = [(label, repeat) for repeat in range(repeats) for label in apps]
    missing = [key for key in wanted if key not in samples.found]
    already = len(wanted) - len(missing)
    progress(already, len(wanted))
    seeds = [_seed(seed, label, repeat) for label, repeat in missing]
    jobs = [job_for(kata, apps[label], seed=own) for (label, _), own in zip(missing, seeds, strict=True)]
    with busy(load):
        results = pool.results(jobs, lambda done, _: progress(already + done, len(wanted)))
        for (label, repeat), own, result in zip(missing, seeds, results, strict=True):
            samples.keep(Sample.of(Verdict.of(apps[label], result), repeat=repeat, seed=own))
    found = tuple(samples.found[key] for key in wanted)
    differences = tuple(_differences(found, apps, checks))
    tallies = tuple(_tally(check, found, differences) for check in checks)
    return Audit(kata, repeats, load, found, tallies, differences, tuple(_problems(found, differences)))


def _seed(seed: str, label: str, repeat: int) -> str:
    return hashlib.sha256(f"{seed}-{repeat}-{label}".encode()).hexdigest()[:8]


def _differences(
    samples: Iterable[Sample], apps: dict[str, ReferenceApp], checks: tuple[Check, ...]
) -> Iterator[Difference]:
    for sample in samples:
        for name, right, seen in surprises(apps[sample.label], checks, sample.outcomes):
            yield Difference(sample.label, name, right, seen, sample.seed, sample.headlines.get(name, ""))


def _tally(check: Check, samples: Iterable[Sample], differences: Iterable[Difference]) -> Tally:
    outcomes = [sample.outcomes[check.id] for sample in samples if check.id in sample.outcomes]
    inconclusive = outcomes.count(Outcome.INCONCLUSIVE)
    differed = sum(difference.check == check.id for difference in differences)
    return Tally(check, len(outcomes) - inconclusive, differed, inconclusive)


def _problems(samples: Iterable[Sample], differences: Iterable[Difference]) -> Iterator[str]:
    for sample in samples:
        if sample.trouble:
            yield f"{sample.label}: {sample.trouble} (seed {sample.seed})"
    for found in differences:
        yield (
            f"{found.label}: {found.check} is {found.seen.value} and must be {found.expected.value} "
            f"(seed {found.seed}){f': {found.headline}' if found.headline else ''}"
        )
