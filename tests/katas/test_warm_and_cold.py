"""A reference app gets the same verdict and the same headlines warm and cold.

All of them take half an hour and have a make target of their own, `make equal`; otherwise there is a sample.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.pool.pool import Pool
from grader.pool.servers import fork_servers
from grader.verify.reference import ReferenceApp, Role, find_reference_apps
from grader.verify.verdict import Verdict, job_for
from tests.katas import diagnoses

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grades start warm on Linux only")


def cases() -> Iterator[object]:
    """Every reference app; those that are not the first of their role are `long`."""
    for kata in bundled():
        roles: set[Role] = set()
        for app in find_reference_apps(kata):
            marks = [pytest.mark.long] if app.role in roles else []
            roles.add(app.role)
            yield pytest.param(kata, app, marks=marks, id=f"{kata.id}-{app.label}")


@pytest.fixture(scope="module")
def pools() -> Iterator[tuple[Pool, Pool]]:
    with fork_servers() as servers, Pool(1, servers) as warm, Pool(1) as cold:
        yield warm, cold


@pytest.mark.parametrize(("kata", "app"), list(cases()))
def test_the_verdict_is_the_same_warm_and_cold(kata: Kata, app: ReferenceApp, pools: tuple[Pool, Pool]) -> None:
    job = job_for(kata, app, seed=diagnoses.SEED)
    warm, cold = (Verdict.of(app, pool.grade(job)) for pool in pools)
    assert warm.outcomes == cold.outcomes
    assert diagnoses.of(warm) == diagnoses.of(cold)
    assert warm.trouble == cold.trouble
