"""When a wait notes a rest, or a blockage: with a scripted app, and a clock that goes only when something waits."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader.model import Place
from grader.probe import pacing, watch
from grader.probe.pacing import Pacing
from grader.probe.watch import Control, Watch
from grader.protocol.transcript import Act, Entry, Lane
from grader.serving.threads import Snapshot, Start, Starts, Thread

ASLEEP = Snapshot(is_asleep=True, threads=(Thread(1, 0),), loop_sleeps=True)
AWAKE = replace(ASLEEP, is_asleep=False, loop_sleeps=False)
#: Another thread computes, and that of the loop waits for it.
WAITS = replace(ASLEEP, is_asleep=False)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class App:
    """Does what ``seen`` says."""

    def __init__(self) -> None:
        self.seen = ASLEEP
        self.computed = 0.0
        self.backlog = 0
        self.starting = 0.0  # seconds for which worker processes have been starting
        self.asked = 0
        self.place = Place("app.py", 7)

    def snapshot(self) -> Snapshot:
        return self.seen

    def loop_seconds(self) -> float:
        return self.computed

    def waiting(self) -> int:
        return self.backlog

    def looking_seconds(self) -> float:
        return 0.0

    def starts(self) -> Starts:
        return {7: Start(self.starting, 0.0, needed=9.0)}

    def ask_where(self) -> None:
        self.asked += 1

    def blocked_at(self) -> Place:
        return self.place


class Request:
    is_open, is_over, unread = True, False, 0


class Gate:
    def __init__(self) -> None:
        self.waiting: list[str] = []


class Wait:
    """One wait of a check with one request, from its beginning."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.app, self.gate = clock, App(), Gate()
        self.pacing = Pacing([self.gate])
        self.pacing.requests.append(Request())
        self.watch = Watch(self.app, self.pacing, lambda: None)  # type: ignore[arg-type]

    def for_nothing(self, seconds: float) -> None:
        def ready(timeout: float) -> bool:
            self.clock.now += timeout
            return False

        assert not self.watch.ready(ready, seconds)

    def act(self, act: Act = Act.CHUNK) -> None:
        self.pacing.note(Entry(0.0, Lane.CLIENT, act, 1))

    def rest(self, seconds: float) -> None:
        """Rest for so long, and then go on; a control request is answered meanwhile."""
        self.for_nothing(seconds / 2)
        self.watch.answered()
        self.for_nothing(seconds / 2)
        self.act()
        self.watch.came()


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    clock = Clock()
    monkeypatch.setattr(watch, "time", clock)
    monkeypatch.setattr(pacing, "time", clock)
    return Wait(clock)


# -- rests ----------------------------------------------------------------------------------------------------------


def test_an_app_that_sleeps_on_its_turn_rests(wait: Wait) -> None:
    wait.act(Act.SENT)
    wait.rest(0.06)
    (rest,) = wait.pacing.rests
    assert rest.seconds == pytest.approx(0.06, abs=0.01)
    assert rest.after == "the request had been sent"


def test_a_short_sleep_is_no_rest(wait: Wait) -> None:
    wait.for_nothing(0.01)
    wait.watch.answered()
    wait.act()
    wait.watch.came()
    assert wait.pacing.rests == []


def test_sleeps_between_two_acts_do_not_add_up(wait: Wait) -> None:
    for _ in range(5):
        wait.for_nothing(0.02)
        wait.watch.answered()
        wait.act()
    wait.watch.came()
    assert wait.pacing.rests == []


def test_an_app_that_is_awake_does_not_rest(wait: Wait) -> None:
    wait.app.seen = AWAKE
    wait.rest(0.5)
    assert wait.pacing.rests == []


def test_an_app_that_waits_for_the_upstream_does_not_rest(wait: Wait) -> None:
    wait.gate.waiting.append("a pull")
    wait.rest(0.5)
    assert wait.pacing.rests == []


def test_an_app_that_waits_for_its_client_does_not_rest(wait: Wait) -> None:
    wait.pacing.is_slow = True
    wait.rest(0.5)
    assert wait.pacing.rests == []


def test_a_loop_that_answers_no_control_request_does_not_rest(wait: Wait) -> None:
    wait.for_nothing(0.5)
    wait.act()
    wait.watch.came()
    assert wait.pacing.rests == []


