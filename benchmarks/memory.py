"""The memory of jailed grades: one as people start it, and eight at once as a class is graded.

    python benchmarks/memory.py [AT_ONCE]

For each tier of a submission's jail that this machine offers, and for each kata: the solution, graded once cold, and
AT_ONCE (8) times at once by a pool that starts graders and apps warm. The figures are MiB of proportional set size
(PSS), so memory that processes share counts once: the highest sum over the grader, its app and all that they started,
with the pool and its fork servers. Sampled ten times a second, on Linux.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.grading.run import Job
from grader.model import Report
from grader.pool.pool import Pool
from grader.pool.servers import fork_servers
from grader.serving.jail import choice, own
from grader.serving.jail.plan import Jail, Tier
from grader.serving.launch import Launch

ROOT = Path(__file__).resolve().parent.parent


class Peak:
    """The highest sum so far."""

    def __init__(self) -> None:
        self.mebibytes = 0.0


@contextmanager
def watched(top: psutil.Process, *, with_top: bool) -> Iterator[Peak]:
    """Look at what is below ``top`` until the block ends, and at itself ``with_top``."""
    peak, over = Peak(), threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            found = [*top.children(recursive=True), *([top] if with_top else [])]
            peak.mebibytes = max(peak.mebibytes, sum(map(pss, found)) / (1 << 20))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return 0


def of_one(kata: Kata, tier: Tier) -> float:
    app = str(kata.solutions / kata.entry[0])
    command = [sys.executable, "-m", "grader", kata.id, "--app", app, "--submission", "--jail", tier.value]
    with watched(psutil.Process(), with_top=False) as peak:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    return peak.mebibytes


def of_many(kata: Kata, tier: Tier, at_once: int) -> float:
    file = kata.solutions / kata.entry[0]
    jail = Jail(tier, is_strict=True, hidden=own.hidden_from(file, bundled()))
    jobs = [Job(kata, Launch(file, kata.entry[1], jail=jail))] * at_once
    with fork_servers() as servers, Pool(at_once, servers) as pool, watched(psutil.Process(), with_top=True) as peak:
        for report in pool.results(jobs):
            assert isinstance(report, Report)
            assert report.points == report.possible
    return peak.mebibytes


def main() -> None:
    at_once = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    print(f"MiB of memory (PSS) of jailed grades: one, started cold; {at_once} at once, in a warm pool")
    print("tier kata         one   at once")
    for tier in (Tier.A, Tier.C):
        if reason := choice.why_not(tier):
            print(f"{tier.value:4} not offered here: {reason}")
            continue
        for kata in bundled():
            print(
                f"{tier.value:4} {kata.id:8} {of_one(kata, tier):7.0f} {of_many(kata, tier, at_once):9.0f}", flush=True
            )


if __name__ == "__main__":
    main()
