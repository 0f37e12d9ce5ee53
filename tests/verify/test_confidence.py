"""How sure one can be of what was never seen, against figures that can be checked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.verify.confidence import upper_bound


@pytest.mark.parametrize("trials", [1, 10, 100, 10_000])
def test_without_a_hit_it_is_the_root_of_what_is_left_to_chance(trials: int) -> None:
    assert upper_bound(hits=0, trials=trials) == pytest.approx(1 - 0.05 ** (1 / trials))


def test_with_hits_it_is_the_published_bound() -> None:
    # From (1 - p)**10 + 10 * p * (1 - p)**9 = 0.05.
    assert upper_bound(hits=1, trials=10) == pytest.approx(0.3942, abs=1e-4)
    assert upper_bound(hits=9, trials=10) == pytest.approx(0.95 ** (1 / 10))


@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (3, 3)])
def test_when_nothing_speaks_against_it_all_is_possible(hits: int, trials: int) -> None:
    assert upper_bound(hits=hits, trials=trials) == 1.0


@settings(deadline=None)
@given(st.integers(1, 100).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_it_lies_above_what_was_seen_and_falls_with_more_trials(seen: tuple[int, int]) -> None:
    hits, trials = seen
    bound = upper_bound(hits=hits, trials=trials)
    assert hits / trials < bound <= 1
    assert upper_bound(hits=hits, trials=trials + 1) < bound
    assert upper_bound(hits=hits, trials=trials, confidence=0.99) > bound
