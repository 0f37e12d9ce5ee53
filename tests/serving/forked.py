"""A fork server for tests: a forked process executes its argument as Python."""

from __future__ import annotations

import signal

from grader.serving import forkserver


def main(control: int) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does it
    forkserver.serve(control, run)


def run(argument: str, descriptors: list[int]) -> None:
    exec(argument, {"descriptors": descriptors})
