"""Runs many grades, some at a time, on an executor of the standard library."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from grader.grading.run import Job, OnProgress
from grader.pool.news import Result, Trouble
from grader.pool.servers import ForkServers
from grader.pool.worker import Worker


class Pool:
    """Grades ``at_once`` apps at a time, each in a process of its own, until the ``with`` block ends.

    With ``servers`` the processes start warm. When the block ends with an exception (KeyboardInterrupt, too), the
    grades that still run are ended.
    """

    def __init__(self, at_once: int, servers: ForkServers | None = None) -> None:
        self._servers = servers
        self._executor: Executor = ThreadPoolExecutor(at_once, thread_name_prefix="grade")  # a thread only waits
        self._lock = threading.Lock()
        self._running: set[Worker] = set()
        self._is_cancelled = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._cancel()
        self._executor.shutdown(cancel_futures=error is not None)

    def grade(self, job: Job) -> Result:
        """Grade one app now; blocks the calling thread."""
        try:
            worker = Worker(job, self._servers)
        except OSError as error:
            return Trouble(f"the grader's process could not be started: {error}")
        with worker:
            with self._lock:
                self._running.add(worker)
                if self._is_cancelled:
                    worker.cancel()
            try:
                return worker.result()
            finally:
                with self._lock:
                    self._running.discard(worker)

    def submit(self, job: Job) -> Future[Result]:
        """Begin a grade, or let it wait for one of those that run."""
        return self._executor.submit(self.grade, job)

    def results(self, jobs: Iterable[Job], progress: OnProgress = lambda *_: None) -> Iterator[Result]:
        """The result of each job, in the order of ``jobs``."""
        all_jobs = list(jobs)
        for done, result in enumerate(self._executor.map(self.grade, all_jobs), 1):
            progress(done, len(all_jobs))
            yield result

    def _cancel(self) -> None:
        with self._lock:
            self._is_cancelled = True
            for worker in self._running:
                worker.cancel()
