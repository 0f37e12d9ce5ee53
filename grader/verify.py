"""Is a kata sound and fair? Grades its stub, solution, variants and wrong apps, each in a process of its own."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

from grader import interrupt
from grader.errors import BadKata
from grader.kata import Kata, manifest_problems, missing_parts
from grader.model import Check, Outcome
from grader.plugin import checks_of


class Role(Enum):
    """What an app is there to prove."""

    STUB = "stub"  # boots, and earns nothing for free
    SOLUTION = "solution"  # full marks
    VARIANT = "variant"  # full marks, in another style
    WRONG = "wrong"  # fails exactly the checks that its docstring names


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One app of the proof; ``fails`` are the ids of the checks that its docstring names."""

    role: Role
    file: Path
    fails: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        return self.role.value if self.role in (Role.STUB, Role.SOLUTION) else f"{self.role.value}/{self.file.stem}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an exhibit was graded: an outcome for each check, or why there is none."""

    exhibit: Exhibit
    outcomes: dict[str, Outcome]
    seen: dict[str, str]
    points: int = 0
    trouble: str = ""

    @property
    def failed(self) -> frozenset[str]:
        return frozenset(name for name, outcome in self.outcomes.items() if outcome is Outcome.FAILED)


@dataclass(frozen=True, slots=True)
class Proof:
    """All verdicts on a kata, and what is wrong with it; no problem means sound and fair."""

    kata: Kata
    checks: tuple[Check, ...]
    verdicts: tuple[Verdict, ...]
    problems: tuple[str, ...]


def verify(kata: Kata, *, jobs: int, seed: str = "", progress: Callable[[int, int], None] = lambda *_: None) -> Proof:
    """Put a kata to the proof. Never raises for a faulty kata: what is wrong is in the proof.

    ``progress`` is told how many apps are judged, and how many there are.
    """
    missing = missing_parts(kata)
    problems = [*missing, *manifest_problems(kata)]
    try:
        checks = tuple(checks_of(kata))
        exhibits = list(find_exhibits(kata))
    except BadKata as error:
        return Proof(kata, (), (), (*problems, str(error)))
    problems += readme_problems(kata, checks)
    problems += [problem for exhibit in exhibits for problem in naming_problems(exhibit, checks)]
    problems += too_few(exhibits)
    if missing:  # every grade would end with that
        return Proof(kata, checks, (), tuple(problems))
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(jobs) as pool:
        for verdict in pool.map(lambda exhibit: judge(kata, exhibit, seed), exhibits):
            verdicts.append(verdict)
            progress(len(verdicts), len(exhibits))
    problems += [problem for verdict in verdicts for problem in verdict_problems(verdict, checks)]
    problems += unproven(checks, verdicts)
    return Proof(kata, checks, tuple(verdicts), tuple(problems))


def find_exhibits(kata: Kata) -> Iterable[Exhibit]:
    """The stub, the solution, the variants and the wrong apps. Raises BadKata when there is no solution."""
    folder = kata.solutions
    solution = folder / kata.entry[0]
    if not solution.is_file():
        raise BadKata(f"there is no solution: write {folder.name}/{kata.entry[0]} in {folder.parent}")
    yield Exhibit(Role.STUB, kata.stub)
    yield Exhibit(Role.SOLUTION, solution)
    for file in sorted((folder / "variants").glob("*.py")):
        yield Exhibit(Role.VARIANT, file)
    for file in sorted((folder / "wrong").glob("*.py")):
        yield Exhibit(Role.WRONG, file, _named_failures(file))


def _named_failures(file: Path) -> frozenset[str]:
    """The checks after "Fails:" in a wrong app's docstring, one line or several."""
    try:
        words = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    except (SyntaxError, ValueError) as error:
        raise BadKata(f"wrong/{file.name} is not valid Python: {error}") from None
    found = re.search(r"^Fails:(.*)", words, re.MULTILINE | re.DOTALL)
    return frozenset(name.removeprefix("test_") for name in re.findall(r"\w+", found[1])) if found else frozenset()


