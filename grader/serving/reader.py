"""Reads what comes from the app's process, on a thread of its own."""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Callable, Mapping

#: Is given what was read; b"" at the end.
Sink = Callable[[bytes], None]


class Reader:
    """Reads descriptors into their sinks until all writers have closed them, or :meth:`finish`. Closes them itself."""

    _LOOK = 0.5  # seconds between two looks at whether to finish

    def __init__(self, sinks: Mapping[int, Sink]) -> None:
        self._sinks = sinks
        self._has_ended = False
        self._thread = threading.Thread(target=self._read, name="app-output", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Return when what has been written so far is read; the writers' processes have ended. May be repeated."""
        self._has_ended = True
        self._thread.join(timeout=2.0)  # it looks every half second; one that reads on without end is left behind

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            for fd, sink in self._sinks.items():
                selector.register(fd, selectors.EVENT_READ, sink)
            while selector.get_map():
                for key, _ in selector.select(self._LOOK):
                    data = os.read(key.fd, 65536)
                    key.data(data)
                    if not data:
                        selector.unregister(key.fd)
                        os.close(key.fd)
                if self._has_ended and not selector.select(0):
                    break  # a process that is not the app's may still hold a pipe
            for key in list(selector.get_map().values()):
                os.close(key.fd)
