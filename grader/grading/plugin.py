"""pytest runs the specification; this turns its tests into check results."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.catalog.kata import Kata
from grader.errors import BadKata, BootFailed, Inconclusive, UsageError, Violation
from grader.grading import comparison
from grader.grading.hints import read_hints
from grader.grading.rig import Rig
from grader.grading.wording import headline
from grader.model import BootFailure, Check, CheckResult, Finding, Outcome
from grader.probe import content
from grader.probe.client import Client
from grader.probe.draw import Draw
from grader.probe.session import Session
from grader.probe.upstream import Upstream
from grader.spec import check_of
from grader.text import did_you_mean

#: Of pytest itself only what runs tests: no terminal, no cache, no capturing, nobody's configuration.
_QUIET = "terminal cacheprovider logging warnings faulthandler unraisableexception threadexception doctest junitxml"
_KEY = pytest.StashKey[Session]()


class Specification:
    """A pytest plugin for one run of a kata's specification against one rig."""

    def __init__(
        self,
        kata: Kata,
        rig: Rig | None,
        *,
        only: str = "",
        stop_early: bool = False,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        self._kata = kata
        self._rig = rig
        self._stop_early = stop_early
        self._progress = progress
        self._only = only.removeprefix("test_")
        self._compared: Finding | None = None
        self._session: Session | None = None
        self._trouble: BaseException | None = None
        self.checks: dict[str, Check] = {}
        self.results: dict[str, CheckResult] = {}
        self.boot_failure: BootFailure | None = None

    def run(self) -> None:
        """Collect the checks and, when there is a rig, run them. Raises BadKata and UsageError."""
        if not self._kata.specification.is_dir():
            raise BadKata(f"{self._kata.name} has no spec/: write the specification there, in files named test_*.py")
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        os.environ.pop("PYTEST_ADDOPTS", None)
        options = [option for name in _QUIET.split() for option in ("-p", f"no:{name}")]
        folder = str(self._kata.specification)
        options += ["-c", os.devnull, f"--rootdir={folder}", "--import-mode=importlib", "--capture=no", "--noconftest"]
        options += [f"--confcutdir={folder}"]  # or pytest reads each folder above, and runs each __init__.py there
        options += ["--exitfirst"] if self._stop_early else []
        try:
            pytest.main([*options, folder], plugins=[self])
        finally:
            self._forget_modules()
        if self._trouble is not None:
            raise self._trouble
        if not self.checks:
            raise BadKata(f"{self._kata.name}/spec: there is no check; write a test function marked @check(points=…).")

    def _forget_modules(self) -> None:
        """Another kata may name its files alike, and must not be given these modules."""
        folder = str(self._kata.specification)
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(folder):
                del sys.modules[name]

    # -- collecting ---------------------------------------------------------------------------------------------

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and self._trouble is None:
            text = str(report.longrepr).strip()
            line = re.findall(rf'{re.escape(report.nodeid)}(?:", line |:)(\d+)', text)[-1:]
            what = text.rpartition("\n")[2].removeprefix("E").strip()
            where = ":".join([report.nodeid, *line])
            self._trouble = BadKata(f"{self._kata.name}/spec cannot be loaded: {what} ({where})")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._trouble is not None:  # there are checks that nobody has seen
            return
        try:
            found = [_check(item, self._kata) for item in items]
            _agree(found, self._kata)
            hints = read_hints(self._kata, [check.id for check in found]) if found else {}
            found = [dataclasses.replace(check, hints=hints.get(check.id, ())) for check in found]
            kept = _closure(found, self._only, self._kata) if self._only else {check.id for check in found}
        except (BadKata, UsageError) as trouble:
            self._trouble = trouble
            items.clear()
            return
        items[:] = [item for item, check in zip(items, found, strict=True) if check.id in kept]
        self.checks = {check.id: check for check in found if check.id in kept}

    # -- running ------------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """Wait for the app; when it does not start, no check needs to run to have failed."""
        if self._rig is None or self._trouble is not None:
            return True
        content.prepare(self._kata.schemas)
        self._progress(0, len(self.checks))
        try:
            self._rig.wait_until_ready()
        except BootFailed as error:
            self._fail_to_boot(error.failure)
            return True
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        check = self.checks[_check(item, self._kata).id]
        missing = [name for name in check.after if not self._passed(name)]
        if missing:
            titles = ", ".join(f"“{self.checks[name].title}”" for name in missing if name in self.checks)
            finding = Finding(expected=f"first {titles}", seen="that has not passed")
            self.results[check.id] = CheckResult(check, Outcome.BLOCKED, finding)
            pytest.skip("blocked")
        if self.boot_failure is not None:
            finding = Finding(expected="the app starts again", seen=self.boot_failure.headline)
            self.results[check.id] = CheckResult(check, Outcome.FAILED, finding)
            pytest.skip("no app")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:  # the type is pytest's: a generator around the other plugins
        report = yield
        check = self.checks[_check(item, self._kata).id]
        if check.id not in self.results and (call.when == "call" or call.excinfo is not None):
            self.results[check.id] = self._result(check, item, call)
        return report

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """After a check that did not pass, the next one finds a living app."""
        del nodeid
        self._progress(len(self.results), len(self.checks))
        last = next(reversed(self.results.values()), None)
        if self._rig is None or last is None or last.outcome in (Outcome.PASSED, Outcome.BLOCKED):
            return
        try:
            self._rig.recover()
        except BootFailed as error:
            self.boot_failure = error.failure
        except Inconclusive:
            pass  # the next check will say so itself

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str]:
        if self._session is not None:
            self._session.mark_divergence()  # now: to word the difference takes its time
        self._compared = comparison.finding(op, left, right)
        return [f"{self._compared.expected} / {self._compared.seen}"]

    def pytest_internalerror(self, excrepr: object) -> bool:
        what = str(excrepr).strip().rpartition("\n")[2]
        spoilt = BadKata(f"{self._kata.name}/spec cannot be loaded: {what}")
        self._trouble = self._trouble or (Inconclusive(what) if self.checks else spoilt)
        return True

    # -- what a check is given ----------------------------------------------------------------------------------------

    @pytest.fixture
    def session(self, request: pytest.FixtureRequest) -> Iterator[Session]:
        """This check's hold on both ends."""
        assert self._rig is not None
        session = self._rig.session(_check(request.node, self._kata).id, self._kata.schemas)
        request.node.stash[_KEY] = self._session = session
        yield session
        self._session = None
        session.close()

    @pytest.fixture
    def client(self, session: Session) -> Client:
        """The client end."""
        return Client(session)

    @pytest.fixture
    def upstream(self, session: Session) -> Upstream:
        """The upstream end, for one request."""
        return Upstream(session)

    @pytest.fixture
    def draw(self, session: Session) -> Draw:
        """What the seed decides for this check."""
        return session.draw

    # -- results --------------------------------------------------------------------------------------------------

    def _passed(self, name: str) -> bool:
        return name in self.results and self.results[name].outcome is Outcome.PASSED

    def _result(self, check: Check, item: pytest.Item, call: pytest.CallInfo[None]) -> CheckResult:
        session = item.stash.get(_KEY, None)
        error = call.excinfo.value if call.excinfo else None
        if session and error:
            session.mark_divergence()
        outcome, finding = self._judge(error, check)
        if finding:
            noted = dataclasses.replace(finding, note=_note(session, finding) if session else "")
            finding = dataclasses.replace(noted, headline=headline(noted), hint=noted.hint or check.hint)
        self._compared = None
        return CheckResult(
            check,
            outcome,
            finding,
            transcript=session.transcript.entries() if session else (),
            left_out=session.transcript.left_out if session else 0,
            diverged=session.diverged if session else None,
            requests=tuple(session.requests) if session else (),
            seconds=time.monotonic() - session.born if session else 0.0,
        )

    def _judge(self, error: BaseException | None, check: Check) -> tuple[Outcome, Finding | None]:
        match error:
            case None:
                return Outcome.PASSED, None
            case Violation():
                return Outcome.FAILED, _violated(error, check)
            case AssertionError() if self._compared is not None:
                subject = _message(error)
                required = self._compared.requirement or check.requirement
                compared = dataclasses.replace(self._compared, subject=subject, requirement=required)
                return Outcome.FAILED, compared
            case AssertionError():
                words = _message(error) or "it is not so"
                return Outcome.FAILED, Finding(f"that {check.title}", words, check.requirement, headline=words)
            case pytest.FixtureLookupError():
                return Outcome.INCONCLUSIVE, Finding(
                    "a sound specification",
                    f"it asks for {error.argname!r}, which there is not: a check is given client, upstream and draw",
                )
            case BadKata():
                self._trouble = self._trouble or error
                return Outcome.INCONCLUSIVE, Finding("a sound specification", str(error))
            case Inconclusive():
                return Outcome.INCONCLUSIVE, Finding("a verdict", str(error))
            case _:
                where = traceback.extract_tb(error.__traceback__)[-1]
                seen = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
                return Outcome.INCONCLUSIVE, Finding("a verdict", f"the specification or the grader broke: {seen}")

    def _fail_to_boot(self, failure: BootFailure) -> None:
        self.boot_failure = failure
        for check in self.checks.values():
            self.results[check.id] = CheckResult(check, Outcome.FAILED)


