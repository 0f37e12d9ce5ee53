"""The stage of the examples: a real server in a thread, and a terminal with a lane for each side.

What the app logs to the logger "server" appears in the left lane; what the show says through `client()`
appears in the right one. Nothing here is about streaming: read the examples first.
"""

import logging
import os
import socket
import sys
import textwrap
import threading
import time
from collections.abc import Callable

import httpx
import uvicorn
from starlette.types import ASGIApp

COLUMNS = 80
LANE = 34  # 5 for the time, two lanes, two times " | "
CYAN, GREEN, BOLD, DIM = "36", "32", "1", "2"
TIMEOUT = 10.0


class Stage:
    """The server's address, and a terminal to print on."""

    def __init__(self, address: tuple[str, int]) -> None:
        """Keep the server's address, and start the clock."""
        self.address = address
        self.url = f"http://{address[0]}:{address[1]}"
        self._clock = time.monotonic()
        self._changed = threading.Condition()
        self._server_said: list[str] = []

    def http(self) -> httpx.Client:
        """Make a client of the server. It ignores any proxy that the environment names."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=TIMEOUT)

    def scene(self, title: str) -> None:
        """Begin a part of the show: a title, the lanes' names, and the clock at zero."""
        _print("", _paint(title, BOLD))
        _print(_paint(f"{'time':>5} | {'server':<{LANE}} | client", DIM))
        self._clock = time.monotonic()

    def server(self, text: str) -> None:
        """Print what the server does, in the left lane."""
        self._lane(text, "", CYAN)
        with self._changed:
            self._server_said.append(text)
            self._changed.notify_all()

    def client(self, text: str) -> None:
        """Print what the client does or sees, in the right lane."""
        self._lane("", text, GREEN)

    def note(self, text: str) -> None:
        """Print text across both lanes, wrapped."""
        paragraphs = [textwrap.fill(part, COLUMNS, break_on_hyphens=False) for part in text.strip().split("\n")]
        _print("", *paragraphs)

    def table(self, rows: list[str]) -> None:
        """Print rows as they are."""
        _print("", *rows)

    def wait_for_server(self, text: str) -> str:
        """Wait until the server has logged a line that contains ``text``, and return it. Raises TimeoutError."""

        def found() -> str | None:
            return next((line for line in self._server_said if text in line), None)

        with self._changed:
            line = self._changed.wait_for(found, TIMEOUT)
        if line is None:
            raise TimeoutError(f"the server did not log: {text}")
        return line

    def elapsed(self) -> float:
        """Return the seconds since the scene began."""
        return time.monotonic() - self._clock

    def _lane(self, left: str, right: str, colour: str) -> None:
        stamp = f"{self.elapsed():5.2f}"
        for line in textwrap.wrap(left or right, LANE, subsequent_indent="  ", break_on_hyphens=False):
            cell = _paint(f"{line:<{LANE}}" if left else line, colour)
            _print(f"{stamp} | {cell} |" if left else f"{stamp} | {'':<{LANE}} | {cell}")
            stamp = " " * 5


def run(title: str, app: ASGIApp, show: Callable[[Stage], None], *, send_buffer: int = 0) -> None:
    """Serve the app, play the show, stop the server. Ctrl-C ends it early and cleanly."""
    listener = _listen(send_buffer)
    stage = Stage(listener.getsockname())
    _show_log(stage)
    server = _Server(_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    interrupted = False
    thread.start()
    try:
        if not server.ready.wait(TIMEOUT):
            raise TimeoutError("the server did not start")
        _print(_paint(title, BOLD))
        show(stage)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        server.should_exit = True
        thread.join(TIMEOUT)
    if interrupted:
        _print("", "Stopped.")
        raise SystemExit(130)


class _Server(uvicorn.Server):
    """A server that reports when it is ready, so that no client has to try."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


def _config(app: ASGIApp) -> uvicorn.Config:
    # The loop and the parser are named, so that the examples look the same whatever else is installed.
    return uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )


def _listen(send_buffer: int) -> socket.socket:
    """Bind before the server starts: the port is known, and no other process can take it."""
    # The protocol is named because asyncio looks at it: only then are small writes sent without delay
    # (TCP_NODELAY).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if send_buffer:  # accepted connections inherit it from the listener
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


class _LaneHandler(logging.Handler):
    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    def emit(self, record: logging.LogRecord) -> None:
        self.stage.server(record.getMessage())


def _show_log(stage: Stage) -> None:
    log = logging.getLogger("server")
    log.handlers = [_LaneHandler(stage)]
    log.setLevel(logging.INFO)
    log.propagate = False


_printing = threading.Lock()


def _print(*lines: str) -> None:
    with _printing:
        try:
            print(*lines, sep="\n", flush=True)
        except BrokenPipeError:  # the reader of our output has ended: `make example-1 | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _coloured() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if _coloured() else text
