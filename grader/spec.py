"""The only module that a specification imports: two ends, and the mark of a check."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from grader.model import Check
from grader.probe.client import Client
from grader.probe.connection import Disconnect
from grader.probe.draw import Draw
from grader.probe.feeds.events import ServerSentEvent
from grader.probe.feeds.records import JsonLine
from grader.probe.response import Response
from grader.probe.upstream import Upstream
from grader.requirement import parse

__all__ = ["Client", "Disconnect", "Draw", "JsonLine", "Response", "ServerSentEvent", "Upstream", "check", "check_of"]

Test = TypeVar("Test", bound=Callable[..., None])

_MARK = "stream_katas_check"


def check(
    *,
    points: int,
    after: Callable[..., None] | tuple[Callable[..., None], ...] = (),
    requirement: str = "",
) -> Callable[[Test], Test]:
    """Make a test function a check.

    Its name, without ``test_``, is the check's id; the first line of its docstring completes "Your server must show
    that ...". ``after`` names the checks without which this one is pointless: it is blocked unless they pass.
    ``requirement`` is the sentence that the check proves: of a standard, with its section in front ("RFC 9110 8.3: A
    sender ..."), or of the kata's README, word for word. Hints stand in hints.toml beside the specification.
    """

    names = after if isinstance(after, tuple) else (after,)
    if wrong := [name for name in names if not callable(name)]:
        raise TypeError(f"after={wrong[0]!r}: give the function itself, not its name")

    def mark(test: Test) -> Test:
        found = Check(
            id=_id(test),
            title=(test.__doc__ or "").strip().partition("\n")[0].strip(),
            points=points,
            requirement=parse(requirement) if requirement else None,
            after=tuple(_id(function) for function in names),
        )
        setattr(test, _MARK, found)
        return test

    return mark


def check_of(test: object) -> Check | None:
    """The check that a test function was made to be, if any."""
    found = getattr(test, _MARK, None)
    return found if isinstance(found, Check) else None


def _id(test: Callable[..., None]) -> str:
    return test.__name__.removeprefix("test_")