def _violated(error: Violation, check: Check) -> Finding:
    required = error.finding.requirement or check.requirement
    return dataclasses.replace(error.finding, requirement=required, headline=error.sentence)


def _message(error: AssertionError) -> str:
    """The words after an assertion's comma; "" when there are none, and pytest writes out the assertion instead."""
    first = str(error).partition("\n")[0]
    return "" if first.startswith("assert ") else first


def _note(session: Session, finding: Finding) -> str:
    """What else was noticed, unless the finding says it already."""
    return next((remark for remark in session.remarks() if remark not in finding.seen), "")


def _check(item: pytest.Item, kata: Kata) -> Check:
    found = check_of(getattr(item, "function", None))
    if found is None:
        raise BadKata(f"{kata.name}/spec: {item.name} is not marked; write @check(points=…) above it.")
    return found


def _agree(checks: list[Check], kata: Kata) -> None:
    """What every specification must keep. Raises BadKata."""
    ids = [check.id for check in checks]
    for check in checks:
        problem = ""
        if ids.count(check.id) > 1:
            problem = "there are two of this name"
        elif not check.title:
            problem = "it needs a docstring whose first line completes “Your server must show that …”"
        elif not isinstance(check.points, int) or check.points < 1:
            problem = "it must be worth at least one point"
        elif late := [name for name in check.after if name not in ids[: ids.index(check.id)]]:
            problem = f"it comes after {late[0]}, which must stand above it"
        if problem:
            raise BadKata(f"{kata.name}/spec: check {check.id}: {problem}.")


def _closure(checks: list[Check], wanted: str, kata: Kata) -> set[str]:
    """The check that is wanted, and what it comes after. Raises UsageError."""
    known = {check.id: check for check in checks}
    if wanted not in known:
        raise UsageError(f"There is no check {wanted!r}.{did_you_mean(wanted, known)} See `grade explain {kata.id}`.")
    kept: set[str] = set()
    queue = [wanted]
    while queue:
        name = queue.pop()
        kept.add(name)
        queue += known[name].after
    return kept


def checks_of(kata: Kata) -> list[Check]:
    """The checks of a kata's specification, without running one. Raises BadKata."""
    specification = Specification(kata, None)
    specification.run()
    return list(specification.checks.values())
