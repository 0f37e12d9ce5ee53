"""What happens at the upstream end, as something that a wait can wait for."""

from __future__ import annotations

from collections.abc import Callable

from grader.probe.session import Session
from grader.probe.watch import Ready


def news(session: Session, condition: Callable[[], bool]) -> Ready:
    """For a Waiter: waits for so many seconds, or until ``condition`` holds."""

    def ready(timeout: float) -> bool:
        session.server.call()  # what has arrived at the upstream's sockets is counted now
        with session.server.news:
            return session.server.news.wait_for(condition, timeout)

    return ready
