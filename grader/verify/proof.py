"""The proof that a kata is sound and fair: the verdicts on all its reference apps, and every problem."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace

from grader.catalog.kata import Kata, manifest_problems, missing_parts
from grader.catalog.scaffold import unfilled
from grader.errors import BadKata
from grader.grading.collect import checks_of
from grader.grading.run import OnProgress
from grader.model import Check, Outcome
from grader.pool.pool import Pool
from grader.text import plural
from grader.verify.clauses import Clause, read_clauses
from grader.verify.common import Place, common_faults, listed, undecided
from grader.verify.coverage import coverage_problems
from grader.verify.judging import Judgements, judge
from grader.verify.reference import ReferenceApp, Role, find_reference_apps
from grader.verify.twins import twins
from grader.verify.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Proof:
    """The first verdict on each app of a kata, and what is wrong with it; without problems it is sound and fair.

    ``again`` counts the later verdicts, of which only the problems are kept.
    """

    kata: Kata
    checks: tuple[Check, ...]
    verdicts: tuple[Verdict, ...]
    problems: tuple[str, ...]
    clauses: tuple[Clause, ...] = ()
    again: int = 0


def prove(
    kata: Kata, pool: Pool, *, busy: Pool | None = None, seed: str = "", progress: OnProgress = lambda *_: None
) -> Proof:
    """Grade all reference apps of a kata and compare. A faulty kata raises nothing: its faults are in the proof.

    With a ``busy`` pool right and wrong apps are judged three times, twice of them there. ``progress`` receives how
    many grades are done, and how many there are.
    """
    missing = missing_parts(kata)
    problems = [*missing, *manifest_problems(kata), *unfilled(kata)]
    try:
        checks = tuple(checks_of(kata))
        apps = list(find_reference_apps(kata))
        clauses = read_clauses(kata)
    except BadKata as error:
        return Proof(kata, (), (), (*problems, str(error)))
    problems += readme_problems(kata, checks)
    problems += undocumented(checks)
    problems += [problem for app in apps for problem in naming_problems(app, checks)]
    problems += too_few(apps)
    problems += twins(kata, apps)
    problems += coverage_problems(kata, clauses, checks=checks, apps=apps)
    if missing:  # every grade would end with that
        return Proof(kata, checks, (), tuple(problems), clauses)
    judged = judge(kata, apps, pool, busy=busy, seed=seed, progress=progress)
    problems += all_problems(judged, checks)
    problems += unproven(checks, judged.first)
    return Proof(kata, checks, judged.first, tuple(problems), clauses, len(judged.again))


def readme_problems(kata: Kata, checks: Iterable[Check]) -> list[str]:
    """Everything graded is stated: each check's title and requirement are in the README, word for word.

    A requirement of a standard may be absent. White space and bold type do not count.
    """
    text = kata.readme.read_text("utf-8", "replace") if kata.readme.is_file() else ""
    text = " ".join(text.replace("**", "").split())
    problems = []
    for check in checks:
        if " ".join(check.title.split()) not in text:
            problems.append(f"README.md does not state what {check.id} grades; write there: “{check.title}”")
        required = check.requirement
        if required is not None and not required.source and required.text not in text:
            problems.append(
                f"README.md does not state the requirement of {check.id}: write “{required.text}” there, or put the "
                'section of a standard before it, as in "RFC 9110 8.3: …"'
            )
    return problems


def undocumented(checks: Iterable[Check]) -> Iterator[str]:
    """Checks that do not say which sentence they prove, or how to pass them."""
    for check in checks:
        if check.requirement is None:
            yield f"check {check.id} states no requirement; write @check(…, requirement=“a sentence of the README”)"
        if not check.hints:
            yield f"check {check.id} has no hint; write up to three in spec/hints.toml"


def naming_problems(app: ReferenceApp, checks: Iterable[Check]) -> list[str]:
    """A file must not hide a module of Python's; a wrong app's docstring names checks that exist."""
    if app.file.stem in sys.stdlib_module_names:
        return [f"{app.label}: it hides Python's own module {app.file.stem!r} from all apps beside it; rename it"]
    if app.role is not Role.WRONG:
        return []
    if not app.fails:
        return [f"{app.label}: its docstring must say which checks fail: “Fails: check_id, …”"]
    unknown = (app.fails | app.may_fail) - {check.id for check in checks}
    return [f"{app.label}: its docstring names {name!r}; there is no such check" for name in sorted(unknown)]


def too_few(apps: list[ReferenceApp]) -> list[str]:
    """A proof needs at least one variant and one wrong app."""
    counts = {role: sum(app.role is role for app in apps) for role in Role}
    return [f"there is no {role.value} app" for role in (Role.VARIANT, Role.WRONG) if counts[role] == 0]


def all_problems(judged: Judgements, checks: tuple[Check, ...]) -> list[str]:
    """The problems of all verdicts; what several apps have in common comes first, and once."""
    problems, told = common_faults(judged.first)
    problems += [problem for verdict in judged.first for problem in verdict_problems(verdict, checks, told=told)]
    known = {(verdict.app.label, verdict.trouble) for verdict in judged.first if verdict.trouble}
    again = [verdict for verdict in judged.again if (verdict.app.label, verdict.trouble) not in known]
    common, told = common_faults(_decided(verdict, checks) for verdict in again)
    problems += [f"{problem} (judged again)" for problem in common]
    return problems + [problem for verdict in again for problem in later_problems(verdict, checks, told=told)]


def verdict_problems(verdict: Verdict, checks: Iterable[Check], *, told: Container[Place] = ()) -> list[str]:
    """The differences between the verdict on a reference app and the right one, without what is ``told`` already."""
    label = verdict.app.label
    if verdict.trouble:
        return [] if (label, "") in told else [f"{label}: {verdict.trouble}"]
    problems = [
        f"{label}: {name} is inconclusive: {verdict.headlines.get(name, '')}"
        for name, outcome in verdict.outcomes.items()
        if outcome is Outcome.INCONCLUSIVE and (label, name) not in told
    ]
    match verdict.app.role:
        case Role.STUB if verdict.points:
            problems.append(_unearned(verdict))
        case Role.SOLUTION | Role.VARIANT:
            problems += [_unfair(verdict, check) for check in checks if check.id in verdict.failed]
        case Role.WRONG:
            problems += _mismatch(verdict, checks)
    return problems


def _unearned(verdict: Verdict) -> str:
    names = [name for name, outcome in verdict.outcomes.items() if outcome is Outcome.PASSED]
    return (
        f"stub: it earns {plural(verdict.points, 'point')} and must earn none; it passes {listed(names)}: ask there "
        "for something that the stub does not do, or let a check or law that holds for any app come `after` one that "
        "the stub fails"
    )


def _unfair(verdict: Verdict, check: Check) -> str:
    return f"{verdict.app.label}: it is a right app and fails {check.id}: {verdict.headlines.get(check.id, '')}"


def _mismatch(verdict: Verdict, checks: Iterable[Check]) -> list[str]:
    app, failed = verdict.app, set(verdict.failed)
    problems = [
        f"{app.label}: it fails {name}, which its docstring does not name: {verdict.headlines.get(name, '')}"
        for name in sorted(failed - app.fails - app.may_fail)
    ]
    others = sorted(app.fails & verdict.outcomes.keys() - failed - undecided(verdict, checks))
    if app.may_fail and failed & app.fails:
        return problems  # at least one of them is enough
    return problems + [f"{app.label}: {name} is {verdict.outcomes[name].value} and must be failed" for name in others]


def later_problems(verdict: Verdict, checks: Iterable[Check], *, told: Container[Place] = ()) -> list[str]:
    """The problems of a later verdict; what is inconclusive on a busy machine is none."""
    found = verdict_problems(_decided(verdict, checks), checks, told=told)
    return [f"{problem} (judged again, seed {verdict.seed})" for problem in found]


def _decided(verdict: Verdict, checks: Iterable[Check]) -> Verdict:
    """The verdict without what it leaves undecided."""
    left = undecided(verdict, checks)
    return replace(verdict, outcomes={name: seen for name, seen in verdict.outcomes.items() if name not in left})


def unproven(checks: tuple[Check, ...], found: Iterable[Verdict]) -> list[str]:
    """Each check must be failed by at least one wrong app: otherwise nothing shows that it can fail.

    Where a check could not be run for some app, or an app that must fail it, that is the problem, and not this.
    """
    settled: set[str] = set()
    for verdict in found:
        settled |= undecided(verdict, checks)
        if verdict.app.role is Role.WRONG:
            settled |= verdict.app.fails if verdict.trouble else set(verdict.failed)
    return [f"no wrong app fails {check.id}; write one" for check in checks if check.id not in settled]
