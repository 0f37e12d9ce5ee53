"""The entry point: `python -P grader/serving/child/__main__.py CONFIG`, where CONFIG is a JSON object."""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

_CONFIG: dict[str, Any] = json.loads(sys.argv[1])
sys.path.append(_CONFIG["library"])  # at the end: nothing of the grader's may stand before what is installed

from grader.serving.child.frames import CutFormatter, LearnerFrames, is_learners  # noqa: E402
from grader.serving.child.load import Refusal, load  # noqa: E402
from grader.serving.child.watchdog import Status, Watchdog  # noqa: E402


def _stay_on_one_processor() -> None:
    """Have all threads share a processor, so that none is left behind while another goes on.

    A wait for the app is given up when its event loop has turned often. On a busy machine of several processors that
    says nothing of the app's other threads, unless they take turns with the loop.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # some containers forbid it, for which no app is to blame
            allowed = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})


def _limit_memory(limit: int) -> None:
    """Private writable memory only: address space would count the stacks of idle threads."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _log_to_stderr(frames: LearnerFrames) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(CutFormatter(frames))
    handler.addFilter(is_learners)
    for name in ("uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.WARNING)
        logger.propagate = False


def main(config: dict[str, Any]) -> NoReturn:
    _stay_on_one_processor()  # first: threads inherit it
    file = Path(config["file"])
    frames = LearnerFrames(file.parent)
    status = Status(config["status"])
    watchdog = Watchdog(status, config["lifeline"], frames)
    watchdog.start()
    _limit_memory(config["memory"])
    _log_to_stderr(frames)
    sys.argv = [str(file)]
    try:
        app = load(file, config["name"], frames)
        status.tell(imported=True)
        from grader.serving.child.serve import serve  # after the app: uvicorn is not needed to refuse one

        serve(app, config, status=status, watchdog=watchdog, frames=frames)
    except Refusal as refusal:
        status.tell(**refusal.report)
        sys.stderr.flush()
        os._exit(3)
    except BaseException as error:
        status.tell(failed=f"the server ended with {type(error).__name__}: {error}", frames=frames.of(error))
        traceback.print_exc()
        os._exit(4)
    os._exit(0)


if __name__ == "__main__":
    main(_CONFIG)
