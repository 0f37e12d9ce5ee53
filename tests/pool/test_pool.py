"""Many grades: some at a time, results in order, and nothing is left when it is interrupted."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Self

import pytest

from grader.catalog.kata import read_kata
from grader.grading.run import Job
from grader.model import Report
from grader.pool import pool as module
from grader.pool.news import Result, Trouble
from grader.pool.pool import Pool
from grader.serving.launch import Launch
from tests.conftest import DEADLINE
from tests.small_kata import make_kata, write


class HandWorker:
    """Grades nothing; its result is given by hand, or by cancelling it."""

    started: list[HandWorker]
    told: threading.Condition

    def __init__(self, job: Job, servers: None) -> None:
        self.job = job
        self._given: list[Result] = []
        with self.told:
            self.started.append(self)
            self.told.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def give(self, message: str) -> None:
        with self.told:
            self._given.append(Trouble(message))
            self.told.notify_all()

    def cancel(self) -> None:
        self.give("cancelled")

    def result(self) -> Result:
        with self.told:
            assert self.told.wait_for(lambda: self._given, DEADLINE)
            return self._given[0]


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> type[HandWorker]:
    HandWorker.started, HandWorker.told = [], threading.Condition()
    monkeypatch.setattr(module, "Worker", HandWorker)
    return HandWorker


def wait_for(workers: type[HandWorker], count: int) -> list[HandWorker]:
    with workers.told:
        assert workers.told.wait_for(lambda: len(workers.started) >= count, DEADLINE)
        return list(workers.started)


def some_jobs(tmp_path: Path, count: int) -> list[Job]:
    kata = read_kata(make_kata(tmp_path))
    return [Job(kata, Launch(kata.stub), seed=str(number)) for number in range(count)]


def test_so_many_run_at_a_time_and_results_come_in_order(tmp_path: Path, workers: type[HandWorker]) -> None:
    told: list[tuple[int, int]] = []
    with Pool(2) as pool:
        results = pool.results(some_jobs(tmp_path, 3), lambda done, total: told.append((done, total)))
        collected: list[Result] = []
        reader = threading.Thread(target=lambda: collected.extend(results))
        reader.start()
        first, second = wait_for(workers, 2)
        assert {first.job.seed, second.job.seed} == {"0", "1"}
        for worker in (first, second):
            worker.give(worker.job.seed)
        wait_for(workers, 3)[2].give("2")
        reader.join(DEADLINE)
    assert collected == [Trouble("0"), Trouble("1"), Trouble("2")]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_exception_ends_the_grades_that_run_and_begins_no_other(tmp_path: Path, workers: type[HandWorker]) -> None:
    def interrupted() -> None:
        with Pool(1) as pool:
            results = pool.results(some_jobs(tmp_path, 9))
            threading.Thread(target=lambda: wait_for(workers, 1)[0].give("0")).start()
            assert next(results) == Trouble("0")
            wait_for(workers, 2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(workers.started) == 2


def test_each_grade_has_a_process_of_its_own(tmp_path: Path) -> None:
    kata = read_kata(make_kata(tmp_path))
    source = (
        f"import os\nos.write(os.open({str(tmp_path / 'told')!r}, os.O_WRONLY | os.O_APPEND), b'%d\\n' % os.getppid())"
    )
    write(tmp_path / "told", "")
    write(kata.stub, f"{source}\nfrom fastapi import FastAPI\napp = FastAPI()")
    with Pool(2) as pool:
        results = list(pool.results([Job(kata, Launch(kata.stub))] * 3))
    assert [type(result) for result in results] == [Report] * 3
    graders = (tmp_path / "told").read_text().split()
    assert len(set(graders)) == 3
    assert str(os.getpid()) not in graders
