"""The order for one grade of a class, and who carries it out: this machine, or others."""

from __future__ import annotations

import shlex
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from grader.catalog import installed
from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.grading.run import Job
from grader.pool.news import Result
from grader.pool.pool import Pool
from grader.serving.jail import own
from grader.serving.jail.plan import Jail, Tier
from grader.serving.launch import Launch
from grader.serving.limits import LaunchLimits
from grader.text import from_system


@dataclass(frozen=True, slots=True)
class Order:
    """``folder`` is the private copy, ``app`` the path of the app's module in it. ``digest`` is the submission's."""

    kata: Kata
    specification: str
    folder: Path
    app: str
    digest: str
    seed: str
    limits: LaunchLimits


class Graders(Protocol):
    """Carries out orders, ``at_once`` of them at a time."""

    at_once: int

    def submit(self, order: Order) -> Future[Result]:
        """Begin a grade, or let it wait for one of those that run."""


class LocalGraders:
    """Grades in processes of this machine, each app in a jail of ``tier``."""

    def __init__(self, pool: Pool, *, tier: Tier, at_once: int) -> None:
        self._pool = pool
        self._tier = tier
        self._others = [*bundled(), *installed.catalog().katas]
        self.at_once = at_once

    def submit(self, order: Order) -> Future[Result]:
        """See :class:`Graders`."""
        return self._pool.submit(self._job(order))

    def _job(self, order: Order) -> Job:
        file = order.folder / order.app
        jail = Jail(self._tier, is_strict=True, hidden=own.hidden_from(file, [order.kata, *self._others]))
        launch = Launch(file, name=order.kata.entry[1], limits=order.limits, jail=jail)
        command = shlex.join(["grade", order.kata.id, "--submission", "--app", from_system(Path(order.app).name)])
        return Job(order.kata, launch, command=command, seed=order.seed)
