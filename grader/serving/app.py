"""Starts and stops the app: a real server in a process group of its own, with captured output and limits."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.errors import BootFailed
from grader.model import BootFailure, Place
from grader.serving.processes import ProcessTree, Surroundings

_LIBRARY = Path(__file__).resolve().parents[2]
_HOST = Path(__file__).resolve().parent / "child" / "__main__.py"
#: What the app's environment inherits; everything else of the caller's stays outside.
_INHERITED = {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "SSL_CERT_FILE"}
#: Accepted sockets inherit it from the listener: small, so that a client that does not read is felt soon.
SEND_BUFFER = 8192
#: How long a lifespan's shutdown may take: seconds, and ticks of the app's process, which a busy machine makes rare.
_SHUTDOWN, _SHUTDOWN_TICKS = 1.0, 15


@dataclass(frozen=True, slots=True)
class LaunchLimits:
    """``startup`` and ``total`` in seconds, ``memory`` in bytes of private writable memory (Linux)."""

    startup: float = 10.0
    total: float = 120.0
    memory: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start, and how: the module's file, the name of the app in it, and the server's parts."""

    file: Path
    name: str = "app"
    loop: str = "asyncio"
    http: str = "h11"
    limits: LaunchLimits = field(default_factory=LaunchLimits)


class Log:
    """The first and the last of what the app printed; a flood goes through it without staying."""

    FIRST = 16 * 1024
    LAST = 48 * 1024

    def __init__(self) -> None:
        self._first = bytearray()
        self._last = bytearray()
        self._dropped = 0

    def write(self, data: bytes) -> None:
        room = self.FIRST - len(self._first)
        self._first += data[:room] if room > 0 else b""
        self._last += data[max(room, 0) :]
        if len(self._last) > 2 * self.LAST:
            self._dropped += len(self._last) - self.LAST
            del self._last[: -self.LAST]

    def text(self) -> str:
        """What was kept, as text. It is the learner's: neutralise before showing."""
        gap = f"\n… {self._dropped} bytes left out …\n".encode() if self._dropped else b""
        return (bytes(self._first) + gap + bytes(self._last)).decode("utf-8", "backslashreplace")


