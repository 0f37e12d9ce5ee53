"""What a check is given: both ends, and what the seed decides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.errors import BootFailed, Inconclusive
from grader.grading.collect import Collection
from grader.grading.delays import Delays
from grader.grading.rig import Rig
from grader.model import BootFailure, Check
from grader.probe.client import Client
from grader.probe.draw import Draw
from grader.probe.record import Record
from grader.probe.session import Session
from grader.probe.upstream import Upstream

#: Where a test keeps its session.
SESSION = pytest.StashKey[Session]()


class Fixtures:
    """A pytest plugin with the fixtures of one run, against ``rig``, which is set before the first check.

    ``session_now`` is the session of the check that runs; ``lost`` says why an app that had ended did not start again.
    """

    rig: Rig

    def __init__(self, collection: Collection, record: Record) -> None:
        self.session_now: Session | None = None
        self.lost: BootFailure | None = None
        self.delays = Delays(record, is_overtime=lambda: self.rig.is_overtime)
        self._collection = collection
        self._record = record

    def open_session(self, check: Check) -> Session:
        """A session of ``check``, which is now the one that runs."""
        self.session_now = self.rig.session(check.id, self._collection.kata.schemas, title=check.title)
        self.session_now.pacing.is_too_late = lambda: self.delays.end is not None
        return self.session_now

    def recover(self, *, is_apps_fault: bool = False) -> None:
        """After requests that did not go well: see to it that there is an app that responds, for the next ones."""
        try:
            self.rig.recover(is_apps_fault=is_apps_fault)
        except BootFailed as error:
            self.lost = error.failure
        except Inconclusive:
            pass  # the next requests will say so themselves

    def ends(self, session: Session) -> tuple[Client, Upstream, Draw]:
        """Both ends and the draw, for the requests of a law's own."""
        return Client(session, self._record), Upstream(session), session.draw

    @pytest.fixture
    def session(self, request: pytest.FixtureRequest) -> Iterator[Session]:
        """The session of this check, with both ends."""
        session = self.open_session(self._collection.check(request.node))
        request.node.stash[SESSION] = session
        yield session
        self.session_now = None
        session.close_active()

    @pytest.fixture
    def client(self, session: Session) -> Client:
        """The client end."""
        return Client(session, self._record)

    @pytest.fixture
    def upstream(self, session: Session) -> Upstream:
        """The upstream end, for one request."""
        return Upstream(session)

    @pytest.fixture
    def draw(self, session: Session) -> Draw:
        """The random texts, keys and numbers of this check."""
        return session.draw

    @pytest.fixture
    def response(self, session: Session) -> None:
        """One of those that a law covers. This is its place only: the runner calls the law with each of them."""

    @pytest.fixture
    def responses(self, session: Session) -> None:
        """All that a law covers, likewise."""

    @pytest.fixture
    def pace(self, session: Session) -> None:
        """That of the whole grade, likewise."""
