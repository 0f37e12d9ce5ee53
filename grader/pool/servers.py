"""The fork servers of many grades: started once, each grade then begins with its imports done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from grader.serving.launch import app_environment
from grader.serving.processes import Surroundings
from grader.serving.warm import IS_SUPPORTED, ForkClient, ForkServer


@dataclass(frozen=True, slots=True)
class ForkServers:
    """``graders`` forks the processes of grades, ``apps`` those of the apps that they grade."""

    graders: ForkClient
    apps: ForkClient


@contextmanager
def fork_servers() -> Iterator[ForkServers | None]:
    """Fork servers while the block runs, or None where there are none on this platform and grades are started cold.

    They start in the background: the first grade waits until their imports are done.
    """
    if not IS_SUPPORTED:
        yield None
        return
    around = Surroundings(environment=app_environment())
    with (
        ForkServer("grader.pool.preload:main") as graders,
        ForkServer("grader.serving.child.preload:main", around) as apps,
    ):
        yield ForkServers(graders.client, apps.client)
