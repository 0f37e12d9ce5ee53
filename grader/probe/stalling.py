"""How much an app pulls for a client that does not read."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from grader.errors import Violation
from grader.probe.gate import Gate
from grader.probe.news import news
from grader.probe.session import Session
from grader.probe.timers import LONGEST, nearest
from grader.probe.waiting import Waited
from grader.serving.timers import Timer
from grader.text import plural

#: Timers of one app that are waited for, one after the other: one that polls has a new one each time.
_TIMERS: Final = 4
#: Seconds where it is not known whether the app has a timer.
_WITHOUT_TIMER: Final = 0.5
#: Seconds without any control request, for an app that has had a new timer each time: it may have rested only because
#: it saw them. Other apps are not watched for so long, as nothing would wake them.
_UNASKED: Final = 2.0
#: Seconds after which an app that still pulls does not stop at all, however slowly it does so.
_WATCHED: Final = 12.0


def flowing(session: Session, gate: Gate, items: Iterable[str], *, enough: int | None = None) -> int:
    """Give ``items`` through ``gate`` until the app does not pull any more; returns how many bytes it was given.

    More than ``enough`` bytes are enough. A short rest is not a stall: an app that waits for a clock is watched until
    its timer is over. Raises Violation when it pulls on for too long.
    """
    gate.flow(iter(items))
    began = time.monotonic()
    while _pulls_on(session, gate) and (enough is None or gate.given_bytes <= enough):
        if time.monotonic() - began > _WATCHED and gate.flowing is not None:
            pulled = f"{plural(gate.given, 'item')} ({gate.given_bytes >> 10} KiB)"
            raise Violation(
                expected="the app stops pulling while its client does not read",
                seen=f"{pulled} in {_WATCHED:.0f} s, and it still pulls",
                sentence=f"while its client does not read, the app pulls on and on: {pulled} in {_WATCHED:.0f} s",
            )
    session.server.call()
    return gate.given_bytes


def _pulls_on(session: Session, gate: Gate) -> bool:
    """Whether the app pulls again, and gets something."""
    pulls, deadline = gate.pulls, time.monotonic() + LONGEST
    pulled = news(session, lambda: gate.pulls != pulls)
    waited = session.waiter.stays_quiet(pulled)
    timer: Timer | None = None
    for _ in range(_TIMERS):
        if waited is not Waited.SILENT or gate.is_awaited:
            break
        timer = nearest(session)
        over = time.monotonic() + (_WITHOUT_TIMER if timer is None else timer.seconds)
        if over > deadline:
            break
        waited = session.waiter.stays_quiet(pulled, until=over)
        deadline = over if timer is None else deadline
    else:
        if waited is Waited.SILENT and not gate.is_awaited and timer is not None:
            return pulled(_UNASKED) or session.waiter.stays_quiet(pulled) is Waited.CAME
    return waited is Waited.CAME
