"""A specification that was collected once, to be run in processes that are forked from this one.

What a grade then does not do again: pytest's start, the rewriting of assertions, the imports of the specification, its
hints, its schemas, and the versions of what is installed.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.catalog.kata import Kata
from grader.grading.collect import Collection, run_checks
from grader.grading.plugin import Runner
from grader.grading.rig import Rig
from grader.grading.versions import versions
from grader.model import Origin
from grader.probe import content


class Prepared:
    """A collected specification. ``origin`` tells which one it is. It can be run once in each process."""

    def __init__(self, session: pytest.Session, collection: Collection, *, runner: Runner, origin: Origin) -> None:
        self.origin = origin
        self.collection = collection
        self._session = session
        self._runner = runner

    def run(self, rig: Rig, progress: Callable[[int, int, str], None], *, only: str, stop_early: bool) -> Runner:
        """Do what :func:`run_checks <grader.grading.collect.run_checks>` does after the collection."""
        session, collection = self._session, self.collection
        collection.select(session.items, only)
        if stop_early:
            session.config.option.maxfail = 1
        self._runner.begin(rig, progress)
        _run(session)
        if collection.trouble is not None:
            raise collection.trouble
        return self._runner


class _Pause:
    """A pytest plugin that stops before the first check: here the process becomes one that forks others."""

    def __init__(self, kata: Kata, collection: Collection, runner: Runner, then: Callable[[Prepared], None]) -> None:
        self._kata = kata
        self._collection = collection
        self._runner = runner
        self._then = then

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if self._collection.trouble is None and self._collection.checks:
            content.prepare(self._kata.schemas, in_full=True)
            versions()
            session.config.pluginmanager.unregister(self)
            origin = self._kata.origin
            self._then(Prepared(session, self._collection, runner=self._runner, origin=origin))
        return True


def prepare(kata: Kata, then: Callable[[Prepared], None]) -> None:
    """Collect the specification of ``kata``, and call ``then``. Raises what ``run_checks`` raises for a wrong one."""
    collection = Collection(kata)
    runner = Runner(collection)
    run_checks(collection, runner, runner.fixtures, _Pause(kata, collection, runner, then))


def _run(session: pytest.Session) -> None:
    """Run the checks, with the ends of a run that pytest's own main function has."""
    hook = session.config.hook
    try:
        hook.pytest_runtestloop(session=session)
    except session.Failed:
        pass  # stopped early
    except (KeyboardInterrupt, pytest.exit.Exception):
        hook.pytest_keyboard_interrupt(excinfo=pytest.ExceptionInfo.from_current())
    except BaseException:
        error = pytest.ExceptionInfo.from_current()
        hook.pytest_internalerror(excrepr=error.getrepr(style="native"), excinfo=error)
    finally:
        hook.pytest_sessionfinish(session=session, exitstatus=session.exitstatus)
