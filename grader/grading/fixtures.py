"""What a check is given: both ends, and what the seed decides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.grading.collect import Collection
from grader.grading.rig import Rig
from grader.probe.client import Client
from grader.probe.draw import Draw
from grader.probe.record import Record
from grader.probe.session import Session
from grader.probe.upstream import Upstream

#: Where a test keeps its session.
SESSION = pytest.StashKey[Session]()


class Fixtures:
    """A pytest plugin with the fixtures of one run, against ``rig``, which is set before the first check.

    ``session_now`` is the session of the check that runs.
    """

    rig: Rig

    def __init__(self, collection: Collection, record: Record) -> None:
        self.session_now: Session | None = None
        self._collection = collection
        self._record = record

    def ends(self, item: pytest.Item) -> tuple[Client, Upstream, Draw]:
        """Both ends and the draw, for the requests of a law's own."""
        session = item.stash[SESSION]
        return Client(session, self._record), Upstream(session), session.draw

    @pytest.fixture
    def session(self, request: pytest.FixtureRequest) -> Iterator[Session]:
        """The session of this check, with both ends."""
        check = self._collection.check(request.node)
        session = self.rig.session(check.id, self._collection.kata.schemas, title=check.title)
        request.node.stash[SESSION] = self.session_now = session
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
