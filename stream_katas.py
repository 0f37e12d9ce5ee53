"""The `grade` command as a process: it starts the command line, and decides the exit code whatever happens.

This is a module of its own, beside the package, for one reason: it must work where `grader` cannot be imported. Python
itself ends with 1 when an import fails, and 1 means here that an app was graded and some check failed.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

#: The same numbers as `grader.exits.Exit`, which may be what cannot be imported.
_USAGE, _UNDECIDED = 2, 3
#: Python's own 700 makes it look for garbage dozens of times during the imports, which make none: 5 ms of 75.
_ALLOCATIONS = 50_000


def command() -> NoReturn:
    """Run the command line and end the process: with its exit code, or with 3 when it could not even begin.

    The process ends by `os._exit`: taking the interpreter apart costs time, and could still change the exit code.
    """
    try:
        code = _run()
    except BaseException as error:  # an ImportError, a SyntaxError in somebody's click.py, a SystemExit of theirs
        if os.environ.get("STREAM_KATAS_DEBUG"):
            sys.__excepthook__(type(error), error, error.__traceback__)
        code = _refuse(f"the grader cannot start here ({type(error).__name__}: {error}); nothing was graded.")
    os._exit(code)


def _run() -> int:
    if sys.platform == "win32":
        return _refuse("Windows has no process groups; run this under WSL (https://aka.ms/wsl).")
    _keep_assertions()
    gc.set_threshold(_ALLOCATIONS)
    _search_installed_modules_first()
    from grader import interrupt
    from grader.cli import streams

    interrupt.end_on_signals()
    streams.replace()
    from grader.cli.main import main

    code = main()
    fault = streams.flush()
    if fault is None or code in (_USAGE, _UNDECIDED):  # of those there was a complaint already
        return code
    return code if isinstance(fault, BrokenPipeError) else _refuse(f"standard output: {fault.strerror}")


def _keep_assertions() -> None:
    """Start again without PYTHONOPTIMIZE: it drops assertions, which a specification is made of, and docstrings."""
    if sys.flags.optimize and os.environ.pop("PYTHONOPTIMIZE", ""):
        os.execv(sys.executable, sys.orig_argv)


def _search_installed_modules_first() -> None:
    """Move the working directory and PYTHONPATH behind the installed modules, in the order of the search for modules.

    A learner's `click.py` or `queue.py` is for the learner's app, and must not take the place of the grader's own. The
    folder of this module stays where it is: in a checkout, it can be the working directory.
    """
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    places = {os.path.abspath(place) for place in ("", *named)} - {os.path.dirname(os.path.abspath(__file__))}
    sys.path.sort(key=lambda place: os.path.abspath(place) in places)


def _refuse(reason: str) -> int:
    with suppress(OSError, ValueError, AttributeError):  # a full disk, or a stream that is closed
        sys.stderr.write(f"grade: {reason}\n")
        sys.stderr.flush()
    return _UNDECIDED