def judge(kata: Kata, exhibit: Exhibit, seed: str) -> Verdict:
    """Grade one exhibit with the `grade` command itself."""
    app = f"{exhibit.file}:{kata.entry[1]}"
    command = [sys.executable, "-m", "grader", "run", str(kata.folder), "--app", app, "--json", "-"]
    code, out, complaint = _run([*command, "--seed", seed])
    try:
        report = json.loads(out)
    except ValueError:
        return Verdict(exhibit, {}, {}, trouble=complaint.strip() or f"grade ended with {code}")
    failure = report["boot_failure"]
    return Verdict(
        exhibit,
        outcomes={check["id"]: Outcome(check["outcome"]) for check in report["checks"]},
        seen={check["id"]: check["finding"]["seen"] for check in report["checks"] if check["finding"]},
        points=report["points"],
        trouble=f"it does not start: {failure['headline']}" if failure else "",
    )


def _run(command: list[str]) -> tuple[int, str, str]:
    """What ``command`` ends with, and what it writes to standard output and to standard error."""
    pipe = subprocess.PIPE
    with interrupt.postponed():
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
        forget = interrupt.on_end(partial(_terminate, process.pid))
    with process:
        out, complaint = process.communicate()
    forget()
    return process.returncode, out, complaint


def _terminate(pid: int) -> None:
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGTERM)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it ends its app first


def readme_problems(kata: Kata, checks: Iterable[Check]) -> list[str]:
    """All that is graded is stated: each check's title stands in the README, word for word."""
    text = " ".join(kata.readme.read_text("utf-8", "replace").split()) if kata.readme.is_file() else ""
    return [
        f"README.md does not state what {check.id} grades; write there: “{check.title}”"
        for check in checks
        if " ".join(check.title.split()) not in text
    ]


def naming_problems(exhibit: Exhibit, checks: Iterable[Check]) -> list[str]:
    """A wrong app's docstring must name checks, and only such as there are."""
    if exhibit.role is not Role.WRONG:
        return []
    if not exhibit.fails:
        return [f"{exhibit.label}: its docstring must say which checks fail: “Fails: check_id, …”"]
    unknown = exhibit.fails - {check.id for check in checks}
    return [f"{exhibit.label}: its docstring names {name!r}, which is no check" for name in sorted(unknown)]


def too_few(exhibits: list[Exhibit]) -> list[str]:
    """A proof needs something to prove it with."""
    counts = {role: sum(exhibit.role is role for exhibit in exhibits) for role in Role}
    return [f"there is no {role.value} app" for role in (Role.VARIANT, Role.WRONG) if counts[role] == 0]


def verdict_problems(verdict: Verdict, checks: Iterable[Check]) -> list[str]:
    """Where an exhibit was not graded as it should be."""
    label = verdict.exhibit.label
    if verdict.trouble:
        return [f"{label}: {verdict.trouble}"]
    problems = [
        f"{label}: {name} is inconclusive: {verdict.seen.get(name, '')}"
        for name, outcome in verdict.outcomes.items()
        if outcome is Outcome.INCONCLUSIVE
    ]
    match verdict.exhibit.role:
        case Role.STUB:
            problems += [f"stub: it earns {verdict.points} points for nothing"] if verdict.points else []
        case Role.SOLUTION | Role.VARIANT:
            problems += [_unfair(verdict, check) for check in checks if check.id in verdict.failed]
        case Role.WRONG:
            problems += _mismatch(verdict)
    return problems


def _unfair(verdict: Verdict, check: Check) -> str:
    return f"{verdict.exhibit.label}: it is right, and fails {check.id}: {verdict.seen.get(check.id, '')}"


def _mismatch(verdict: Verdict) -> list[str]:
    label, named = verdict.exhibit.label, verdict.exhibit.fails
    problems = [
        f"{label}: it fails {name}, which its docstring does not name: {verdict.seen.get(name, '')}"
        for name in sorted(verdict.failed - named)
    ]
    spared = sorted(named & verdict.outcomes.keys() - verdict.failed)
    return problems + [f"{label}: it should fail {name}, which is {verdict.outcomes[name].value}" for name in spared]


def unproven(checks: Iterable[Check], verdicts: Iterable[Verdict]) -> list[str]:
    """Each check must be failed by at least one wrong app: one that nobody fails tests nothing."""
    caught = {name for verdict in verdicts if verdict.exhibit.role is Role.WRONG for name in verdict.failed}
    return [f"no wrong app fails {check.id}; write one" for check in checks if check.id not in caught]
