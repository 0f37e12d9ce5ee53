"""`grade verify`: is a kata sound and fair?"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.shared import complete_kata, console_for, progress_of
from grader.errors import UsageError
from grader.score import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from grader.catalog.kata import Kata


@dataclass(frozen=True, slots=True)
class _Order:
    """What to do with each kata."""

    jobs: int
    seed: str
    mutate: bool
    repeats: int
    load: int
    resume: Path | None


@click.command("verify")
@click.argument("katas", nargs=-1, shell_complete=complete_kata)
@click.option("--mutate", is_flag=True, help="Also make wrong apps from the right ones, and see that none passes.")
@click.option("--repeat", "repeats", type=click.IntRange(1), metavar="N", help="Judge every app N times, and compare.")
@click.option("--load", type=click.IntRange(0), default=0, metavar="K", help="With --repeat: K busy processes beside.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --repeat: keep the results in FILE, and go on from there.",
)
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="Grades at a time [cores].")
@click.option("--seed", default="", help="Repeat what was drawn.")
def verify_command(
    katas: tuple[str, ...], mutate: bool, repeats: int | None, load: int, resume: Path | None, jobs: int, seed: str
) -> None:
    """Prove that KATAS (all, if none is named) are sound and fair.

    With --repeat the proof is not printed, only whether any verdict of it ever differs.
    """
    from grader.catalog.kata import available, find

    if repeats is None and (load or resume):
        raise UsageError("--load and --resume are for --repeat N; say how often.")
    here = Path.cwd()
    console = console_for("auto")
    order = _Order(jobs, seed, mutate, repeats or 0, load, resume)
    chosen = [find(name, here) for name in katas] if katas else available(here)
    problems = [problem for kata in chosen for problem in _verify(kata, order, console)]
    sys.exit(Exit.FAILED if problems else Exit.PASSED)


def _verify(kata: Kata, order: _Order, console: Console) -> tuple[str, ...]:
    """Do with one kata what is ordered, show it, and return the problems."""
    if order.repeats:
        return _repeat(kata, order, console)
    problems = _prove(kata, order, console)
    return (*problems, *_mutate(kata, order, console)) if order.mutate else problems


def _prove(kata: Kata, order: _Order, console: Console) -> tuple[str, ...]:
    from grader.verify.proof import prove
    from grader.verify.tables import matrix

    with progress_of(f"{kata.name}: apps judged") as progress:
        proof = prove(kata, jobs=order.jobs, seed=order.seed, progress=progress)
    matrix.show(proof, console)
    return proof.problems


def _mutate(kata: Kata, order: _Order, console: Console) -> tuple[str, ...]:
    from grader.verify.survival import survey
    from grader.verify.tables import mutants

    with progress_of(f"{kata.name}: mutants judged") as progress:
        found = survey(kata, jobs=order.jobs, seed=order.seed, progress=progress)
    mutants.show(found, console)
    return found.problems


def _repeat(kata: Kata, order: _Order, console: Console) -> tuple[str, ...]:
    from grader.verify.audit import Ledger, audit
    from grader.verify.tables import repeats

    ledger = Ledger(order.resume, kata)
    seed = order.seed or os.urandom(4).hex()
    with progress_of(f"{kata.name}: grades repeated") as progress:
        found = audit(
            kata,
            repeats=order.repeats,
            load=order.load,
            jobs=order.jobs,
            seed=seed,
            ledger=ledger,
            progress=progress,
        )
    repeats.show(found, console)
    return found.problems
