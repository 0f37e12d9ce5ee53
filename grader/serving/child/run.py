"""The life of an app's process: prepare, load the learner's module, serve it."""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from grader.serving.child import limits
from grader.serving.child.frames import CutFormatter, LearnerFrames, is_learners
from grader.serving.child.jailed import jailed
from grader.serving.child.load import load
from grader.serving.child.refusal import Refusal, words_of
from grader.serving.child.routes import routes_of
from grader.serving.child.serve import preload, serve
from grader.serving.child.sockets import ServerSockets
from grader.serving.child.status import StatusLine
from grader.serving.child.watchdog import Watchdog
from grader.wire import ChildConfig, Failed, Loading, Routes, Sign, Unreachable

#: Exit statuses. The grader goes by the status line that comes before; these tell the two apart in a shell. Neither is
#: 1 or 2, with which Python itself ends.
_REFUSED, _BROKEN = 3, 4
#: The advice where a submission is refused by what its folder holds.
_OWN_FILES = "A submission is graded by its own files: put them in its folder, and nothing else."
#: Threads that every app may have: the 64 of asyncio.to_thread, the 40 of the framework, and some of its own.
_FEW_THREADS = 128


def run(config: ChildConfig) -> NoReturn:
    """Serve what ``config`` names, to the end of the process.

    The status Loading comes before the first line of learner code runs. What ends the process before is not the app's
    fault.
    """
    limits.stay_on_one_processor()
    if config.refused:  # no line of the learner's will run, so it needs no jail, and gets none
        StatusLine(config.status).tell(Failed(config.refused, _OWN_FILES))
        os._exit(_REFUSED)
    preload(config)
    config, is_unjailed = jailed(config)
    frames = LearnerFrames(Path(config.root))
    status = StatusLine(config.status)
    watchdog = Watchdog(status, config.lifeline, frames)
    watchdog.start()
    limits.keep_small(config.memory)
    _log_to_stderr(frames, status)
    from grader import kit  # not before: it reads the environment, which a fork server has from another app

    kit.on_unreachable = lambda error: status.tell(Unreachable(str(error)))
    sys.argv = [config.file]
    sockets = ServerSockets(config.listener)
    sockets.guard()
    if is_unjailed:
        status.tell(Sign.UNJAILED)
    status.tell(Loading(0.0))
    try:
        app = load(config, frames)
        if not sockets.are_ours:  # the module has forked
            os._exit(0)
        status.tell(Routes(routes_of(app)))
        status.tell(Sign.IMPORTED)
        serve(app, config, sockets=sockets, status=status, watchdog=watchdog, frames=frames)
    except Refusal as refusal:
        status.tell(refusal.failed)
        sys.stderr.flush()
        os._exit(_REFUSED)
    except BaseException as error:
        status.tell(Failed(f"the server ended with {type(error).__name__}: {words_of(error)}", frames=frames.of(error)))
        traceback.print_exc()
        os._exit(_BROKEN)


def _is_refused_threads(error: RuntimeError) -> bool:
    """Whether it is about a thread that the system refuses though there are few: by `ulimit -u`, or by a container."""
    return words_of(error) == "can't start new thread" and threading.active_count() < _FEW_THREADS


def _log_to_stderr(frames: LearnerFrames, status: StatusLine) -> None:
    def tell_error(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, MemoryError):
            status.tell(Sign.OUT_OF_MEMORY)
        if isinstance(error, RuntimeError) and _is_refused_threads(error):
            status.tell(Sign.STARVED)
        if error is not None:
            with suppress(Exception):  # the words of an error of the learner's may themselves raise
                status.tell(frames.raised(error))
        return True

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(CutFormatter(frames))
    handler.addFilter(is_learners)
    handler.addFilter(tell_error)
    for name in ("uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.WARNING)
        logger.propagate = False
