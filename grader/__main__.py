"""`grade`, and `python -m grader`: the process around the command line."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import NoReturn


def command() -> NoReturn:
    """What the console script runs; at its end no time is spent on taking the interpreter apart."""
    if sys.platform == "win32":
        sys.exit("grade: Windows itself cannot hold a process group: run this under WSL (https://aka.ms/wsl).")
    from grader import interrupt

    interrupt.end_on_signals()
    _mind_the_streams()
    from grader.cli import main
    from grader.score import Exit

    code: object = Exit.UNDECIDED
    try:
        main()
    except SystemExit as end:
        code = end.code
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads any more, or the disk is full
        code = code or Exit.UNDECIDED
    os._exit(code if isinstance(code, int) else Exit.UNDECIDED)


def _mind_the_streams() -> None:
    """No report breaks off because a stream is closed, or because its encoding lacks a character."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - it stays open to the end
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    command()
