"""`grade verify`: is a kata sound and fair?"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.shared import complete_kata, console_for, progress_of, tell_refused
from grader.errors import UsageError
from grader.score import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from grader.catalog.kata import Kata
    from grader.pool.pool import Pool


@dataclass(frozen=True, slots=True)
class _Order:
    """What to do with each kata."""

    pool: Pool
    seed: str
    mutate: bool
    repeats: int
    load: int
    resume: Path | None


@click.command("verify")
@click.argument("katas", nargs=-1, shell_complete=complete_kata)
@click.option("--mutate", is_flag=True, help="Also grade mutants of the right apps: each must fail.")
@click.option("--repeat", "repeats", type=click.IntRange(1), metavar="N", help="Grade every app N times, and compare.")
@click.option(
    "--load", type=click.IntRange(0), default=0, metavar="K", help="With --repeat: run K busy processes meanwhile."
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --repeat: keep the results in FILE, and resume from there.",
)
@click.option(
    "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="Grades at a time [number of processors]."
)
@click.option("--seed", default="", help="Repeat what was drawn.")
def verify_command(
    katas: tuple[str, ...], mutate: bool, repeats: int | None, load: int, resume: Path | None, jobs: int, seed: str
) -> None:
    """Prove that KATAS (all, if none is named) are sound and fair.

    With --repeat the proof is not printed, only which verdicts of it differ between grades.
    """
    from grader.catalog.lookup import available, find
    from grader.catalog.packs import Catalog
    from grader.pool.pool import Pool

    if repeats is None and (load or resume):
        raise UsageError("--load and --resume need --repeat N.")
    here = Path.cwd()
    console = console_for("auto")
    found = available(here) if not katas else Catalog(tuple(find(name, here) for name in katas))
    with Pool(jobs) as pool:
        order = _Order(pool, seed, mutate, repeats or 0, load, resume)
        problems = [problem for kata in found.katas for problem in _verify(kata, order, console)]
    tell_refused(found)
    sys.exit(Exit.FAILED if problems or found.refused else Exit.PASSED)


def _verify(kata: Kata, order: _Order, console: Console) -> tuple[str, ...]:
    """Carry out the order for one kata, show the outcome, and return the problems."""
    if order.repeats:
        return _repeat(kata, order, console)
    problems = _prove(kata, order, console)
    return (*problems, *_mutate(kata, order, console)) if order.mutate else problems


def _prove(kata: Kata, order: _Order, console: Console) -> tuple[str, ...]:
    from grader.verify.proof import prove
    from grader.verify.tables import matrix

    with progress_of(f"{kata.name}: apps graded") as progress:
        proof = prove(kata, order.pool, seed=order.seed, progress=progress)
    matrix.show(proof, console)
    return proof.problems


def _mutate(kata: Kata, order: _Order, console: Console) -> tuple[str, ...]:
    from grader.verify.survival import survey
    from grader.verify.tables import mutants

    with progress_of(f"{kata.name}: mutants graded") as progress:
        found = survey(kata, order.pool, seed=order.seed, progress=progress)
    mutants.show(found, console)
    return found.problems


def _repeat(kata: Kata, order: _Order, console: Console) -> tuple[str, ...]:
    from grader.verify.audit import audit
    from grader.verify.samples import Samples
    from grader.verify.tables import repeats

    samples = Samples(order.resume, kata)
    seed = order.seed or os.urandom(4).hex()
    with progress_of(f"{kata.name}: grades repeated") as progress:
        found = audit(
            kata,
            order.pool,
            repeats=order.repeats,
            load=order.load,
            seed=seed,
            samples=samples,
            progress=progress,
        )
    repeats.show(found, console)
    return found.problems
