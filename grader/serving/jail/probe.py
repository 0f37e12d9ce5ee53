"""Asks the machine for a jail, in a process that does nothing else: `python -P probe.py PLAN CONTROL`.

It prints why there is none; nothing when the jail holds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main(plan: str, control: str) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    # Not at the top: without this path there is no grader to import.
    from grader.serving.jail import entry
    from grader.serving.jail.plan import Plan

    try:
        entry.enter(Plan.decode(plan), int(control))
        os._exit(0)
    except (OSError, entry.Leak) as error:
        os.write(1, f"{error}\n".encode())
        os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
