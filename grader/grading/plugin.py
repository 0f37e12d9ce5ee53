"""Runs the checks that were collected: pytest's hooks."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias

import pytest

from grader.errors import BadCheck, BadKata, BootFailed, Inconclusive, Violation
from grader.grading import comparison
from grader.grading.asking import Asking
from grader.grading.collect import Collection
from grader.grading.delays import looks_at_pace
from grader.grading.fixtures import SESSION, Fixtures
from grader.grading.laws import Judge, Uncovered
from grader.grading.results import broken, ended, excused, so_far
from grader.grading.rig import Rig
from grader.grading.verdict import blocked, unbootable, uncovered, verdict
from grader.model import BootFailure, Check, CheckResult, Outcome
from grader.probe import content
from grader.probe.pace import OutOfPace
from grader.probe.record import Record
from grader.probe.session import Session
from grader.spec import law_of

#: What a hook around the other plugins' is to pytest.
_Around: TypeAlias = Generator[None, pytest.TestReport, pytest.TestReport]


class Runner:
    """A pytest plugin for one run of a collection's checks against one rig.

    ``results`` has the checks that ran or were blocked, by id; ``boot_failure`` says why none of them could run.
    The checks can be collected before :meth:`begin`, and run after it.
    """

    _rig: Rig
    _progress: Callable[[int, int, str], None]

    def __init__(self, collection: Collection) -> None:
        self.results: dict[str, CheckResult] = {}
        self.boot_failure: BootFailure | None = None
        self._collection = collection
        self._record = Record()
        self.fixtures = Fixtures(collection, self._record)
        self._judge = Judge(self._record, self.fixtures.delays)
        self._asking = Asking(collection, self.fixtures, allows=self._allows, result=self._result)
        self._compared: Violation | None = None
        self._before: tuple[Check, Session] | None = None  # the check before this one, and its session

    def begin(self, rig: Rig, progress: Callable[[int, int, str], None]) -> None:
        """Name the rig for the checks, and whom to tell how many have run, and what was found."""
        self._rig = self.fixtures.rig = rig
        self._progress = progress

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Wait for the app; when it does not start, all checks have failed without a run."""
        if self._collection.trouble is not None:
            return True
        content.prepare(self._collection.kata.schemas)
        self.fixtures.delays.begin(self._collection.functions(session.items))
        self._progress(0, len(self._collection.checks), "")
        try:
            self._rig.wait_until_ready()
        except BootFailed as error:
            self.boot_failure = error.failure
            failed = (CheckResult(check, Outcome.FAILED) for check in self._collection.checks.values())
            self.results = {result.check.id: result for result in failed}
            return True
        except Inconclusive as error:
            if not self._rig.is_overtime:
                raise
            undecided = (CheckResult(check, *verdict(check, error)) for check in self._collection.checks.values())
            self.results = {result.check.id: result for result in undecided}
            return True
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        check = self._collection.check(item)
        late = self.fixtures.delays.end
        if late is not None and not check.is_law:
            self.results[check.id] = self._result(check, late, None)
            pytest.skip("too late")
        if missing := [name for name in check.after if not self._allows(name, check)]:
            finding = blocked(self._collection.checks[name].title for name in missing)
            self.results[check.id] = CheckResult(check, Outcome.BLOCKED, finding)
            pytest.skip("blocked")
        if late is None and self._rig.is_overtime:
            self.results[check.id] = CheckResult(check, *verdict(check, self._rig.overtime))
            pytest.skip("no time")
        if late is None and self.fixtures.lost is not None:
            self.results[check.id] = CheckResult(check, Outcome.FAILED, unbootable(self.fixtures.lost))
            pytest.skip("no app")

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """A law is called with each response that it covers; pytest calls a check."""
        law = law_of(pyfuncitem.obj)
        if law is None:
            return None
        self._asking.ask(pyfuncitem.session.items)
        self._compared = None  # the last comparison was theirs
        failed = self._asking.failed.get(self._collection.check(pyfuncitem).id)
        if failed is not None and not (failed.outcome is Outcome.BLOCKED and looks_at_pace(pyfuncitem.obj)):
            self.results[failed.check.id] = failed
            pytest.fail("its own requests")
        self._judge.judge(law, pyfuncitem.obj)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> _Around:
        report = yield
        check = self._collection.check(item)
        if check.id not in self.results and (call.when == "call" or call.excinfo is not None):
            error = call.excinfo.value if call.excinfo else None
            self.results[check.id] = self._result(check, error, item.stash.get(SESSION, None))
            self._compared = None
        if report.failed and check.id in self.results and self.results[check.id].outcome is Outcome.BLOCKED:
            report.outcome = "skipped"  # the law that says why is still to be judged, also with --stop-early
        if call.when == "teardown":
            self._look_back((check, item.stash[SESSION]) if SESSION in item.stash else None)
        return report

    def pytest_sessionfinish(self) -> None:
        self._look_back(None)

    def _look_back(self, now: tuple[Check, Session] | None) -> None:
        """Bytes after the end of a response may come in a later packet: they count until the next check has ended."""
        if self._before is not None:
            check, session = self._before
            if self._has_passed(check.id) and (fault := session.late_fault()):
                self.results[check.id] = ended(check, session, fault, compared=None)
            session.close()
        self._before = now

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Start the app again if it has ended, after a check that did not pass."""
        del nodeid
        self._progress(len(self.results), len(self._collection.checks), so_far(self.results.values(), self._rig.app))
        last = next(reversed(self.results.values()), None)
        if last is None or last.outcome in (Outcome.PASSED, Outcome.BLOCKED):
            return
        self.fixtures.recover(is_apps_fault=last.outcome is Outcome.FAILED)

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str]:
        if self.fixtures.session_now is not None:
            self.fixtures.session_now.mark_divergence()  # now: to word the difference takes its time
        self._compared = comparison.violation(op, left, right)
        return [str(self._compared)]

    # -- results --------------------------------------------------------------------------------------------------

    def _allows(self, name: str, check: Check) -> bool:
        """Whether ``check`` may come after the check ``name``: a law may, too, where delays alone have blocked that."""
        return self._has_passed(name) or (check.is_law and self.fixtures.delays.allow(check.id, after=name))

    def _has_passed(self, name: str) -> bool:
        return name in self.results and self.results[name].outcome is Outcome.PASSED

    def _result(self, check: Check, error: BaseException | None, session: Session | None) -> CheckResult:
        if error is None and session is not None:
            error = session.late_fault()
        if isinstance(error, pytest.FixtureLookupError):
            what = f"it asks for {error.argname!r}, which does not exist"
            error = BadCheck(f"{what}: a check is given client, upstream and draw")
        if not isinstance(error, OutOfPace):  # what was seen of the pace before the time was over stays true
            error = excused(error, session, overtime=self._rig.overtime, machine_fault=self._rig.machine_fault)
        error = self.fixtures.delays.explain(error, check=check.id)
        if isinstance(error, BadKata):
            self._collection.trouble = self._collection.trouble or error
        if isinstance(error, Uncovered):
            if not all(result.outcome is Outcome.PASSED for result in self.results.values()):
                return CheckResult(check, Outcome.BLOCKED, uncovered())
            error = BadCheck("no response of the grade is one that this law covers")
        if error is not None and check.is_law and (response := self._judge.response) is not None:
            return broken(check, response, error, compared=self._compared)
        return ended(check, session, error, compared=self._compared)
