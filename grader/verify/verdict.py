"""The verdict on one reference app, made from its report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.grading.run import Job, OnProgress
from grader.model import Outcome, Report
from grader.pool.news import Result, Trouble
from grader.pool.pool import Pool
from grader.serving.jail import own
from grader.serving.launch import Launch
from grader.serving.module import locate
from grader.verify.reference import ReferenceApp


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of grading a reference app.

    ``outcomes`` has an outcome for each check that was reached, ``headlines`` the headline of each one that did not
    pass; ``trouble`` says why there are none, or that the app does not start.
    """

    app: ReferenceApp
    outcomes: dict[str, Outcome]
    headlines: dict[str, str]
    points: int = 0
    seed: str = ""
    trouble: str = ""
    does_not_start: bool = False

    @classmethod
    def of(cls, app: ReferenceApp, result: Result) -> Self:
        """The verdict in a report."""
        match result:
            case Trouble(message):
                return cls(app, {}, {}, trouble=message)
            case Report(results=results, boot_failure=failure):
                return cls(
                    app,
                    outcomes={each.check.id: each.outcome for each in results},
                    headlines={each.check.id: each.finding.headline for each in results if each.finding},
                    points=result.points,
                    seed=result.seed,
                    trouble=f"it does not start: {failure.headline}" if failure else "",
                    does_not_start=failure is not None,
                )

    @property
    def failed(self) -> tuple[str, ...]:
        """The ids of the checks that failed, in the specification's order."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome is Outcome.FAILED)


def job_for(kata: Kata, app: ReferenceApp, *, seed: str = "", stop_early: bool = False) -> Job:
    """The job for one app, in the jail that a learner's own app gets.

    ``stop_early`` leaves out all checks after the first one that fails.
    """
    jail = own.jail_for(locate(app.file), [kata, *bundled()])
    return Job(kata, Launch(app.file, kata.entry[1], jail=jail), seed=seed, stop_early=stop_early)


def verdicts(
    kata: Kata,
    apps: Iterable[ReferenceApp],
    pool: Pool,
    *,
    seed: str = "",
    stop_early: bool = False,
    progress: OnProgress = lambda *_: None,
) -> Iterator[Verdict]:
    """The verdict on each app, in order."""
    all_apps = list(apps)
    jobs = [job_for(kata, app, seed=seed, stop_early=stop_early) for app in all_apps]
    yield from map(Verdict.of, all_apps, pool.results(jobs, progress))
