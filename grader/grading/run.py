"""The main path: boot the app, run the specification, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.catalog.kata import Kata
from grader.grading.rig import Rig
from grader.grading.versions import versions
from grader.grading.wording import blocked_loop
from grader.serving.jail.plan import Tier
from grader.serving.launch import Launch
from grader.text import plural, short_path

if TYPE_CHECKING:
    from grader.grading.prepared import Prepared
    from grader.model import CheckResult, Report
    from grader.serving.warm import ForkClient  # a cold grade needs none of it


@dataclass(frozen=True, slots=True)
class Job:
    """The order for one grade: a kata, an app, and optionally one check (with those it depends on) or a seed.

    ``stop_early`` leaves out what comes after the first check that fails. ``command`` is how a learner asks for the
    same, without seed and check.
    """

    kata: Kata
    launch: Launch
    command: str = ""
    seed: str = ""
    only: str = ""
    stop_early: bool = False


#: In what an app prints: errors of the system that a jail may be the cause of.
_REFUSED = ("[Errno 13] ", "[Errno 1] ", "Permission denied", "Operation not permitted")

#: Called with how many grades are done, and how many there are.
OnProgress = Callable[[int, int], None]
#: Called with how many checks of a grade are done, how many there are (0 while the app boots), and what is known to be
#: wrong by then, "" for nothing: a learner need not wait for the report to read it.
OnNews = Callable[[int, int, str], None]


def grade(
    job: Job,
    progress: OnNews = lambda *_: None,
    *,
    forks: ForkClient | None = None,
    prepared: Prepared | None = None,
) -> Report:
    """Grade one app, which starts warm with ``forks``. ``prepared`` is the kata's specification, if it is collected.

    Raises BadKata and UsageError; whatever the app does ends up in the report.
    """
    began = time.monotonic()
    with Rig(job.launch, seed=job.seed, forks=forks) as rig:  # boots while the rest of the grader is imported
        progress(0, 0, "")
        # While the interpreter of the app starts: no code of the learner's runs yet.
        origin = job.kata.origin if prepared is None else prepared.origin
        # Late: with pytest they take three times as long as all imports before, and the app boots meanwhile.
        from grader.grading.collect import Collection, run_checks
        from grader.grading.plugin import Runner
        from grader.grading.roots import without_roots
        from grader.model import Report

        if prepared is not None:
            collection = prepared.collection
            runner = prepared.run(rig, progress, only=job.only, stop_early=job.stop_early)
        else:
            collection = Collection(job.kata, only=job.only)
            runner = Runner(collection)
            runner.begin(rig, progress)
            run_checks(collection, runner, runner.fixtures, stop_early=job.stop_early)
        notes = rig.finish()
    results = runner.fixtures.delays.cause_first(
        runner.results[name] for name in collection.checks if name in runner.results and name in collection.shown
    )
    report = Report(
        kata=job.kata.name,
        title=job.kata.title,
        app=short_path(job.launch.file),
        seed=rig.seed,
        command=job.command or f"grade {job.kata.id}",
        results=results,
        boot_failure=runner.boot_failure,
        notes=(
            *notes,
            *_explanations(rig, results, is_submission=job.launch.jail.is_strict),
            *_rest(job.kata),
            *_left_out(job, checks=len(collection.checks), run=len(results)),
        ),
        is_whole=not job.only and not job.stop_early,
        log=rig.log(),
        seconds=time.monotonic() - began,
        versions=versions(),
        origin=origin,
        kata_version=job.kata.version,
        jail=rig.app.jail.value,
        is_submission=job.launch.jail.is_strict,
    )
    return without_roots(report, job.launch.module.working_directory) if report.is_submission else report


def _explanations(rig: Rig, results: Iterable[CheckResult], *, is_submission: bool) -> list[str]:
    notes = []
    if rig.reboots:
        notes.append(
            f"The app had to be started again {plural(rig.reboots, 'time')}: it had crashed, or no longer responded."
        )
    stuck = rig.app.longest_blockage
    said = {(place.file, place.line) for one in results if one.finding and (place := one.finding.place)}
    if stuck is not None and (stuck.file, stuck.line) not in said:
        notes.append(blocked_loop(stuck))
    if rig.app.jail is not Tier.NONE and any(words in rig.log() for words in _REFUSED):
        advice = "" if is_submission else " `--jail none` grades your own app without a jail."
        notes.append(
            "The app was refused something, perhaps by its jail: it may write into its own folder and where temporary "
            f"files go, and nowhere else.{advice}"
        )
    if rig.ran_out_of_memory:
        notes.append("A request ended with a MemoryError: the app may have reached its memory limit.")
    return notes


def _rest(kata: Kata) -> list[str]:
    return [f"These checks are for practice: your instructor grades the rest ({kata.rest})."] if kata.rest else []


def _left_out(job: Job, *, checks: int, run: int) -> list[str]:
    left = checks - run
    return [f"Stopped early: {plural(left, 'check')} not run, and not counted."] if job.stop_early and left else []