def test_an_answer_that_comes_after_the_app_has_gone_on_proves_no_rest(wait: Wait) -> None:
    """The loop may have been blocked until then."""
    wait.for_nothing(0.05)
    wait.act()
    wait.watch.answered()
    wait.watch.came()
    assert wait.pacing.rests == []


def test_a_rest_that_never_ends_is_none(wait: Wait) -> None:
    wait.for_nothing(0.1)
    wait.watch.answered()
    wait.for_nothing(0.4)
    assert wait.pacing.rests == []


def test_a_pull_that_was_counted_late_is_no_rest(wait: Wait) -> None:
    """The upstream end is late: the app waits for an item, and its pull has not been counted yet."""
    wait.watch = Watch(wait.app, wait.pacing, lambda: wait.act(Act.PULLED))  # type: ignore[arg-type]
    wait.rest(0.06)
    assert wait.pacing.rests == []


@pytest.mark.parametrize(("seconds", "count"), [(0.1, 0), (0.3, 1)])
def test_where_threads_are_not_known_only_a_long_sleep_is_a_rest(wait: Wait, seconds: float, count: int) -> None:
    wait.app.seen = replace(ASLEEP, is_exact=False)
    wait.rest(seconds)
    assert len(wait.pacing.rests) == count


# -- blockages ------------------------------------------------------------------------------------------------------


