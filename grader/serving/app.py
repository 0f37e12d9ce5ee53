"""The port to a booted app: the methods that probes and the rig use, whatever serves the app."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from grader.model import Place
    from grader.serving.account import Account
    from grader.serving.jail.plan import Tier
    from grader.serving.threads import Snapshot, Starts
    from grader.serving.timers import Timer


class Served(Protocol):
    """A booted app for the probes: connections, and whether its process and its event loop are alive."""

    @property
    def ticks(self) -> int:
        """The number of liveness ticks so far: signs that the app's process gets processor time."""

    @property
    def is_running(self) -> bool:
        """Whether the app's process has not ended."""

    def connect(self, *, receive_buffer: int | None = None) -> socket.socket:
        """A new connection to the app. A small ``receive_buffer`` (bytes) makes for a slow reader.

        Raises ConnectionError and TimeoutError where the app does not accept; Inconclusive for any other error of the
        operating system, as those are the machine's.
        """

    def ask(self) -> socket.socket:
        """A connection that becomes readable when the app's event loop has iterated, or when the app has closed it.

        It takes nothing from the app: its code does not see it, and closing it leaves no TIME_WAIT. Raises what
        :meth:`connect` raises.
        """

    def blocked_at(self) -> Place | None:
        """The learner's line where the event loop is blocked now, as far as the app's process tells."""

    def ask_where(self) -> None:
        """Have the app's process tell where its event loop is; :meth:`blocked_at` then returns it."""

    def snapshot(self) -> Snapshot:
        """What all threads of the app's processes do now."""

    def next_timer(self) -> Timer | None:
        """The nearest timer that the app waits for, of infinite seconds without one; None where it is not known."""

    def waiting(self) -> int:
        """Connections that its server has not taken yet; 0 where that is not known."""

    def loop_seconds(self) -> float:
        """Processor seconds that the thread of the event loop has used; 0.0 where that is not known."""

    def exit_reason(self, *, refuses: bool = False) -> str:
        """The exit reason of the process, such as "the app's process was killed by SIGSEGV", or "" while it runs.

        Gives a process whose sockets are closed a moment to end; one that ``refuses`` connections is stopping, which
        may take longer.
        """

    def worker_seconds(self) -> float:
        """Processor seconds that the processes which the app has started have used; 0.0 where that is not known."""

    def starts(self) -> Starts:
        """How far these processes have started; nothing where that is not known."""

    def looking_seconds(self) -> float:
        """Processor seconds that looks at the app's processes have taken: the more there are, the longer they take."""

    @property
    def account(self) -> Account:
        """What the app's process says about itself."""

    def collect_garbage(self) -> None:
        """Have the app's loop collect garbage now. When Python does so by itself must not decide a verdict."""


class App(Served, Protocol):
    """A booted app for the rig: with start and stop, too."""

    @property
    def log(self) -> str:
        """The first and the last part of the app's output. Escape it before you show it: the app may print anything."""

    @property
    def jail(self) -> Tier:
        """The tier of the jail that the app is in. A submission is never in a weaker one than was ordered."""

    def used_seconds(self) -> float:
        """Processor seconds that all processes of the app have used; 0.0 where that is not known."""

    def held_up_seconds(self) -> float:
        """For how long the thread of the event loop has waited for a processor; 0.0 where that is not known."""

    def upstream_listener(self) -> socket.socket | None:
        """A listener at the upstream's address in the app's own network, where it has one. Waits until it is there."""

    @property
    def machine_fault(self) -> str:
        """A fault of this machine that harms the app, or "". With such a fault, failed checks are inconclusive.

        The grader has found it itself: the app's word alone does not count.
        """

    @property
    def longest_blockage(self) -> Place | None:
        """Where, and for how long, the event loop was blocked longest, as far as the app's process tells."""

    @property
    def ran_out_of_memory(self) -> bool:
        """Whether a request ended with a MemoryError, as far as the app's process tells."""

    def wait_until_ready(self) -> None:
        """Return when the app has started. Raises BootFailed, or Inconclusive where that is not the app's fault."""

    def kill(self) -> None:
        """End the app's processes at once. Any thread may call it; :meth:`stop` is still to be called."""

    def stop(self, *, graceful: bool = True) -> tuple[str, ...]:
        """End the app and everything that it started; returns what went wrong at its shutdown. May be repeated."""
