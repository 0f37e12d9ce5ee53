"""The rig: one app between two ends, and a fresh one when a check has broken it."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import count
from pathlib import Path

import pytest

from grader.errors import BootFailed, Inconclusive, Violation
from grader.grading.rig import Rig
from grader.probe.client import Client
from grader.probe.upstream import Upstream
from grader.probe.waiting import Waited, Waiter
from grader.serving.launch import Launch
from grader.serving.limits import LaunchLimits
from tests.conftest import DEADLINE

APP = """
    import os, threading
    from pathlib import Path
    print("booted")
    {start}
    async def app(scope, receive, send):
        if scope["type"] == "http":
            if scope["path"] == "/crash":
                os._exit(9)
            if scope["path"] == "/block":
                threading.Event().wait()
            await send({{"type": "http.response.start", "status": 200, "headers": []}})
            await send({{"type": "http.response.body", "body": str(os.getpid()).encode()}})
        elif "{lifespan}":
            while True:
                message = await receive()
                end = ".complete" if message["type"] == "lifespan.startup" else ".failed"
                await send({{"type": message["type"] + end, "message": "cannot close"}})
"""

Make = Callable[..., Rig]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    rigs: list[Rig] = []

    def made(*, start: str = "", lifespan: str = "", seed: str = "a seed", **limits: float) -> Rig:
        file = tmp_path / "app.py"
        file.write_text(textwrap.dedent(APP).format(start=start, lifespan=lifespan), "utf-8")
        rigs.append(Rig(Launch(file, limits=LaunchLimits(**limits)), seed=seed))  # type: ignore[arg-type]
        return rigs[-1]

    yield made
    for rig in reversed(rigs):
        rig.__exit__(None, None, None)


def get(rig: Rig, path: str) -> bytes:
    session = rig.session("a check", Path())
    try:
        return Client(session).get(path).body()
    finally:
        session.close()


def test_an_app_that_answers_is_kept(make: Make) -> None:
    rig = make()
    rig.wait_until_ready()
    first = get(rig, "/")
    rig.recover()
    assert get(rig, "/") == first
    assert rig.reboots == 0
    assert rig.log() == "booted\n"


@pytest.mark.parametrize("path", ["/crash", "/block"])
def test_an_app_that_no_longer_answers_is_replaced(path: str, make: Make) -> None:
    rig = make()
    rig.wait_until_ready()
    first = get(rig, "/")
    broken = rig.app
    deadline = time.monotonic() + DEADLINE
    with broken.connect() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: app\r\n\r\n".encode())
        while not (broken.exit_reason() or broken.blocked_at()):  # which gives it a moment
            assert time.monotonic() < deadline
        rig.recover()
    assert not broken.is_running
    assert get(rig, "/") != first
    assert rig.reboots == 1
    assert rig.log().split() == ["booted", "booted"]


def test_an_app_that_cannot_be_replaced_is_an_error(make: Make, tmp_path: Path) -> None:
    rig = make(start="Path('once').mkdir()")
    rig.wait_until_ready()
    rig.app.stop(graceful=False)
    with pytest.raises(BootFailed, match="FileExistsError"):
        rig.recover()


@pytest.mark.parametrize("computes", [False, True], ids=["waits", "computes"])
def test_only_an_app_that_computes_itself_is_blamed_for_the_time_that_is_over(
    computes: bool, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.grading.deadline._MOST_USED", 0.8)
    monkeypatch.setattr("grader.grading.deadline._MOST_TIMES", 0.0)
    work = "sum(range(10**7))" if computes else "threading.Event().wait()"
    rig = make(start=f"threading.Thread(target=lambda: [{work} for _ in range(10**6)], daemon=True).start()", total=4)
    deadline = time.monotonic() + DEADLINE
    while not rig.is_overtime:
        assert time.monotonic() < deadline
        rig.app.exit_reason()  # which gives it a moment
    with pytest.raises(BootFailed if computes else Inconclusive) as raised:
        rig.recover()
    if computes:
        assert "no time was left, as the app has used" in str(raised.value)
        assert isinstance(rig.overtime, Violation)


@pytest.mark.parametrize("kind", ["its looks", "another thread"])
def test_what_an_app_makes_the_grader_do_beside_the_checks_is_no_excuse(
    kind: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can have a hundred processes, each of which is looked at, and send garbage to the upstream without end."""
    monkeypatch.setattr("grader.grading.deadline._MOST_USED", 0.0)
    monkeypatch.setattr("grader.grading.deadline._MOST_LOOKING", DEADLINE)
    rig = make(total=0.0)
    while not rig.is_overtime:
        rig.app.worker_seconds()
    if kind == "its looks":
        while rig.app.looking_seconds() < 0.5:
            rig.app.snapshot()
        rig._spent.count()
    else:
        with ThreadPoolExecutor() as pool:
            pool.submit(lambda: all(time.thread_time() < 0.5 for _ in count())).result()
    rig._spent.used = 8 * 0.4
    assert isinstance(rig.overtime, Violation)


