"""The main module of the fork server for apps: it has imported what nearly every app imports.

Of the grader it imports the same as a cold child does, and the fork server. The kit is not imported: it reads the
upstream's address from the environment once, at its import.
"""

from __future__ import annotations

import gc

gc.disable()  # first: a collection leaves holes in pages, which a child would fill, and so copy
# ruff: noqa: E402

import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel

from grader.serving import forkserver
from grader.serving.child import __main__ as cold
from grader.serving.child import run
from grader.wire import ChildConfig

#: Some are imported when a server starts or a first request comes; not every version has each of them.
_IMPORTS = (
    *("anyio._backends._asyncio", "concurrent.futures.thread", "fastapi.responses", "fastapi.sse"),
    *("uvicorn.lifespan.on", "uvicorn.loops.asyncio", "uvicorn.protocols.http.h11_impl"),
    "grader.serving.jail.entry",
)


class _Model(BaseModel):
    number: int


def main(control: int) -> None:
    cold.put_library_last()
    for name in _IMPORTS:
        with suppress(ImportError):
            import_module(name)
    assert "grader.kit" not in sys.modules
    FastAPI().post("/")(_takes_a_model)  # FastAPI imports some of pydantic when it first meets a model
    forkserver.serve(control, _run)


def _takes_a_model(model: _Model) -> _Model:
    return model


def _run(argument: str, descriptors: list[int]) -> None:
    listener, status, lifeline = descriptors
    config = ChildConfig.decode(argument)._replace(listener=listener, status=status, lifeline=lifeline)
    if not config.refused and _hides_what_is_imported(Path(config.root)):
        os.execv(sys.executable, [sys.executable, "-P", str(cold.__file__), config.encode()])
    sys.modules["__main__"].__file__ = cold.__file__  # worker processes import it again, as of a cold start
    run.run(config)


def _hides_what_is_imported(folder: Path) -> bool:
    """Whether a module of the learner's has the name of one that is here already: then the app has to start cold.

    There an import finds the learner's module, and here it would find the other one.
    """
    names = {name for name in sys.modules if "." not in name}
    return any(entry.name.partition(".")[0] in names for entry in os.scandir(folder))
