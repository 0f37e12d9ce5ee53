"""Grades one exhibit, in a process of its own: with the command that everybody uses."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from tempfile import TemporaryFile

from grader.catalog.kata import Kata
from grader.model import Outcome
from grader.serving.processes import Process, Surroundings
from grader.verify.reference import ReferenceApp


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an exhibit was graded: an outcome for each check, or why there is none."""

    exhibit: ReferenceApp
    outcomes: dict[str, Outcome]
    headlines: dict[str, str]
    points: int = 0
    seed: str = ""
    trouble: str = ""
    does_not_start: bool = False

    @property
    def failed(self) -> frozenset[str]:
        return frozenset(name for name, outcome in self.outcomes.items() if outcome is Outcome.FAILED)


def judge(kata: Kata, exhibit: ReferenceApp, seed: str, *, stop_early: bool = False) -> Verdict:
    """Grade one exhibit with the `grade` command itself; ``stop_early`` leaves out what comes after a failure."""
    app = f"{exhibit.file}:{kata.entry[1]}"
    command = [sys.executable, "-m", "grader", "run", str(kata.folder), "--app", app, "--json", "-"]
    more = ["--stop-early"] if stop_early else []
    code, out, complaint = _run([*command, "--seed", seed, *more])
    try:
        report = json.loads(out)
    except ValueError:
        return Verdict(exhibit, {}, {}, seed=seed, trouble=complaint.strip() or f"grade ended with {code}")
    failure = report["boot_failure"]
    return Verdict(
        exhibit,
        outcomes={check["id"]: Outcome(check["outcome"]) for check in report["checks"]},
        headlines={check["id"]: check["finding"]["headline"] for check in report["checks"] if check["finding"]},
        points=report["points"],
        seed=report["seed"],
        trouble=f"it does not start: {failure['headline']}" if failure else "",
        does_not_start=failure is not None,
    )


def _run(command: list[str]) -> tuple[int, str, str]:
    """What ``command`` ends with, and what it writes to standard output and to standard error."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as complaint:
        process = Process(command, Surroundings(output=out.fileno(), errors=complaint.fileno()))
        code = process.wait()
        process.end()
        out.seek(0)
        complaint.seek(0)
        return code, out.read(), complaint.read()
