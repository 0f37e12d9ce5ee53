"""What runs inside the app's own process: load the learner's module, serve it, explain what goes wrong.

Nothing that this module reports decides a verdict, for the learner's code shares its process and could forge all of it.
It imports nothing of the grader, so that it starts as fast as a bare uvicorn.

Conversation with the grader, over two pipes: status lines (JSON) go out, and on the lifeline comes ``s`` (stop) or the
end of the grader itself, after which nothing of this process group may live on.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import inspect
import json
import logging
import os
import resource
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from pathlib import Path
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, socket
from types import FrameType, ModuleType, TracebackType
from typing import Any, NoReturn

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

BEAT = 0.05  # seconds between two beats of the watchdog
MOST_FRAMES = 12  # of a traceback: a runaway recursion has a thousand
BLOCKED = 0.15  # seconds without a turn of the loop that are worth a line


class Refusal(Exception):
    """The app cannot be served: a headline, and advice."""

    def __init__(self, headline: str, advice: str = "", frames: Iterable[dict[str, Any]] = ()) -> None:
        super().__init__(headline)
        self.report = {"failed": headline, "advice": advice, "frames": list(frames)}


class Status:
    """The line of JSON objects to the grader. Writing never fails and never raises."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def tell(self, **facts: object) -> None:
        with suppress(OSError):  # the grader has gone; the lifeline ends this process
            os.write(self._fd, json.dumps(facts).encode() + b"\n")


