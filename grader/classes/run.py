"""Grades a class: each submission that the ledger has no grade of, one transaction each."""

from __future__ import annotations

import errno
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from grader import trees
from grader.catalog.kata import Kata
from grader.catalog.soundness import require_schemas
from grader.classes.forms import NormalForms
from grader.classes.intake.material import Material, prepare
from grader.classes.intake.rejection import Rejected
from grader.classes.model import GradedKata, Key, NoReport, Settings, Why
from grader.classes.order import Graders, Order
from grader.classes.progress import Meter, OnProgress
from grader.classes.task import Task, seed_of, too_late
from grader.classes.writing import LedgerWriter
from grader.errors import Inconclusive
from grader.model import Report
from grader.pool.news import Result, Trouble
from grader.score import is_final
from grader.text import from_system

#: How often a grade is begun that the grader or the machine does not finish: once with others, then alone.
TRIES: Final = 3
#: Seconds between two looks at how far it is.
_EVERY: Final = 0.25
#: Of this machine, so that no other submission could be copied either.
_OURS: Final = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM}


@dataclass(frozen=True, slots=True)
class _Running:
    """A grade that was begun. ``folder`` is its private copy."""

    task: Task
    key: Key
    order: Order
    tries: int


class ClassRun:
    """One run over the tasks of a class. ``work`` is a folder of its own, for private copies."""

    def __init__(
        self,
        ledger: LedgerWriter,
        graders: Graders,
        specifications: Mapping[str, GradedKata],
        *,
        work: Path,
        tell: OnProgress = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._graders = graders
        self._specifications = specifications
        self._work = work
        self._tell = tell
        self._running: dict[Future[Result], _Running] = {}
        self._keys: set[Key] = set()  # of what runs, or is to be run again: an equal submission waits for that grade
        self._again: deque[tuple[Task, int]] = deque()
        self._copies = 0
        self._forms = NormalForms()
        self._meter = Meter(0, time.monotonic)

    def run(self, tasks: Sequence[Task], *, force: bool = False) -> None:
        """Grade what the ledger does not have, or with ``force`` all. Raises Inconclusive where this machine cannot.

        Whatever happens, the ledger holds each grade that was finished.
        """
        with self._forms:
            self._run(tasks, force=force)

    def _run(self, tasks: Sequence[Task], *, force: bool) -> None:
        self._meter = Meter(len(tasks), time.monotonic, at_once=self._graders.at_once)
        self._ledger.expect([task.submission for task in tasks])
        waiting = iter(tasks)
        at_once = self._graders.at_once
        self._fill(waiting, at_once, force=force)
        while self._running:
            self._wait()
            self._fill(waiting, at_once, force=force)
        while self._again:  # alone: others may have been what hindered it
            task, tries = self._again.popleft()
            self._keys.clear()
            self._begin(task, tries=tries, force=True)
            while self._running:
                self._wait()
        self._report()

    def _fill(self, waiting: Iterable[Task], at_once: int, *, force: bool) -> None:
        while len(self._running) < at_once and (task := next(iter(waiting), None)) is not None:
            self._begin(task, tries=1, force=force)

    def _begin(self, task: Task, *, tries: int, force: bool) -> None:
        self._copies += 1
        folder = self._work / str(self._copies)
        try:
            begun = self._ordered(task, folder)
        except Rejected as rejected:
            self._refuse(task, folder, rejected.reason)
            return
        except OSError as error:
            if error.errno in _OURS:
                raise Inconclusive(_cannot_copy(error, folder)) from None
            self._refuse(task, folder, NoReport(Why.INFRASTRUCTURE, f"it could not be copied: {error.strerror}"))
            return
        key, order = begun
        if (not force and self._ledger.has(key)) or key in self._keys:
            self._meter.keep()
            trees.remove(folder)
            return
        self._keys.add(key)
        self._running[self._graders.submit(order)] = _Running(task, key, order, tries)

    def _ordered(self, task: Task, folder: Path) -> tuple[Key, Order]:
        """The private copy, and what is to be done with it. Raises Rejected and OSError."""
        settings = self._ledger.settings
        if task.doubt:
            raise Rejected(Why.UNCLEAR, task.doubt)
        if reason := too_late(task.submission, settings):
            raise Rejected(reason.why, reason.sentence)
        found, form = _read(task, settings, folder, self._forms)
        self._ledger.keep_submission(replace(task.submission, digest=found.digest), form=form)
        name, specification = task.kata.name, self._specifications[task.kata.name].digest
        key = Key(found.digest, name, specification, self._ledger.grader, settings.seed)
        seed = seed_of(settings, name, found.digest)
        return key, Order(task.kata, specification, folder, found.app, found.digest, seed, settings.limits)

    def _refuse(self, task: Task, folder: Path, reason: NoReport) -> None:
        self._ledger.keep_submission(task.submission, reason)
        self._meter.refuse()
        trees.remove(folder)

    def _wait(self) -> None:
        self._report()
        done, _ = wait(self._running, timeout=_EVERY, return_when=FIRST_COMPLETED)
        for future in done:
            self._finish(self._running.pop(future), future.result())

    def _finish(self, running: _Running, result: Result) -> None:
        trees.remove(running.order.folder)
        if not (isinstance(result, Report) and is_final(result)) and running.tries < TRIES:
            self._again.append((running.task, running.tries + 1))
            return
        if isinstance(result, Trouble):
            self._ledger.keep_grade(running.key, NoReport(Why.INFRASTRUCTURE, result.message))
            self._meter.grade(0)
        else:
            self._ledger.keep_grade(running.key, replace(result, app=from_system(running.order.app)))
            self._meter.grade(result.seconds)
        self._keys.discard(running.key)

    def _report(self) -> None:
        self._tell(self._meter.progress(len(self._running), len(self._again)))


def _read(task: Task, settings: Settings, folder: Path, forms: NormalForms) -> tuple[Material, str]:
    """The private copy, and its app's normal form. Raises Rejected and OSError, whatever is in the submission."""
    try:
        found = prepare(task.handed, task.kata, settings, folder=folder)
        return found, forms.form_of(found.file.read_bytes())
    except (Rejected, OSError):
        raise
    except Exception as error:  # a fault of ours, which one submission has found: the others are graded
        sentence = f"the grader failed while it read this: {type(error).__name__}: {error}"
        raise Rejected(Why.INFRASTRUCTURE, sentence) from error


def _cannot_copy(error: OSError, folder: Path) -> str:
    return (
        f"no submission can be copied to {folder.parent} ({error.strerror}). What is graded is kept: make room, and "
        "give the same command again."
    )


def graded_kata(kata: Kata) -> GradedKata:
    """What a ledger keeps of a kata. Raises BadKata."""
    from grader.grading.collect import checks_of  # with pytest, which only grading needs

    origin = kata.origin
    require_schemas(kata)
    checks = tuple(checks_of(kata))
    return GradedKata(kata.name, kata.id, kata.title, kata.version, origin.pack, origin.digest, checks)