@pytest.fixture
def control(wait: Wait, monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """A control request that the app does not answer."""

    def is_readable(_: socket.socket, timeout: float) -> bool:
        wait.clock.now += timeout
        return False

    monkeypatch.setattr(watch, "_is_readable", is_readable)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        monkeypatch.setattr(watch, "_is_delivered", lambda _: True)
        yield wait.watch.control(ours)


def unanswered(control: Control, seconds: float) -> None:
    assert not control.is_answered(seconds)
    control.end()


@pytest.mark.parametrize("seen", [ASLEEP, WAITS])
def test_a_loop_that_sleeps_on_is_blocked(wait: Wait, control: Control, seen: Snapshot) -> None:
    wait.app.seen = seen
    unanswered(control, 0.06)
    (blockage,) = wait.pacing.blockages
    assert blockage.seconds == pytest.approx(0.06, abs=0.01)
    assert (blockage.computed, blockage.place) == (False, Place("app.py", 7))
    assert wait.app.asked == 1


def test_a_loop_that_has_slept_before_the_request_has_slept_for_longer(wait: Wait, control: Control) -> None:
    wait.for_nothing(0.03)
    unanswered(control, 0.02)
    assert len(wait.pacing.blockages) == 1
    wait.act()
    wait.watch.came()
    assert wait.pacing.rests == []


def test_the_line_is_the_one_that_was_told_first(wait: Wait, control: Control) -> None:
    wait.app.place = Place("app.py", 1)  # of an earlier time
    assert not control.is_answered(0.01)
    wait.app.place = Place("app.py", 7)
    assert not control.is_answered(0.04)
    wait.app.place = Place("app.py", 9)
    unanswered(control, 0.01)
    assert [blockage.place for blockage in wait.pacing.blockages] == [Place("app.py", 7)]


@pytest.mark.parametrize(("starting", "count"), [(0.09, 0), (0.03, 0), (0.01, 1)])
def test_a_call_that_starts_a_worker_process_blocks_nothing(
    wait: Wait, control: Control, starting: float, count: int
) -> None:
    """Its interpreter starts meanwhile: that is work of the app."""
    assert not control.is_answered(0.01)
    wait.app.starting += starting
    unanswered(control, 0.12)
    assert len(wait.pacing.blockages) == count


@pytest.mark.parametrize(("starting", "stopped"), [(2.0, False), (0.1, True)])
def test_a_loop_that_starts_a_worker_process_has_not_stopped(
    wait: Wait, control: Control, starting: float, stopped: bool
) -> None:
    """On a busy machine a new interpreter takes seconds."""
    assert not control.is_answered(0.01)
    wait.app.starting += starting
    assert not control.is_answered(2.0)
    assert control.has_stopped() is stopped


def test_a_loop_that_sleeps_shortly_is_not_blocked(wait: Wait, control: Control) -> None:
    unanswered(control, 0.02)
    assert wait.pacing.blockages == []


def test_a_loop_that_is_given_no_time_is_not_blocked(wait: Wait, control: Control) -> None:
    wait.app.seen = AWAKE
    unanswered(control, 5.0)
    assert wait.pacing.blockages == []
    assert not control.has_stopped()


class Dozing(App):
    """Its threads sleep for two milliseconds at a time, and wake for a moment."""

    woken = 0

    def snapshot(self) -> Snapshot:
        self.woken += 1
        return replace(ASLEEP, threads=(Thread(1, self.woken, ran=self.woken * 0.0001),))


@pytest.mark.parametrize("backlog", [0, 1])
def test_a_loop_that_sleeps_shortly_again_and_again_is_not_blocked(
    wait: Wait, control: Control, monkeypatch: pytest.MonkeyPatch, backlog: int
) -> None:
    """As where an app prints more than its reader has taken yet: each of its lines waits for a moment."""
    monkeypatch.setattr(control, "_app", Dozing())
    monkeypatch.setattr(control._app, "backlog", backlog)
    unanswered(control, 0.2)
    assert wait.pacing.blockages == []


def test_a_loop_that_accepts_nothing_in_many_short_sleeps_may_go_on(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It serves one request after the other, for example, and rests before each."""
    monkeypatch.setattr(control, "_app", Dozing())
    monkeypatch.setattr(control._app, "backlog", 1)
    assert not control.is_answered(2.0)
    assert not control.has_stopped()


def test_a_request_that_has_not_reached_the_app_says_nothing(
    wait: Wait, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_is_delivered", lambda _: False)
    unanswered(control, 5.0)
    assert wait.pacing.blockages == []


@pytest.mark.parametrize(("computed", "requests", "count"), [(0.2, 1, 0), (0.4, 1, 1), (0.4, 2, 0), (0.7, 2, 1)])
def test_a_loop_that_computes_on_is_blocked(
    wait: Wait, control: Control, computed: float, requests: int, count: int
) -> None:
    """With more requests there is more to do before it comes to this one."""
    wait.pacing.requests += [Request()] * (requests - 1)
    wait.app.seen, wait.app.computed = AWAKE, computed
    unanswered(control, 1.0)
    assert [blockage.computed for blockage in wait.pacing.blockages] == [True] * count


@pytest.mark.parametrize(("computed", "requests", "count"), [(0.1, 1, 0), (0.25, 1, 1), (0.25, 2, 0), (0.45, 2, 1)])
def test_a_loop_that_does_not_even_accept_is_blocked_sooner(
    wait: Wait, control: Control, computed: float, requests: int, count: int
) -> None:
    """To accept takes it one iteration."""
    wait.pacing.requests += [Request()] * (requests - 1)
    wait.app.seen, wait.app.computed, wait.app.backlog = AWAKE, computed, 1
    assert not control.is_answered(0.01)
    wait.app.backlog = 0
    unanswered(control, 1.0)
    assert [blockage.seconds for blockage in wait.pacing.blockages] == [computed] * count


def test_what_is_computed_once_it_has_accepted_is_another_stretch(wait: Wait, control: Control) -> None:
    wait.app.seen, wait.app.computed, wait.app.backlog = AWAKE, 0.15, 1
    assert not control.is_answered(0.01)
    wait.app.backlog = 0
    assert not control.is_answered(0.01)
    wait.app.computed, wait.app.backlog = 0.28, 1  # another connection
    unanswered(control, 1.0)
    assert wait.pacing.blockages == []


def test_what_is_computed_after_the_answer_counts_for_nothing(
    wait: Wait, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grader may look late, as it has much to read: the app has answered by then, and has gone on."""
    wait.app.seen = AWAKE
    assert not control.is_answered(0.01)
    wait.clock.now += 3.0
    wait.app.computed = 2.0
    monkeypatch.setattr(watch, "_is_readable", lambda *_: True)
    assert control.is_answered(0.01)
    control.end()
    assert wait.pacing.blockages == []


def test_what_is_computed_while_the_grader_is_away_counts_if_there_is_no_answer_yet(
    wait: Wait, control: Control
) -> None:
    wait.app.seen = AWAKE
    assert not control.is_answered(0.01)
    wait.clock.now += 3.0
    wait.app.computed = 2.0
    unanswered(control, 0.01)
    assert [blockage.seconds for blockage in wait.pacing.blockages] == [2.0]


def test_what_the_grader_asks_for_blocks_nothing(wait: Wait, control: Control) -> None:
    wait.pacing.collects = True
    wait.app.seen, wait.app.computed = AWAKE, 2.0
    unanswered(control, 3.0)
    assert wait.pacing.blockages == []
