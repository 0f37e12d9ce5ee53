"""The requests of the laws' own. All are sent before the first law is judged, so each law judges those of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from grader.grading.collect import Collection
from grader.grading.fixtures import Fixtures
from grader.model import Check, CheckResult
from grader.probe.law import Law
from grader.probe.session import Session
from grader.spec import law_of

#: Whether a check that has run, by its id, allows a check to come after it.
Allows = Callable[[str, Check], bool]
#: The result of a check that raised an error in its session.
Result = Callable[[Check, BaseException, Session], CheckResult]


class Asking:
    """Sends these requests once.

    ``failed`` has the results of the laws whose own requests did not go well, by the law's id.
    """

    def __init__(self, collection: Collection, fixtures: Fixtures, *, allows: Allows, result: Result) -> None:
        self.failed: dict[str, CheckResult] = {}
        self._collection = collection
        self._fixtures = fixtures
        self._allows = allows
        self._result = result
        self._is_over = False

    def ask(self, items: Iterable[pytest.Item]) -> None:
        """Send those of all laws among ``items``, where what a law comes after allows it. Later calls do nothing."""
        if self._is_over:
            return
        self._is_over = True
        for item in items:
            law, check = law_of(getattr(item, "function", None)), self._collection.check(item)
            if law is not None and law.asks and self._may_ask(check):
                self._ask(law, check)

    def _may_ask(self, law: Check) -> bool:
        """Whether all checks that ``law`` comes after allow it; laws among those have not been judged yet."""
        above = [self._collection.checks[name] for name in law.after]
        fixtures = self._fixtures
        is_possible = fixtures.lost is None and not fixtures.rig.is_overtime and fixtures.delays.end is None
        return is_possible and all(each.is_law or self._allows(each.id, law) for each in above)

    def _ask(self, law: Law, check: Check) -> None:
        before, session = self._fixtures.session_now, self._fixtures.open_session(check)
        error: Exception | None = None
        try:
            for ask in law.asks:
                ask(*self._fixtures.ends(session))
            error = session.late_fault()
        except Exception as raised:  # whatever a specification raises, the result says what it was
            error = raised
        finally:
            if error is not None:
                self.failed[check.id] = self._result(check, error, session)
            session.close()
            self._fixtures.session_now = before
        if error is not None:
            self._fixtures.recover()
