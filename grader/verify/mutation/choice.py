"""Which mutants to try first, where there is no time for all of them."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable

from grader.verify.mutation.conditions import CONDITIONS
from grader.verify.mutation.mutant import Mutant
from grader.verify.mutation.operators import OPERATORS


def most_telling(mutants: Iterable[Mutant], count: int, *, seed: str = "") -> list[Mutant]:
    """At most ``count`` mutants, spread over all operators, apps and places. The same seed gives the same ones.

    Each operator gives one in turn. The last ones come first: what they change is harder to notice, because it depends
    on what an app is asked, and when.
    """
    queues: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        queues[mutant.operator].append(mutant)
    names = [*(operator.name for operator in OPERATORS), *(condition.name for condition in CONDITIONS)]
    order = {name: _spread(queues[name], seed) for name in reversed(names) if name in queues}
    turns = max(map(len, order.values()), default=0)
    return [queue[turn] for turn in range(turns) for queue in order.values() if turn < len(queue)][:count]


def _spread(mutants: list[Mutant], seed: str) -> list[Mutant]:
    """In the order of their digests, but another app each time, as long as there are others."""
    shuffled = sorted(mutants, key=lambda mutant: hashlib.sha256(f"{seed}-{mutant.id}".encode()).digest())
    ranks: Counter[str] = Counter()
    keyed: list[tuple[int, int, Mutant]] = []
    for place, mutant in enumerate(shuffled):
        keyed.append((ranks[mutant.app], place, mutant))
        ranks[mutant.app] += 1
    return [mutant for *_, mutant in sorted(keyed, key=lambda each: each[:2])]
