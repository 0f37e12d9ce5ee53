"""Collects the checks of a specification by pytest, puts them in order, and tells its author what to correct."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from inspect import iscoroutinefunction
from pathlib import Path

import pytest

from grader.catalog.kata import FOLDER, SPEC_FILES, Kata, unusable
from grader.errors import BadKata, Inconclusive, UsageError
from grader.grading.hints import Help, read_hints
from grader.grading.isolation import isolated
from grader.grading.laws import wrong_parameters
from grader.model import Check
from grader.spec import check_of
from grader.text import did_you_mean

#: Of pytest itself only what runs tests: no terminal, no cache, no capturing, nobody's configuration.
_QUIET = "terminal cacheprovider logging warnings faulthandler unraisableexception threadexception doctest junitxml"

#: The handler of SIGINT by which Ctrl-C raises KeyboardInterrupt. The `grade` command has another one.
_RAISES = signal.default_int_handler


class Collection:
    """A pytest plugin that collects the checks of one kata, or one check with all that it depends on.

    ``checks`` are those to run, by id and in the specification's order; ``shown`` are those that the report is about.
    A law judges the responses of all checks and all laws, so all run for it. ``trouble`` says why they cannot be run;
    :func:`run_checks` raises it.
    """

    def __init__(self, kata: Kata, *, only: str = "") -> None:
        self.kata = kata
        self.checks: dict[str, Check] = {}
        self.shown: set[str] = set()
        self.trouble: BaseException | None = None
        self._only = only

    def check(self, item: pytest.Item) -> Check:
        """The check that ``item`` runs."""
        return self.checks[_marked(item, self.kata).id]

    def functions(self, items: Iterable[pytest.Item]) -> dict[str, Callable[..., None]]:
        """The functions of the checks that ``items`` run, by the checks' ids."""
        return {self.check(item).id: item.obj for item in items if isinstance(item, pytest.Function)}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and self.trouble is None:
            text = str(report.longrepr).strip()
            line = re.findall(rf'{re.escape(report.nodeid)}(?:", line |:)(\d+)', text)[-1:]
            what = text.rpartition("\n")[2].removeprefix("E").strip()
            self.trouble = self._cannot_be_loaded(f"{what} ({':'.join([report.nodeid, *line])})")
        elif report.skipped and self.trouble is None:
            self.trouble = self._cannot_be_loaded(f"{report.nodeid} skips itself, and all of its checks")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.trouble is not None:  # a file that cannot be loaded may hold checks, too
            return
        try:
            self.checks = {check.id: check for check in _checks(items, self.kata)}
            self.select(items, self._only)
        except (BadKata, UsageError) as trouble:
            self.trouble = trouble
            items.clear()

    def select(self, items: list[pytest.Item], only: str) -> None:
        """Leave in ``items`` what is to run for the check ``only``, or all of them for "". Raises UsageError."""
        found = list(self.checks.values())
        wanted = only.removeprefix("test_")
        kept = _closure(found, wanted, self.kata) if wanted else set(self.checks)
        self.checks = {check.id: check for check in found if check.id in kept}
        self.shown = set(_needed(found, wanted)) if wanted else kept
        kept_items = [item for item in items if _marked(item, self.kata).id in kept]
        items[:] = sorted(kept_items, key=lambda item: self.check(item).is_law)  # laws judge what the checks have asked

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """After Ctrl-C, or pytest.exit() in the specification, the remaining checks would not be graded."""
        error = excinfo.value
        is_ctrl_c = isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is _RAISES
        self.trouble = self.trouble or (error if is_ctrl_c else self._ended_by_itself(excinfo))

    def _ended_by_itself(self, excinfo: pytest.ExceptionInfo[BaseException]) -> BadKata:
        what = str(excinfo.value) if isinstance(excinfo.value, pytest.exit.Exception) else excinfo.exconly()
        places = [entry for entry in excinfo.traceback if Path(entry.path).is_relative_to(self.kata.specification)]
        where = f" ({Path(places[-1].path).name}:{places[-1].lineno + 1})" if places else ""
        return BadKata(f"{self.kata.name}/spec ends the run by itself: {what}{where}")

    def pytest_internalerror(self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        if isinstance(excinfo.value, Inconclusive):  # of a hook of ours, with a message for people
            self.trouble = self.trouble or excinfo.value
            return True
        what = str(excrepr).strip().rpartition("\n")[2]
        self.trouble = self.trouble or (Inconclusive(what) if self.checks else self._cannot_be_loaded(what))
        return True

    def _cannot_be_loaded(self, why: str) -> BadKata:
        return BadKata(f"{self.kata.name}/spec cannot be loaded: {why}")


def checks_of(kata: Kata) -> list[Check]:
    """The checks of a kata's specification, without running one. Raises BadKata, and Inconclusive under -O."""
    collection = Collection(kata)
    run_checks(collection)
    return list(collection.checks.values())


def run_checks(collection: Collection, *runners: object, stop_early: bool = False) -> None:
    """Let pytest collect the checks and, with the plugins ``runners``, run them.

    Raises BadKata, UsageError for a check that does not exist, and Inconclusive where pytest or Python cannot do it.
    """
    kata = collection.kata
    if kata.pack != FOLDER and (problem := unusable(kata)):
        raise BadKata(problem)
    if not kata.specification.is_dir():
        raise BadKata(f"{kata.name} has no spec/: write the specification there, in files named {SPEC_FILES}")
    if sys.flags.optimize:  # pytest keeps the assertions of test files alone, and docstrings are the checks' titles
        raise Inconclusive("Python drops assertions under -O: leave it out, and grade again.")
    options = _options(kata.specification)
    options += ["--exitfirst"] if stop_early else []
    options += ["--collect-only"] if not runners else []
    with isolated(kata.specification):
        pytest.main(options, plugins=[collection, *runners])
    if collection.trouble is not None:
        raise collection.trouble
    if not collection.checks:
        raise BadKata(f"{kata.name}/spec: there is no check; write a test function marked @check(points=…).")


def _options(folder: Path) -> list[str]:
    options = [option for name in _QUIET.split() for option in ("-p", f"no:{name}")]
    options += ["-o", f"python_files={SPEC_FILES}"]  # or pytest takes *_test.py, too
    options += ["-c", os.devnull, f"--rootdir={folder}", "--import-mode=importlib", "--capture=no", "--noconftest"]
    options += [f"--confcutdir={folder}"]  # or pytest lists each folder above, and runs each __init__.py there
    return [*options, str(folder)]


def _checks(items: list[pytest.Item], kata: Kata) -> list[Check]:
    """All checks, in the order of their functions, with their hints. Raises BadKata."""
    found = [_marked(item, kata) for item in items]
    _agree(found, kata)
    hints = read_hints(kata, [check.id for check in found]) if found else {}
    helps = {check.id: hints.get(check.id, Help()) for check in found}
    return [replace(check, hints=helps[check.id].hints, when=helps[check.id].when) for check in found]


def _marked(item: pytest.Item, kata: Kata) -> Check:
    found = check_of(getattr(item, "function", None))
    if found is None:
        raise BadKata(f"{kata.name}/spec: {item.name} is not marked; write @check(points=…) above it.")
    problem = ""
    if hasattr(item, "callspec"):
        problem = (
            "a check cannot be parametrized, for its id and points are those of one verdict; write a loop in it, or "
            "one check for each case"
        )
    elif iscoroutinefunction(getattr(item, "function", None)):
        problem = "a check is synchronous; write def, not async def"
    elif found.is_law:
        problem = wrong_parameters(getattr(item, "function", None))
    if problem:
        raise BadKata(f"{kata.name}/spec: check {found.id}: {problem}.")
    return found


def _agree(checks: list[Check], kata: Kata) -> None:
    """Check the rules that hold for every specification. Raises BadKata."""
    ids = [check.id for check in checks]
    for check in checks:
        problem = ""
        laws = {other.id for other in checks if other.is_law}
        if ids.count(check.id) > 1:
            problem = "there are two of this name"
        elif not check.title:
            problem = "it needs a docstring whose first line completes “Your server must show that …”"
        elif not isinstance(check.points, int) or check.points < 1:
            problem = "it must be worth at least one point"
        elif late := [name for name in check.after if name not in ids[: ids.index(check.id)]]:
            problem = f"it comes after {late[0]}, which must stand above it"
        elif not check.is_law and (wrong := [name for name in check.after if name in laws]):
            problem = f"it comes after {wrong[0]}, which is a law, and laws are judged after all checks"
        if problem:
            raise BadKata(f"{kata.name}/spec: check {check.id}: {problem}.")


def unknown_check(wanted: str, known: Iterable[str], kata: Kata) -> UsageError:
    """The error where no check of ``kata`` has the id ``wanted``; ``known`` are the ids that there are."""
    return UsageError(f"There is no check {wanted!r}.{did_you_mean(wanted, known)} See `grade explain {kata.id}`.")


def _closure(checks: list[Check], wanted: str, kata: Kata) -> set[str]:
    """The checks to run where one is wanted: those that it depends on. Raises UsageError.

    For a law these are all checks and all laws, whose own requests it judges, too.
    """
    ids = [check.id for check in checks]
    if wanted not in ids:
        raise unknown_check(wanted, ids, kata)
    kept = _needed(checks, wanted)
    return set(ids) if any(check.is_law for check in checks if check.id in kept) else kept


def _needed(checks: list[Check], wanted: str) -> set[str]:
    """``wanted`` and all that it comes after."""
    known = {check.id: check for check in checks}
    needed: set[str] = set()
    queue = [wanted]
    while queue:
        name = queue.pop()
        needed.add(name)
        queue += known[name].after
    return needed
