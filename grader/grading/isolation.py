"""Keeps a specification and the grader's process apart: settings, standard output, and imported modules."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

#: Variables that pytest reads: it would load other plugins than the grader's, or run other tests.
_SETTINGS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DEBUG", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")


@contextmanager
def isolated(folder: Path) -> Iterator[None]:
    """In this block pytest can run the specification in ``folder``, whatever it does and the caller has set."""
    try:
        with _without_settings(), _printing_to_errors():
            yield
    finally:
        _forget_modules(folder)


@contextmanager
def _without_settings() -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in _SETTINGS if name in os.environ}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        os.environ.update(kept)


@contextmanager
def _printing_to_errors() -> Iterator[None]:
    """Standard output belongs to the report, which may be JSON: what a specification prints must not get into it.

    The descriptor is redirected, too: a program that a specification starts, such as curl, writes to it directly.
    """
    if sys.__stdout__ is None:  # it was closed at the start, and descriptor 1 may be another thing by now
        yield
        return
    kept = os.dup(1)
    errors = os.dup(2) if sys.__stderr__ is not None else os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(errors, 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(errors)


def _forget_modules(folder: Path) -> None:
    """Another kata may have files of the same names, and must not be given these modules."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]
