"""Start an app: from a module's file to a process that serves it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import Inconclusive
from grader.serving.child_app import ChildApp
from grader.serving.jail.cell import Cell
from grader.serving.jail.plan import NO_JAIL, Jail, Tier
from grader.serving.jail.warded import Warded
from grader.serving.limits import LaunchLimits, need_descriptors
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


@dataclass(frozen=True, slots=True)
class Launch:
    """The app to start, and the way to start it.

    ``file`` is the app's module and ``name`` the app in it, or with ``factory`` what makes the app. ``root`` is the
    folder from which it is imported; without it, the folder above its packages. ``loop`` and ``http`` are the server's
    parts. ``environment`` is added to the variables that the app inherits. ``jail`` is what its process enters first.
    """

    file: Path
    name: str = "app"
    root: Path | None = None
    factory: bool = False
    loop: str = "asyncio"
    http: str = "h11"
    limits: LaunchLimits = field(default_factory=LaunchLimits)
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)
    jail: Jail = NO_JAIL

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
    need_descriptors()
    try:
        return _booted(launch, upstream, forks)
    except OSError as error:
        raise Inconclusive(f"this machine cannot start the app's process: {error}") from error


def _booted(launch: Launch, upstream: tuple[str, int], forks: ForkClient | None) -> ChildApp:
    cell = Cell(launch.jail, launch.module.working_directory)
    with Pipes() as pipes:
        try:
            around = _surroundings(launch, cell, upstream, pipes)
            process = _process(launch, _config(launch, cell, upstream, pipes), around, forks)
        except BaseException:
            cell.close()
            pipes.close_ours()
            raise
        cell.door.close_childs()
        return ChildApp(process, pipes, cell=cell, limits=launch.limits, upstream=upstream)


def _process(launch: Launch, config: str, around: Surroundings, forks: ForkClient | None) -> Tree:
    tree: Tree | None = None
    if forks is not None and not launch.environment:
        with suppress(OSError):  # its server has ended
            tree = forks.fork(config, around, is_tree=True)
    tree = tree or ProcessTree([sys.executable, "-P", str(_CHILD), config], around)
    return Warded(tree) if launch.jail.tier is Tier.A else tree


def app_environment() -> dict[str, str]:
    """The part of this process's environment that apps and their fork server inherit."""
    kept = {name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith("LC_")}
    return kept | {"PYTHONUNBUFFERED": "1"}


def _config(launch: Launch, cell: Cell, upstream: tuple[str, int], pipes: Pipes) -> str:
    module = launch.module
    config = ChildConfig(
        file=str(cell.inside(module.file)),
        root=str(cell.inside(module.root)),
        module=module.name,
        name=launch.name,
        factory=launch.factory,
        loop=launch.loop,
        http=launch.http,
        memory=launch.limits.memory,
        jail=cell.plan(upstream),
        listener=cell.door.childs_descriptor,
        status=pipes.childs_status,
        lifeline=pipes.childs_lifeline,
        refused=cell.refused,
    )
    return config.encode()


def _surroundings(launch: Launch, cell: Cell, upstream: tuple[str, int], pipes: Pipes) -> Surroundings:
    variables = app_environment() | dict(launch.environment) | cell.environment() | upstream_variable(upstream)
    return Surroundings(
        folder=cell.inside(launch.module.working_directory),
        environment=variables,
        output=pipes.childs_output,
        errors=pipes.childs_output,
        descriptors=(cell.door.childs_descriptor, pipes.childs_status, pipes.childs_lifeline),
    )
