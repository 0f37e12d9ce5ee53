"""When requests that are all to pull show a rest: with a scripted app, and a clock that goes only while one waits."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from grader.probe import gathering
from grader.probe.gathering import Gathering
from grader.probe.pacing import Blockage, Pacing
from grader.probe.session import Session
from grader.serving.threads import Snapshot, Thread

ASLEEP = Snapshot(is_asleep=True, threads=(Thread(1, 0),), loop_sleeps=True)
AWAKE = replace(ASLEEP, is_asleep=False, loop_sleeps=False)


class Crowd:
    """A wait in which a request pulls each ``apart`` seconds; between them the app does what ``meanwhile`` says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, meanwhile: Snapshot = ASLEEP, is_late: bool = False) -> None:
        self.now = 100.0
        self.have_all = False
        self.pacing = Pacing()
        self.meanwhile = meanwhile
        self.is_late = is_late  # the upstream end has not counted the last pull yet, until it is asked
        session = SimpleNamespace(
            pacing=self.pacing,
            app=SimpleNamespace(snapshot=lambda: self.meanwhile),
            server=SimpleNamespace(call=self.count),
        )
        monkeypatch.setattr(gathering, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.gathering = Gathering(cast("Session", session), self.wait)

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.have_all

    def count(self) -> None:
        self.pacing.acts += self.is_late

    def pull(self, times: int, *, apart: float) -> None:
        for _ in range(times):
            self.gathering.ready(apart)
            self.pacing.acts += 1

    @property
    def rests(self) -> list[float]:
        self.gathering.end()
        return [rest.seconds for rest in self.pacing.rests]


def test_many_short_rests_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(monkeypatch)
    crowd.pull(31, apart=0.01)
    (seconds,) = crowd.rests
    assert 0.15 < seconds <= 0.31


def test_requests_that_pull_at_once_do_not_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(monkeypatch)
    crowd.pull(31, apart=0.002)
    assert crowd.rests == []


def test_an_app_that_works_does_not_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(monkeypatch, meanwhile=AWAKE)
    crowd.pull(31, apart=0.1)
    assert crowd.rests == []


def test_an_app_whose_pulls_the_grader_has_not_counted_does_not_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(monkeypatch, is_late=True)
    crowd.pull(31, apart=0.1)
    assert crowd.rests == []


def test_what_was_noted_as_a_blockage_is_not_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(monkeypatch)
    crowd.pull(31, apart=0.05)
    crowd.pacing.blockages.append(Blockage(0.05, computed=False, place=None, request=0))
    assert crowd.rests == []


@pytest.mark.parametrize(("apart", "rests"), [(0.01, 0), (0.1, 1)])
def test_where_states_are_not_known_it_takes_longer(apart: float, rests: int, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(monkeypatch, meanwhile=replace(ASLEEP, is_exact=False))
    crowd.pull(31, apart=apart)
    assert len(crowd.rests) == rests


def test_what_was_awaited_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(monkeypatch)
    assert not crowd.gathering.ready(0.01)
    crowd.have_all = True
    assert crowd.gathering.ready(0.01)
