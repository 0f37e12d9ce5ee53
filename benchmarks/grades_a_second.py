"""The number of grades a second, warm and cold. Rates taken in one run, interleaved.

    python benchmarks/grades_a_second.py [GRADES [AT_ONCE]]

For each kata: the solution, graded GRADES times (8) by a pool with AT_ONCE grades at a time (2), warm and cold in turn,
for four rounds. Processor time is that of everything that was started: it depends less than the rate on what else the
machine does.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass

import psutil

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.grading.run import Job
from grader.model import Report
from grader.pool.pool import Pool
from grader.pool.servers import fork_servers
from grader.serving.launch import Launch

ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """``rate`` in grades a second, ``processor`` in seconds for each grade."""

    rate: float
    processor: float


def processor_seconds() -> float:
    """Processor time of this process and all its descendants, also of those that have ended and were waited for."""
    top = psutil.Process()
    times = [process.cpu_times() for process in [top, *top.children(recursive=True)]]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)


def take(pool: Pool, jobs: list[Job]) -> Sample:
    """Grade ``jobs``, each of which must get full marks."""
    began, used = time.perf_counter(), processor_seconds()
    for report in pool.results(jobs):
        assert isinstance(report, Report)
        assert report.points == report.possible
    seconds = time.perf_counter() - began
    return Sample(len(jobs) / seconds, (processor_seconds() - used) / len(jobs))


def measure(kata: Kata, pools: dict[str, Pool], grades: int) -> None:
    jobs = [Job(kata, Launch(kata.solutions / kata.entry[0], kata.entry[1]))] * grades
    samples: dict[str, list[Sample]] = {name: [] for name in pools}
    for pool in pools.values():
        take(pool, jobs[:1])  # caches warm for all alike
    for _ in range(ROUNDS):
        for name, pool in pools.items():
            samples[name].append(take(pool, jobs))
    rate = {name: statistics.median(each.rate for each in found) for name, found in samples.items()}
    used = {name: statistics.median(each.processor for each in found) for name, found in samples.items()}
    print(
        f"{kata.id:8} {rate['cold']:6.2f} /s {rate['warm']:6.2f} /s {rate['warm'] / rate['cold']:6.2f}"
        f" {used['cold']:9.2f} s {used['warm']:6.2f} s {used['cold'] / used['warm']:6.2f}"
    )


def main() -> None:
    given = [int(word) for word in sys.argv[1:]]
    grades, at_once = [*given, *(8, 2)[len(given) :]]
    print(f"medians of {ROUNDS} rounds of {grades} grades, {at_once} at a time, on {psutil.cpu_count()} processors")
    print("kata         cold      warm  ratio  processor: cold     warm  ratio")
    with fork_servers() as servers, Pool(at_once, servers) as warm, Pool(at_once) as cold:
        for kata in bundled():
            measure(kata, {"cold": cold, "warm": warm}, grades)


if __name__ == "__main__":
    main()
