"""Imports the learner's module and takes the app out of it, or says why that cannot be."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import inspect
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.serving.child.frames import LearnerFrames
from grader.wire import Failed, Location

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Refusal(Exception):
    """The app cannot be served: a headline, and advice."""

    def __init__(self, headline: str, advice: str = "", frames: tuple[Location, ...] = ()) -> None:
        super().__init__(headline)
        self.failed = Failed(headline, advice, frames)


class FreshLoader(importlib.machinery.SourceFileLoader):
    """Compiles from source each time. A bytecode cache goes by whole seconds and would miss a quick second edit."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def load(file: Path, name: str, frames: LearnerFrames) -> App:
    """Import the learner's module and take the app out of it. Raises Refusal."""
    if not file.is_file():
        raise Refusal(f"there is no {file.name} any more", "Save it again, or bring the stub back: `grade reset`.")
    folder = str(file.parent)
    sys.path_hooks.insert(0, _fresh_finder(folder))
    sys.path_importer_cache.pop(folder, None)
    sys.path.insert(0, folder)
    loader = FreshLoader(file.stem, str(file))
    spec = importlib.util.spec_from_file_location(file.stem, file, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    try:
        loader.exec_module(module)
    except BaseException as error:
        raise _import_refusal(error, file, frames) from error
    return _asgi(module, file, name)


def _fresh_finder(folder: str) -> Callable[[str], importlib.machinery.FileFinder]:
    """A path hook for ``folder`` and the packages in it, but not for an environment that lies in it."""
    inside = folder + os.sep
    libraries = tuple(entry for entry in sys.path if entry.startswith(inside))

    def find(path: str) -> importlib.machinery.FileFinder:
        if not (path + os.sep).startswith(inside) or path.startswith(libraries):
            raise ImportError
        return importlib.machinery.FileFinder(path, (FreshLoader, [".py"]))

    return find


def _import_refusal(error: BaseException, file: Path, frames: LearnerFrames) -> Refusal:
    own = frames.of(error)
    match error:
        case SyntaxError():
            return Refusal(f"{file.name} is not valid Python: {error.msg}", "Fix the line shown.", own)
        case ModuleNotFoundError() if error.name and error.name.partition(".")[0] not in sys.stdlib_module_names:
            return Refusal(
                f"{file.name} imports “{error.name}”, which is not installed here",
                "Install it into the environment that runs `grade`, or do without it.",
                own,
            )
        case MemoryError():
            return Refusal(f"{file.name} ran into its memory limit while it was imported", "", own)
        case SystemExit():
            return Refusal(
                f"{file.name} exits while it is imported (SystemExit: {error.code})",
                "An app module must only define things; the server imports it and goes on.",
                own,
            )
        case _:
            return Refusal(
                f"{file.name} raises {type(error).__name__} while it is imported: {error}",
                "Run `python " + file.name + "` to see it for yourself.",
                own,
            )


def _asgi(module: ModuleType, file: Path, name: str) -> App:
    missing = object()
    app = getattr(module, name, missing)
    if app is missing:
        others = [key for key, value in vars(module).items() if hasattr(value, "router") and not key.startswith("_")]
        hint = f"It has “{others[0]}”: rename it, or grade it with --app {file.name}:{others[0]}." if others else ""
        raise Refusal(f"{file.name} has no “{name}”", hint or f"Define it: {name} = FastAPI()")
    if not callable(app):
        raise Refusal(f"“{name}” in {file.name} is {_a(app)}, not an ASGI application", f"{name} = FastAPI() is one.")
    if not _takes_asgi(app):
        raise Refusal(
            f"“{name}” in {file.name} is {_a(app)} that does not take ASGI's three arguments",
            "An ASGI application is `async def app(scope, receive, send)`, or a FastAPI() object.",
        )
    return app


def _a(thing: object) -> str:
    kind = type(thing).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"


def _takes_asgi(app: Any) -> bool:
    """Whether ``app(scope, receive, send)`` can be called and gives something to await."""
    if inspect.isclass(app):
        return False
    try:
        inspect.signature(app).bind(None, None, None)
    except TypeError:
        return False
    except ValueError:  # a callable without a signature: let the server find out
        return True
    return True
