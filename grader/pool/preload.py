"""The main module of the fork server for graders: everything that a grade imports is imported."""

from __future__ import annotations

import gc

gc.disable()  # first: a collection leaves holes in pages, which a child would fill, and so copy
# ruff: noqa: E402, F401

import pdb  # by pytest
import unittest  # by pytest

import jsonschema

import grader.grading.plugin
import grader.probe.session
from grader.pool.worker import work
from grader.serving import forkserver


def main(control: int) -> None:
    forkserver.serve(control, lambda _, descriptors: work(*descriptors))
