"""Is a kata sound and fair? All its exhibits' verdicts, and everything that is not as it should be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from grader.catalog.kata import Kata, manifest_problems, missing_parts
from grader.catalog.scaffold import unfilled
from grader.errors import BadKata
from grader.grading.plugin import checks_of
from grader.model import Check, Outcome
from grader.verify.judge import Verdict, judge
from grader.verify.reference import ReferenceApp, Role, find_reference_apps


@dataclass(frozen=True, slots=True)
class Proof:
    """All verdicts on a kata, and what is wrong with it; no problem means sound and fair."""

    kata: Kata
    checks: tuple[Check, ...]
    verdicts: tuple[Verdict, ...]
    problems: tuple[str, ...]


def prove(kata: Kata, *, jobs: int, seed: str = "", progress: Callable[[int, int], None] = lambda *_: None) -> Proof:
    """Put a kata to the proof. Never raises for a faulty kata: what is wrong is in the proof.

    ``progress`` is told how many apps are judged, and how many there are.
    """
    missing = missing_parts(kata)
    problems = [*missing, *manifest_problems(kata), *unfilled(kata)]
    try:
        checks = tuple(checks_of(kata))
        exhibits = list(find_reference_apps(kata))
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


def readme_problems(kata: Kata, checks: Iterable[Check]) -> list[str]:
    """All that is graded is stated: each check's title stands in the README, word for word."""
    text = " ".join(kata.readme.read_text("utf-8", "replace").split()) if kata.readme.is_file() else ""
    return [
        f"README.md does not state what {check.id} grades; write there: “{check.title}”"
        for check in checks
        if " ".join(check.title.split()) not in text
    ]


def naming_problems(exhibit: ReferenceApp, checks: Iterable[Check]) -> list[str]:
    """A file must not hide a module of Python's; a wrong app's docstring names checks, and only such as there are."""
    if exhibit.file.stem in sys.stdlib_module_names:
        return [
            f"{exhibit.label}: it hides Python's own module {exhibit.file.stem!r} from all apps beside it: rename it"
        ]
    if exhibit.role is not Role.WRONG:
        return []
    if not exhibit.fails:
        return [f"{exhibit.label}: its docstring must say which checks fail: “Fails: check_id, …”"]
    unknown = exhibit.fails - {check.id for check in checks}
    return [f"{exhibit.label}: its docstring names {name!r}, which is no check" for name in sorted(unknown)]


def too_few(exhibits: list[ReferenceApp]) -> list[str]:
    """A proof needs something to prove it with."""
    counts = {role: sum(exhibit.role is role for exhibit in exhibits) for role in Role}
    return [f"there is no {role.value} app" for role in (Role.VARIANT, Role.WRONG) if counts[role] == 0]


def verdict_problems(verdict: Verdict, checks: Iterable[Check]) -> list[str]:
    """Where an exhibit was not graded as it should be."""
    label = verdict.exhibit.label
    if verdict.trouble:
        return [f"{label}: {verdict.trouble}"]
    problems = [
        f"{label}: {name} is inconclusive: {verdict.headlines.get(name, '')}"
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
    return f"{verdict.exhibit.label}: it is right, and fails {check.id}: {verdict.headlines.get(check.id, '')}"


def _mismatch(verdict: Verdict) -> list[str]:
    label, named = verdict.exhibit.label, verdict.exhibit.fails
    problems = [
        f"{label}: it fails {name}, which its docstring does not name: {verdict.headlines.get(name, '')}"
        for name in sorted(verdict.failed - named)
    ]
    spared = sorted(named & verdict.outcomes.keys() - verdict.failed)
    return problems + [f"{label}: it should fail {name}, which is {verdict.outcomes[name].value}" for name in spared]


def unproven(checks: Iterable[Check], verdicts: Iterable[Verdict]) -> list[str]:
    """Each check must be failed by at least one wrong app: one that nobody fails tests nothing."""
    caught = {name for verdict in verdicts if verdict.exhibit.role is Role.WRONG for name in verdict.failed}
    return [f"no wrong app fails {check.id}; write one" for check in checks if check.id not in caught]
