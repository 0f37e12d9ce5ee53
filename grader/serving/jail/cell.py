"""The grader's side of one app's jail: its door, the folder for what it writes, and the plan for the app's process."""

from __future__ import annotations

import errno
import os
import site
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from grader import interrupt, trees
from grader.errors import NO_LOOPBACK, Inconclusive
from grader.serving.connections import NoPort
from grader.serving.jail.plan import Canary, Jail, Plan, Tier
from grader.serving.jail.sockets import Door, InnerDoor, OuterDoor

_LIBRARY: Final = Path(__file__).resolve().parents[3]
_SHARED_MEMORY: Final = "/dev/shm"
#: Users for the submissions that root grades. systemd takes users for services from this range, so no person has one;
#: the number depends on the grader's process, so that grades at the same time have different ones.
_FIRST_USER, _USERS = 61184, 4336


class Cell:
    """``folder`` is the app's own; ``refused`` is why a submission in it is not served, or "". Raises OSError."""

    def __init__(self, jail: Jail, folder: Path) -> None:
        self.jail = jail
        self.refused = _refused(jail, folder) if jail.is_strict else ""
        self._folder = folder
        self._user = _FIRST_USER + os.getpid() % _USERS if jail.is_strict and os.geteuid() == 0 else -1
        self._scratch = ""
        self._forget: Callable[[], None] = lambda: None
        mine = (*jail.hidden, str(folder), sys.prefix, os.path.expanduser("~"), str(_LIBRARY))
        if jail.tier is Tier.C and (jail.is_strict or _lie_in_a_temporary_folder(mine)):
            with interrupt.postponed():  # between the two a signal would leave the folder behind
                self._scratch = _temporary_folder()
                self._forget = interrupt.on_end(self._remove)
        try:
            if self._scratch and jail.is_strict:
                self._furnish()
            self.door: Door = InnerDoor() if jail.tier is Tier.A else OuterDoor()
        except BaseException:
            self._remove()
            raise

    def environment(self) -> dict[str, str]:
        """The variables that name folders which the app may write to."""
        if not self._scratch:
            return {"TMPDIR": "/tmp"} if self.jail.tier is Tier.A else {}
        if not self.jail.is_strict:
            return {"TMPDIR": self._scratch}
        # What a user has installed for themselves is found from HOME.
        base = os.environ.get("PYTHONUSERBASE") or site.getuserbase()
        return {"HOME": f"{self._scratch}/home", "TMPDIR": f"{self._scratch}/tmp", "PYTHONUSERBASE": base}

    def inside(self, path: Path) -> Path:
        """Where a file of the app's folder is for the app: a submission in tier C runs from a copy."""
        if self._scratch and self.jail.is_strict and path.is_relative_to(self._folder):
            return Path(self._scratch, "app") / path.relative_to(self._folder)
        return path

    def plan(self, upstream: tuple[str, int]) -> str:
        """For the app's process; "" without a jail."""
        jail = self.jail
        if jail.tier is Tier.NONE:
            return ""
        secret = next((str(file) for folder in jail.hidden for file in Path(folder).glob("*.py")), "")
        port = upstream[1] - 1  # any other than the upstream's
        return Plan(
            tier=jail.tier.value,
            is_strict=jail.is_strict,
            folder=str(self.inside(self._folder)),
            scratch=self._scratch,
            hidden=list(jail.hidden),
            upstream=upstream[1],
            user=self._user,
            canary=Canary(secret=secret, process=os.getpid(), port=port, home=os.path.expanduser("~")),
        ).encode()

    def connect(self, receive_buffer: int | None) -> socket.socket:
        """See :meth:`Served.connect <grader.serving.app.Served.connect>`."""
        try:
            return self.door.connect(receive_buffer)
        except (ConnectionError, TimeoutError):
            raise
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL and self.jail.tier is Tier.A:
                raise NoPort(*error.args) from error
            raise Inconclusive(f"{NO_LOOPBACK}: {error}") from error

    def close(self) -> None:
        """The app's processes have ended. May be repeated."""
        self.door.close()
        self._remove()
        self._forget()

    def _furnish(self) -> None:
        """A copy of the app's folder, so that what it writes there vanishes, and a home and a place for files."""
        from grader.serving.jail.copies import copy_app  # only submissions need it

        if not self.refused:
            copy_app(str(self._folder), f"{self._scratch}/app", hidden=self.jail.hidden)
        for name in ("home", "tmp", *(["app"] if self.refused else [])):
            os.mkdir(f"{self._scratch}/{name}")
        if self._user >= 0:
            from grader.serving.jail.mounts import give  # as above

            give(self._scratch, self._user)

    def _remove(self) -> None:
        if self._scratch:
            trees.remove(self._scratch)
        if self._user >= 0 and self.jail.tier is Tier.C:
            _remove_all_of(self._user, _SHARED_MEMORY)


def _refused(jail: Jail, folder: Path) -> str:
    from grader.serving.jail.copies import too_large  # only submissions need them
    from grader.serving.jail.links import leading_out  # as above

    if words := too_large(str(folder), hidden=jail.hidden):
        return words
    link = leading_out(folder)
    return f"{link} is a link that leads out of the submission's folder" if link else ""


def _temporary_folder() -> str:
    import tempfile  # it imports a lot, and most grades need none

    return tempfile.mkdtemp(prefix="stream-katas-")


def _lie_in_a_temporary_folder(paths: tuple[str, ...]) -> bool:
    """Whether one does: then an app cannot use that folder, as what is allowed in it is allowed in all below it."""
    roots = {os.path.realpath(root) for root in ("/tmp", "/var/tmp", os.environ.get("TMPDIR", "/tmp"))}
    return any(os.path.realpath(path).startswith(f"{root}{os.sep}") for path in paths for root in roots)


def _remove_all_of(user: int, folder: str) -> None:
    """What a user that exists for one grade only has left."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid == user:
                    trees.remove(entry.path)
