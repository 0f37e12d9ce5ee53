"""Each app is judged more than once: one pass can flatter an app whose mistake depends on what happens first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grader.catalog.kata import Kata
from grader.grading.run import OnProgress
from grader.pool.pool import Pool
from grader.verify.reference import ReferenceApp, Role
from grader.verify.verdict import Verdict, verdicts

#: How often right and wrong apps are judged again.
AGAIN = 2


@dataclass(frozen=True, slots=True)
class Judgements:
    """The first verdict on each app, and the later ones."""

    first: tuple[Verdict, ...]
    again: tuple[Verdict, ...] = ()


def judge(
    kata: Kata,
    apps: Iterable[ReferenceApp],
    pool: Pool,
    *,
    busy: Pool | None,
    seed: str = "",
    progress: OnProgress = lambda *_: None,
) -> Judgements:
    """Grade all apps, and right and wrong ones twice more in a ``busy`` pool, which runs more grades at a time.

    ``seed`` is that of the first verdicts. The later ones have others.
    """
    once = list(apps)
    again = [app for app in once if app.role is not Role.STUB] if busy else []
    total = len(once) + AGAIN * len(again)
    first = tuple(verdicts(kata, once, pool, seed=seed, progress=lambda done, _: progress(done, total)))
    later: list[Verdict] = []
    for number in range(AGAIN if busy else 0):
        own = f"{seed}-{number + 2}" if seed else ""
        before = len(once) + len(later)
        found = verdicts(kata, again, busy or pool, seed=own, progress=_after(before, total, progress))
        later += found
    return Judgements(first, tuple(later))


def _after(before: int, total: int, progress: OnProgress) -> OnProgress:
    """The progress of a part of the work, as progress of the whole."""
    return lambda done, _: progress(before + done, total)