@pytest.mark.parametrize("held_up", [0.0, 1000.0], ids=["its own time", "on a busy machine"])
@pytest.mark.parametrize("by", ["its end", "a check that it has failed", "the machine"])
def test_an_app_that_ends_often_may_not_start_slowly(
    by: str, held_up: float, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.grading.rig._A_START", 0.0)
    monkeypatch.setattr("grader.grading.rig._MOST_STARTING", 0.0)
    monkeypatch.setattr("grader.serving.threads.held_up_seconds", lambda _: held_up)
    rig = make()
    rig.wait_until_ready()
    if by == "its end":
        rig.app.kill()
        assert rig.app.exit_reason(refuses=True)
    else:
        monkeypatch.setattr(Waiter, "iterate", lambda *_: Waited.BLOCKED)
    is_bounded = by != "the machine" and not held_up
    with pytest.raises(BootFailed, match="started again 1 time") if is_bounded else nullcontext():
        rig.recover(is_apps_fault=by == "a check that it has failed")
    assert rig.reboots == 1


def test_a_draw_depends_on_seed_and_check_alone(make: Make) -> None:
    one, other = make(), make(seed="another seed")
    drawn = [
        rig.session(check, Path()).draw.key()
        for rig, check in [(one, "a check"), (one, "a check"), (one, "another"), (other, "a check")]
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3


def test_without_a_seed_every_run_differs(make: Make) -> None:
    seeds = {make(seed="").seed for _ in range(3)}
    assert len(seeds) == 3
    assert {len(seed) for seed in seeds} == {16}  # 64 bits, too many to be tried out during a grade


def test_when_the_time_is_over_the_app_is_ended_and_not_blamed(make: Make) -> None:
    rig = make(total=0.0)
    with pytest.raises(Inconclusive, match="time limit"):
        rig.wait_until_ready()
    assert rig.is_overtime
    with pytest.raises(Inconclusive, match="time limit"):
        rig.recover()
    assert not make(total=3600.0).is_overtime


def test_finishing_lets_the_app_close_and_tells_what_it_complained_about(make: Make) -> None:
    rig = make(lifespan="yes")
    rig.wait_until_ready()
    (note,) = rig.finish()
    assert note == "The app's lifespan failed at shutdown: cannot close"
    assert not rig.app.is_running


def test_leaving_ends_both_ends(make: Make) -> None:
    with make() as rig:
        rig.wait_until_ready()
        Upstream(rig.session("a check", Path())).give("never pulled")
    assert not rig.app.is_running
    with pytest.raises(OSError, match="refused"):
        rig.app.connect()


def test_a_rig_that_was_never_used_is_left_as_well(make: Make) -> None:
    with make() as rig:
        pass
    assert not rig.app.is_running
