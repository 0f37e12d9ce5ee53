"""The entry point: `python -P grader/serving/child/__main__.py CONFIG`; see :class:`grader.wire.ChildConfig`.

Worker processes that start by spawn or forkserver import the main module again, before they import the app. In a jail
they may not be able to list the folder of the grader's library, so they get its package from here.
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


def find_library() -> None:
    """Import the package from its place, whatever `sys.path` holds."""
    from importlib.util import module_from_spec, spec_from_file_location  # only workers need it

    package = Path(_LIBRARY, "grader")
    spec = spec_from_file_location("grader", package / "__init__.py", submodule_search_locations=[str(package)])
    assert spec is not None
    assert spec.loader is not None
    sys.modules["grader"] = found = module_from_spec(spec)
    spec.loader.exec_module(found)


if __name__ == "__main__":
    main(sys.argv[1])
elif __name__ == "__mp_main__":
    find_library()
