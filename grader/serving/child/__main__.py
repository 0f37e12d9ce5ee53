"""The entry point: `python -P grader/serving/child/__main__.py CONFIG`; see :class:`grader.wire.ChildConfig`.

Importing it does nothing: worker processes that start by spawn or forkserver import the main module again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

_LIBRARY = str(Path(__file__).resolve().parents[3])


def main(config: str) -> NoReturn:
    sys.path.insert(0, _LIBRARY)  # first: PYTHONPATH may lead to another module named grader
    # Not at the top: without this path there is no grader to import.
    from grader.serving.child import run
    from grader.wire import ChildConfig

    put_library_last()
    run.run(ChildConfig.decode(config))


def put_library_last() -> None:
    """For the app, what is installed goes before what lies beside the grader."""
    sys.path.remove(_LIBRARY)
    sys.path.append(_LIBRARY)


if __name__ == "__main__":
    main(sys.argv[1])
