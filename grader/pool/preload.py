"""The main module of the fork server for graders: everything that a grade imports is imported.

For each kata it forks a further server, which has collected the kata's specification.
"""

from __future__ import annotations

import gc

gc.disable()  # first: a collection leaves holes in pages, which a child would fill, and so copy
# ruff: noqa: E402, F401

import pdb  # by pytest
import unittest  # by pytest
from contextlib import suppress
from multiprocessing.connection import Connection

import jsonschema

import grader.grading.plugin
import grader.probe.session
from grader.catalog.kata import Kata
from grader.errors import BadKata, Inconclusive
from grader.grading.prepared import Prepared, prepare
from grader.pool.servers import GRADE
from grader.pool.worker import work
from grader.serving import forkserver

#: Between two collections of a grade, which makes little garbage; Python's own number is 700.
_ALLOCATIONS = 50_000


def main(control: int) -> None:
    gc.set_threshold(_ALLOCATIONS)
    forkserver.serve(control, _run)


def _run(argument: str, descriptors: list[int]) -> None:
    if argument == GRADE:
        work(*descriptors)
    else:
        _serve_kata(*descriptors)


def _serve_kata(pipe: int, control: int) -> None:
    """Collect the specification of the kata that comes through the pipe, and fork its grades.

    Where that fails, this process ends, and each grade fails by itself, with the reason.
    """
    with Connection(pipe) as connection:
        kata = connection.recv()
    assert isinstance(kata, Kata)

    def serve(prepared: Prepared) -> None:
        forkserver.serve(control, lambda _, descriptors: work(*descriptors, prepared=prepared))

    with suppress(BadKata, Inconclusive):
        prepare(kata, serve)