class App:
    """A booted app. Every connection to it comes from :meth:`connect`."""

    def __init__(self, launch: Launch, upstream: tuple[str, int]) -> None:
        self._launch = launch
        self._news = threading.Condition()
        self._ready = False
        self._stopped = False
        self._silent = False  # nothing more will come from the app's process
        self._failure: BootFailure | None = None
        self._lifespan: Mapping[str, object] | None = None
        self._blocked_at: tuple[float, Place | None] = (0.0, None)
        self._imported = False
        self._loading_at: Place | None = None
        self.longest_blockage: Place | None = None
        self.ticks = 0
        self.log = Log()
        self.started = time.monotonic()
        self._spawn(upstream)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop(graceful=False)

    # -- life -----------------------------------------------------------------------------------------------

    def _spawn(self, upstream: tuple[str, int]) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        self._address: tuple[str, int] = listener.getsockname()
        status_in, status_out = os.pipe()
        output_in, output_out = os.pipe()
        lifeline_in, self._lifeline = os.pipe()
        config = {
            "file": str(self._launch.file),
            "name": self._launch.name,
            "loop": self._launch.loop,
            "http": self._launch.http,
            "memory": self._launch.limits.memory,
            "library": str(_LIBRARY),
            "listener": listener.fileno(),
            "status": status_out,
            "lifeline": lifeline_in,
        }
        self._process = ProcessTree(
            [sys.executable, "-P", str(_HOST), json.dumps(config)],
            Surroundings(
                folder=self._launch.file.parent,
                environment=_environment(upstream),
                output=output_out,
                errors=output_out,
                descriptors=(listener.fileno(), status_out, lifeline_in),
            ),
        )
        for fd in (status_out, output_out, lifeline_in):
            os.close(fd)
        listener.close()
        self._reader = threading.Thread(target=self._read, args=(status_in, output_in), name="app-output", daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        """Return when the app has started. Raises BootFailed, at the latest when the start-up limit is over.

        The limit counts ticks of the app's process beside the seconds, so that a machine without time to spare
        gives the app more of them.
        """
        limit = self._launch.limits.startup
        with self._news:
            while not self._ready:
                if self._failure is None and self._process.poll() is not None:
                    self._news.wait_for(lambda: self._failure is not None or self._silent, timeout=1.0)
                    self._failure = self._failure or BootFailure(f"the app's process {self.exit_status()} at start-up")
                if self._failure is not None:
                    raise BootFailed(self._failure)
                elapsed = time.monotonic() - self.started
                if elapsed > limit and (self.ticks > 5 * limit or elapsed > 6 * limit):
                    raise BootFailed(self._too_slow(limit))
                self._news.wait(0.05)

    def _too_slow(self, limit: float) -> BootFailure:
        place = self.blocked_at() if self._imported else self._loading_at
        doing = "its lifespan start-up has not ended" if self._imported else "importing the module has not ended"
        return BootFailure(
            f"it did not start within {limit:g} seconds: {doing}",
            "Start-up must end by itself: do long or endless work in a task, or in a request.",
            (place,) if place else (),
        )

    def stop(self, *, graceful: bool = True) -> tuple[str, ...]:
        """End the app and everything that it started; returns what its shutdown complained about."""
        notes: tuple[str, ...] = ()
        try:
            if graceful and self._ready and self._process.poll() is None:
                notes = self._shut_down()
        finally:
            self._kill()
        return notes

    def _shut_down(self) -> tuple[str, ...]:
        with suppress(OSError):
            os.write(self._lifeline, b"s")
        began, ticks = time.monotonic(), self.ticks
        with self._news:
            while not self._stopped and self._process.poll() is None:
                elapsed = time.monotonic() - began
                if elapsed > _SHUTDOWN and (self.ticks - ticks >= _SHUTDOWN_TICKS or elapsed > 6 * _SHUTDOWN):
                    break
                self._news.wait(0.05)
            if self._process.poll() is not None:  # its last words may still be in the pipe
                self._news.wait_for(lambda: self._stopped or self._silent, timeout=1.0)
        if not self._stopped:
            return (self._unfinished(),)
        if self._lifespan:
            return (f"The app's lifespan failed at shutdown: {self._lifespan.get('error', '')}",)
        return ()

    def _unfinished(self) -> str:
        if self.is_running:
            return "The app's lifespan shutdown did not end within a second."
        return f"The app's process {self.exit_status()} in its lifespan's shutdown."

    def _kill(self) -> None:
        if self._lifeline < 0:
            return
        self._process.end()
        os.close(self._lifeline)
        self._lifeline = -1
        self._reader.join(timeout=2.0)

    # -- what can be known from outside ------------------------------------------------------------------------

    def connect(self, *, receive_buffer: int | None = None) -> socket.socket:
        """A new connection to the app. ``receive_buffer`` (bytes) makes for a client that soon is full."""
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(5.0)
        try:
            connection.connect(self._address)
        except OSError:
            connection.close()
            raise
        return connection

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def exit_reason(self) -> str:
        """How the process ended, or "" while it lives. Gives one whose sockets are closed a moment to end."""
        self._process.wait_for(0.1)
        return "" if self.is_running else f"the app's process {self.exit_status()}"

    def exit_status(self) -> str:
        """How the process ended, in words, such as "was killed by SIGSEGV"."""
        code = self._process.poll()
        if code is None:
            return "is running"
        if code < 0:
            return f"was killed by {_signal(-code)}"
        return f"exited with status {code}"

    def collect_garbage(self) -> None:
        """Let the app's loop collect garbage now: when Python would do so by itself is nobody's merit or fault."""
        with suppress(OSError):
            os.write(self._lifeline, b"g")

    def blocked_at(self) -> Place | None:
        """The learner's line where the event loop has been stuck lately, as far as the app's process tells."""
        at, place = self._blocked_at
        return place if time.monotonic() - at < 1.0 else None

    # -- the reader's thread -----------------------------------------------------------------------------------

    def _read(self, status: int, output: int) -> None:
        buffer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(status, selectors.EVENT_READ, lambda data: self._hear(buffer, data))
            selector.register(output, selectors.EVENT_READ, self.log.write)
            while selector.get_map():
                for key, _ in selector.select(0.5):
                    data = os.read(key.fd, 65536)
                    take: Callable[[bytes], None] = key.data
                    take(data)
                    if not data:
                        selector.unregister(key.fd)
                        os.close(key.fd)
                if self._lifeline < 0 and not selector.select(0):
                    break  # ended, and nothing more to read: somebody else may still hold the pipe
            for key in list(selector.get_map().values()):
                os.close(key.fd)
        with self._news:
            self._news.notify_all()

    def _hear(self, buffer: bytearray, data: bytes) -> None:
        buffer += data
        *lines, rest = bytes(buffer).split(b"\n")
        buffer[:] = rest[-65536:]
        with self._news:
            for line in lines:
                with suppress(Exception):  # whatever it is: the app may have written it
                    self._note(json.loads(line))
            self._silent = self._silent or not data
            self._news.notify_all()

    def _note_blockage(self, place: Place | None) -> None:
        self._blocked_at = (time.monotonic(), place)
        if place and (self.longest_blockage is None or place.seconds > self.longest_blockage.seconds):
            self.longest_blockage = place

    def _note(self, facts: Mapping[str, object]) -> None:
        """Take in one status line. It comes from the learner's process: it explains, and decides nothing."""
        match facts:
            case {"beat": _}:
                self.ticks += 1
            case {"ready": _}:
                self._ready = True
            case {"blocked": int() | float() as seconds, "place": dict(place)}:
                self._note_blockage(_place({**place, "seconds": seconds}))
            case {"imported": _}:
                self._imported = True
            case {"loading": _, "place": place}:
                self._loading_at = _place(place)
            case {"stopped": _, "lifespan": lifespan}:
                self._stopped = True
                self._lifespan = lifespan if isinstance(lifespan, dict) else None
            case {"failed": str(headline)}:
                frames = facts.get("frames")
                places = [_place(frame) for frame in frames] if isinstance(frames, list) else []
                self._failure = BootFailure(
                    headline, str(facts.get("advice", "")), tuple(place for place in places if place)
                )


def _environment(upstream: tuple[str, int]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith("LC_")}
    return kept | {"PYTHONUNBUFFERED": "1", "STREAM_KATAS_UPSTREAM": f"{upstream[0]}:{upstream[1]}"}


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time signals, most of which have no name
        return f"signal {number}"


def _place(found: object) -> Place | None:
    if not isinstance(found, dict):
        return None
    return Place(
        file=str(found["file"]),
        line=int(found["line"]),
        function=str(found.get("function", "")),
        text=str(found.get("text", "")),
        doing=str(found.get("doing", "")),
        seconds=float(found.get("seconds", 0.0)),
    )
