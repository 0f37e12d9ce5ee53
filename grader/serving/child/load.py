"""Imports the learner's module and takes the app out of it, or raises the reason why it cannot."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.serving.child import refusal
from grader.serving.child.frames import LearnerFrames
from grader.serving.child.refusal import Refusal
from grader.serving.child.source import FreshLoader, find_fresh
from grader.wire import ChildConfig

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Message, Receive, Send], Awaitable[None]]


def load(config: ChildConfig, frames: LearnerFrames) -> ASGIApp:
    """Import the learner's module and take the app out of it. Raises Refusal."""
    file = Path(config.file)
    if not file.is_file():
        raise Refusal(f"there is no {file.name} any more", "Save it again, or bring the stub back: `grade reset`.")
    if config.module in sys.modules:
        raise refusal.of_name(frames.name(config.file), config.module)
    find_fresh(config.root)
    if config.root != str(file.parent):  # for modules beside the app's that are imported without their package
        sys.path.append(str(file.parent))
    try:
        module = _import(file, config.module)
    except BaseException as error:
        raise refusal.of_import(error, frames.name(config.file), frames) from error
    app = _attribute(module, config, frames)
    return _made(app, config, frames) if config.factory else _asgi(app, config, frames)


def _import(file: Path, name: str) -> ModuleType:
    """A module of a package by its name, and any other from its file, whose name need not be one for `import`."""
    if "." in name:
        return importlib.import_module(name)
    loader = FreshLoader(name, str(file))
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def _attribute(module: ModuleType, config: ChildConfig, frames: LearnerFrames) -> Any:
    found: Any = module
    try:
        for part in config.name.split("."):
            found = getattr(found, part)
    except AttributeError:
        file = frames.name(config.file)
        raise Refusal(f"{file} has no “{config.name}”", _other_name(module, config, file)) from None
    return found


def _other_name(module: ModuleType, config: ChildConfig, file: str) -> str:
    """Advice for a module whose app has another name, or is made by a function."""
    public = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    for name, value in public.items():
        if hasattr(value, "router"):
            return f"It has “{name}”: rename it, or add --app {file}:{name}."
    for name, value in public.items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and "app" in name:
            return f"If “{name}” makes it, add --app {file}:{name} --factory."
    return f"Define it: {config.name} = FastAPI()"


def _made(factory: Any, config: ChildConfig, frames: LearnerFrames) -> ASGIApp:
    """The app that the factory returns."""
    file = frames.name(config.file)
    if not callable(factory):
        raise Refusal(f"“{config.name}” in {file} is {_a(factory)}, not a function", "Leave --factory out.")
    try:
        app = factory()
    except BaseException as error:
        headline = f"“{config.name}” in {file} raises {type(error).__name__}: {refusal.words_of(error)}"
        raise Refusal(headline, "--factory calls it without arguments.", frames.of(error)) from error
    return _asgi(app, config, frames)


def _asgi(app: Any, config: ChildConfig, frames: LearnerFrames) -> ASGIApp:
    what = f"“{config.name}{'()' if config.factory else ''}” in {frames.name(config.file)}"
    if not callable(app):
        raise Refusal(f"{what} is {_a(app)}, not an ASGI application", f"{config.name} = FastAPI() is one.")
    if not _takes(app, 3):
        raise Refusal(
            f"{what} is {_a(app)} that does not take ASGI's three arguments",
            "If it makes the app, add --factory."
            if inspect.isfunction(app) and _takes(app, 0)
            else "An ASGI application is `async def app(scope, receive, send)`, or a FastAPI() object.",
        )
    checked: ASGIApp = app
    return checked


def _a(thing: object) -> str:
    kind = type(thing).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"


def _takes(app: Any, count: int) -> bool:
    """Whether it can be called with ``count`` arguments, as far as its signature says."""
    if inspect.isclass(app):
        return False
    try:
        inspect.signature(app).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # a callable without a signature: let the server find out
        return True
    return True
