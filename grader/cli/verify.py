"""`grade verify`: is a kata sound and fair?"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from grader import interrupt
from grader.catalog.kata import Kata
from grader.catalog.lookup import choose_course
from grader.catalog.packs import GET_SOLUTIONS, is_bundled
from grader.cli.console import console_for, progress_of
from grader.cli.parameters import complete_kata, katas_option, tell_refused
from grader.errors import UsageError
from grader.exits import Exit
from grader.pool.pool import Pool
from grader.pool.servers import fork_servers
from grader.text import visible
from grader.verify.audit import audit
from grader.verify.proof import Proof, prove
from grader.verify.samples import Samples
from grader.verify.survival import survey
from grader.verify.tables import clauses, matrix, mutants, repeats


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to do with each kata. ``busy`` runs more grades at a time than ``pool``."""

    pool: Pool
    busy: Pool | None
    seed: str
    mutate: bool
    sample: int | None
    repeats: int
    load: int
    resume: Path | None


@click.command("verify")
@click.argument("katas", nargs=-1, shell_complete=complete_kata)
@katas_option
@click.option("--once", is_flag=True, help="Judge each app once, instead of three times: quicker, while you write.")
@click.option("--mutate", is_flag=True, help="Also grade mutants of the right apps: each must fail.")
@click.option(
    "--sample", type=click.IntRange(1), metavar="N", help="With --mutate: only N mutants, most telling first."
)
@click.option("--repeat", type=click.IntRange(1), metavar="N", help="Grade every app N times, and compare.")
@click.option(
    "--load", type=click.IntRange(0), default=0, metavar="K", help="With --repeat: run K busy processes meanwhile."
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --repeat: keep the results in FILE, and resume from it.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    default=2 * (os.cpu_count() or 1),  # a grade waits half of its time: kata-2 took 24 s instead of 43 s
    help="Grades at a time.  [default: two for each processor]",
)
@click.option("--seed", default="", help="Use the inputs of an earlier run, whose table shows its seed.")
def command(
    katas: tuple[str, ...],
    folders: tuple[Path, ...],
    once: bool,
    mutate: bool,
    sample: int | None,
    repeat: int | None,
    load: int,
    resume: Path | None,
    jobs: int,
    seed: str,
) -> Exit:
    """Prove that KATAS are sound and fair.

    Without KATAS it takes all of them, but the bundled ones only where there are no others. With --repeat it prints
    only which verdicts differ between grades.

    Exit codes: 0 all katas are sound and fair; 1 some kata has a problem; 2 usage; 3 some kata could not be used.
    """
    if repeat is None and (load or resume):
        raise UsageError("--load and --resume need --repeat N.")
    if sample is not None and not mutate:
        raise UsageError("--sample needs --mutate.")
    if mutate and repeat is not None:
        raise UsageError("--mutate and --repeat are two proofs: run one after the other.")
    console = console_for("auto")
    found = choose_course(katas, Path.cwd(), folders)
    provable = [kata for kata in found.katas if not is_bundled(kata) or kata.solutions.is_dir()]
    if len(provable) < len(found.katas):
        click.echo(f"grade: the bundled katas cannot be proven here; {GET_SOLUTIONS}.", err=True)
    if not provable:
        return Exit.UNDECIDED
    with fork_servers() as servers, Pool(jobs, servers) as pool, Pool(2 * jobs, servers) as busy:
        plan = _Plan(pool, None if once else busy, seed, mutate, sample, repeat or 0, load, resume)
        problems: list[str] = []
        for kata in provable:
            problems += _verify(kata, plan, console)
            interrupt.say_kept("what is shown above is complete, but the next kata was not graded to the end")
    tell_refused(found)
    if problems:
        return Exit.FAILED
    # With names, what was refused is not one of these katas, but another that has the number of a bundled one.
    is_left_out = len(provable) < len(found.katas) or bool(found.refused and not katas)
    return Exit.UNDECIDED if is_left_out else Exit.PASSED


def _verify(kata: Kata, plan: _Plan, console: Console) -> tuple[str, ...]:
    """Carry out the plan for one kata, show the outcome, and return the problems."""
    if plan.repeats:
        return _repeat(kata, plan, console)
    proof = _prove(kata, plan, console)
    if not plan.mutate or not proof.verdicts:
        return proof.problems
    return (*proof.problems, *_mutate(kata, plan, console))


def _prove(kata: Kata, plan: _Plan, console: Console) -> Proof:
    with progress_of(f"{kata.name}: apps graded") as progress:
        proof = prove(kata, plan.pool, busy=plan.busy, seed=plan.seed, progress=progress)
    clauses.show(proof, console)
    matrix.show(proof, console)
    return proof


def _mutate(kata: Kata, plan: _Plan, console: Console) -> tuple[str, ...]:
    interrupt.say_kept(f"the proof above is complete, but not all mutants of {kata.name} were graded")
    with progress_of(f"{kata.name}: mutants graded") as progress:
        found = survey(kata, plan.pool, seed=plan.seed, sample=plan.sample, progress=progress)
    mutants.show(found, console)
    return found.problems


def _repeat(kata: Kata, plan: _Plan, console: Console) -> tuple[str, ...]:
    samples = Samples(plan.resume, kata)
    if plan.resume is not None:
        file = visible(str(plan.resume))
        interrupt.say_kept(f"the grades so far are in {file}, and the same command goes on with the rest")
    seed = plan.seed or os.urandom(4).hex()
    with progress_of(f"{kata.name}: grades repeated") as progress:
        found = audit(
            kata,
            plan.pool,
            repeats=plan.repeats,
            load=plan.load,
            seed=seed,
            samples=samples,
            progress=progress,
        )
    repeats.show(found, console)
    return found.problems