class LearnerFrames:
    """Cuts tracebacks to the frames of the learner's own files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def owns(self, filename: str) -> bool:
        if filename.startswith("<"):
            return False
        try:
            return Path(filename).resolve().is_relative_to(self._folder) and "site-packages" not in filename
        except (OSError, ValueError):
            return False

    def of(self, error: BaseException) -> list[dict[str, Any]]:
        """The learner's frames of ``error``, innermost last; of a SyntaxError, the offending line."""
        if isinstance(error, SyntaxError) and error.filename:
            text = (error.text or "").strip()
            return [{"file": self.name(error.filename), "line": error.lineno or 0, "function": "", "text": text}]
        own = [item for item in traceback.extract_tb(error.__traceback__) if self.owns(item.filename)]
        return [self.frame(item) for item in own[-MOST_FRAMES:]]

    def frame(self, item: traceback.FrameSummary) -> dict[str, Any]:
        return {
            "file": self.name(item.filename),
            "line": item.lineno or 0,
            "function": item.name,
            "text": item.line or "",
        }

    def name(self, filename: str) -> str:
        path = Path(filename)
        return str(path.resolve().relative_to(self._folder)) if self.owns(filename) else path.name

    def where(self, frame: FrameType | None) -> dict[str, Any] | None:
        """Where in the learner's files a running thread is, and the library call that it is in."""
        innermost = frame
        while frame is not None and not self.owns(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is None or innermost is None:
            return None
        found = self.frame(traceback.extract_stack(frame, limit=1)[-1])
        return found | {"doing": "" if innermost is frame else innermost.f_code.co_qualname}

    def format(self, error: BaseException) -> str:
        """A traceback as Python prints it, without the frames of servers and frameworks."""
        found = traceback.TracebackException.from_exception(error)
        self._cut(found)
        return "".join(found.format()).rstrip()

    def _cut(self, found: traceback.TracebackException) -> None:
        own = [item for item in found.stack if self.owns(item.filename)]
        if own:
            found.stack[:] = own
        for inner in (found.__cause__, found.__context__, *(found.exceptions or ())):
            if inner is not None:
                self._cut(inner)


class CutFormatter(logging.Formatter):
    """Formats log records with the learner's frames only."""

    def __init__(self, frames: LearnerFrames) -> None:
        super().__init__("%(levelname)s: %(message)s")
        self._frames = frames

    def formatException(  # noqa: N802 - the name is logging's
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return self._frames.format(ei[1]) if ei[1] is not None else ""


class FreshLoader(importlib.machinery.SourceFileLoader):
    """Compiles from source each time. A bytecode cache goes by whole seconds and would miss a quick second edit."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class Watchdog(threading.Thread):
    """Beats while this process is given time, names the line where the loop is stuck, and ends with the grader."""

    def __init__(self, status: Status, lifeline: int, frames: LearnerFrames) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._status = status
        self._lifeline = lifeline
        self._frames = frames
        self._loop: Any = None
        self._asked = 0.0
        self._answered = True
        self._stop: Callable[[], object] = lambda: os._exit(0)
        self._born = time.monotonic()
        self._main = threading.main_thread().ident or 0

    def watch(self, loop: Any, stop: Callable[[], object]) -> None:
        """From now on the loop is expected to turn; ``stop`` is called when the grader asks for a graceful end."""
        self._stop = stop
        self._loop = loop

    def run(self) -> None:
        while True:
            readable, _, _ = select.select([self._lifeline], [], [], BEAT)
            if readable:
                if os.read(self._lifeline, 1) != b"s":
                    os.killpg(os.getpgrp(), signal.SIGKILL)
                self._stop()
            self._status.tell(beat=1)
            self._check_loop()

    def _check_loop(self) -> None:
        now = time.monotonic()
        if self._loop is None:
            if now - self._born > 10 * BLOCKED:
                self._status.tell(loading=round(now - self._born, 2), place=self._place())
        elif self._loop.is_closed():
            return
        elif self._answered:
            self._answered, self._asked = False, now
            self._loop.call_soon_threadsafe(self._turn)
        elif now - self._asked > BLOCKED:
            self._status.tell(blocked=round(now - self._asked, 2), place=self._place())

    def _place(self) -> dict[str, Any] | None:
        return self._frames.where(sys._current_frames().get(self._main))

    def _turn(self) -> None:
        self._answered = True


def load(file: Path, name: str, frames: LearnerFrames) -> App:
    """Import the learner's module and take the app out of it. Raises Refusal."""
    folder = str(file.parent)
    sys.path.insert(0, folder)
    sys.path_importer_cache[folder] = importlib.machinery.FileFinder(folder, (FreshLoader, [".py"]))
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


def _import_refusal(error: BaseException, file: Path, frames: LearnerFrames) -> Refusal:
    own = frames.of(error)
    match error:
        case SyntaxError():
            return Refusal(f"{file.name} is not valid Python: {error.msg}", "Mend the line shown.", own)
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


class Lifespan:
    """Sits between server and app, and keeps what the lifespan protocol would otherwise lose in a log."""

    def __init__(self, app: App, frames: LearnerFrames) -> None:
        self._app = app
        self._frames = frames
        self.failure: dict[str, Any] | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def note(message: Message) -> None:
            if message["type"].endswith(".failed"):
                self._note(message["type"], message.get("message", ""))
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception as error:
            if self.failure is not None:
                self.failure["frames"] = self._frames.of(error)
                self.failure["error"] = f"{type(error).__name__}: {error}"
            raise

    def _note(self, kind: str, message: str) -> None:
        last = message.strip().splitlines()[-1] if message.strip() else "no message"
        self.failure = {"phase": kind.split(".")[1], "error": last, "frames": []}


def serve(app: App, config: dict[str, Any], *, status: Status, watchdog: Watchdog, frames: LearnerFrames) -> None:
    """Serve until the end. Raises Refusal when the lifespan does not start."""
    import asyncio

    import uvicorn

    lifespan = Lifespan(app, frames)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket] | None = None) -> None:
            loop = asyncio.get_running_loop()
            watchdog.watch(loop, lambda: loop.call_soon_threadsafe(self.say_goodbye))
            await super().startup(sockets=sockets)
            if not self.should_exit:
                status.tell(ready=True)

        def say_goodbye(self) -> None:
            self.goodbye = asyncio.get_running_loop().create_task(self._goodbye())

        async def _goodbye(self) -> None:
            await self.lifespan.shutdown()
            status.tell(stopped=True, lifespan=lifespan.failure)
            os._exit(0)

    # All of it spelled out: asyncio sets TCP_NODELAY only on sockets that know that they are TCP's.
    listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP, fileno=config["listener"])
    settings = uvicorn.Config(
        lifespan,
        interface="asgi3",
        loop=config["loop"],
        http=config["http"],
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="auto",
    )
    with suppress(SystemExit):  # uvicorn's way of saying that the lifespan did not start
        Server(settings).run(sockets=[listener])
    if lifespan.failure is not None:
        failure = lifespan.failure
        raise Refusal(
            f"the app's lifespan failed at {failure['phase']}: {failure['error']}",
            "The code before `yield` in the lifespan function (or a startup handler) raised.",
            failure["frames"],
        )
    raise Refusal("the server stopped by itself", "Something in the app ended the server.")


def _limit_memory(limit: int) -> None:
    """Private writable memory only: address space would count the stacks of idle threads."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _log_to_stderr(frames: LearnerFrames) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(CutFormatter(frames))
    for name in ("uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.WARNING)
        logger.propagate = False


def main(argument: str) -> NoReturn:
    config: dict[str, Any] = json.loads(argument)
    file = Path(config["file"])
    frames = LearnerFrames(file.parent)
    status = Status(config["status"])
    watchdog = Watchdog(status, config["lifeline"], frames)
    watchdog.start()
    _limit_memory(config["memory"])
    _log_to_stderr(frames)
    sys.path.append(config["library"])
    sys.argv = [str(file)]
    try:
        serve(load(file, config["name"], frames), config, status=status, watchdog=watchdog, frames=frames)
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
    main(sys.argv[1])
