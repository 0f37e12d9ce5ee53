"""Start an app: from a module's file to a process that serves it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import Inconclusive
from grader.serving.child_app import ChildApp
from grader.serving.limits import LaunchLimits
from grader.serving.module import Module, locate
from grader.serving.pipes import Pipes
from grader.serving.processes import ProcessTree, Surroundings, Tree
from grader.wire import ChildConfig, upstream_variable

if TYPE_CHECKING:
    from grader.serving.warm import ForkClient  # a cold start needs none of it

_CHILD = Path(__file__).resolve().parent / "child" / "__main__.py"
#: The variables that the app inherits, beside LC_*; it gets no other ones of the caller. Without those of the
#: last line some interpreters do not start, or do not find what is installed.
_INHERITED = {
    *("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "SSL_CERT_FILE"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "PYTHONUSERBASE"),
}
#: Bytes. Accepted sockets inherit it from the listener. With the system's own size megabytes fit in between; with this
#: an app that waits for its client stops within about 100 KiB.
_SEND_BUFFER = 8192
#: Connections that wait until the app takes them: the katas' contracts name 32 callers, and control requests come
#: beside them. With a full backlog a connection would be tried again only after a second.
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Launch:
    """The app to start, and the way to start it.

    ``file`` is the app's module and ``name`` the app in it, or with ``factory`` what makes the app. ``root`` is the
    folder from which it is imported; without it, the folder above its packages. ``loop`` and ``http`` are the server's
    parts. ``environment`` is added to the variables that the app inherits.
    """

    file: Path
    name: str = "app"
    root: Path | None = None
    factory: bool = False
    loop: str = "asyncio"
    http: str = "h11"
    limits: LaunchLimits = field(default_factory=LaunchLimits)
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def module(self) -> Module:
        """The module as Python imports it."""
        return Module.under(self.root, self.file) if self.root else locate(self.file)


def boot(launch: Launch, upstream: tuple[str, int], forks: ForkClient | None = None) -> ChildApp:
    """Start the app's process, and do not wait for it. ``upstream`` is the address for its kit.

    With ``forks``, whose server is :mod:`grader.serving.child.preload`, it starts warm; but not with an environment of
    its own, in which there may be variables for the interpreter. Raises Inconclusive when this machine cannot start a
    process.
    """
    try:
        return _booted(launch, upstream, forks)
    except OSError as error:
        raise Inconclusive(f"this machine cannot start the app's process: {error}") from error


def _booted(launch: Launch, upstream: tuple[str, int], forks: ForkClient | None) -> ChildApp:
    with _listen() as listener, Pipes() as pipes:
        around = _surroundings(launch, upstream, listener, pipes)
        try:
            process = _process(launch, _config(launch, listener, pipes), around, forks)
        except OSError:
            pipes.close_ours()
            raise
        return ChildApp(process, pipes, address=listener.getsockname(), limits=launch.limits)


def _process(launch: Launch, config: str, around: Surroundings, forks: ForkClient | None) -> Tree:
    if forks is not None and not launch.environment:
        return forks.fork(config, around, is_tree=True)
    return ProcessTree([sys.executable, "-P", str(_CHILD), config], around)


def _listen() -> socket.socket:
    """A listener from before the process is: nobody polls for a port, and connections wait in its backlog."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    listener.bind(("127.0.0.1", 0))
    listener.listen(_BACKLOG)
    return listener


def app_environment() -> dict[str, str]:
    """The part of this process's environment that apps and their fork server inherit."""
    kept = {name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith("LC_")}
    return kept | {"PYTHONUNBUFFERED": "1"}


def _config(launch: Launch, listener: socket.socket, pipes: Pipes) -> str:
    module = launch.module
    config = ChildConfig(
        file=str(module.file),
        root=str(module.root),
        module=module.name,
        name=launch.name,
        factory=launch.factory,
        loop=launch.loop,
        http=launch.http,
        memory=launch.limits.memory,
        listener=listener.fileno(),
        status=pipes.childs_status,
        lifeline=pipes.childs_lifeline,
    )
    return config.encode()


def _surroundings(launch: Launch, upstream: tuple[str, int], listener: socket.socket, pipes: Pipes) -> Surroundings:
    return Surroundings(
        folder=launch.module.working_directory,
        environment=app_environment() | dict(launch.environment) | upstream_variable(upstream),
        output=pipes.childs_output,
        errors=pipes.childs_output,
        descriptors=(listener.fileno(), pipes.childs_status, pipes.childs_lifeline),
    )
