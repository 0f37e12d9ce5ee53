"""Confidence bound for a rare event."""

from __future__ import annotations

import math


def upper_bound(*, hits: int, trials: int, confidence: float = 0.95) -> float:
    """The largest probability of a hit that is still compatible with so few of them.

    One-sided after Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the
    binomial" (Biometrika 26, 1934). Without any hit in n trials it is close to 3 / n.
    """
    if hits >= trials:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):  # each halves the interval, and a float has 53 bits
        middle = (low + high) / 2
        if _at_most(hits, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(hits: int, trials: int, probability: float) -> float:
    """The probability of no more than ``hits`` in ``trials``."""
    terms = range(hits + 1)
    return math.fsum(math.comb(trials, k) * probability**k * (1 - probability) ** (trials - k) for k in terms)
