"""Tells when a learner has saved: a thread watches the folder, and a pipe becomes readable."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import watchfiles

#: Milliseconds: editors write a file in several steps, which are one save.
_DEBOUNCE, _STEP = 400, 40


class Saves:
    """Watches the Python files in ``folder``. ``polling`` is for file systems that tell nobody about changes."""

    def __init__(self, folder: Path, *, polling: bool = False) -> None:
        self._ended = threading.Event()
        self._readable, self._writable = os.pipe()
        self._thread = threading.Thread(target=self._watch, args=(folder, polling), name="saves", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=5)
        os.close(self._readable)
        os.close(self._writable)

    def fileno(self) -> int:
        """What becomes readable after a save."""
        return self._readable

    def take(self) -> None:
        """Take notice: what was saved until now is one save."""
        os.read(self._readable, 65536)

    def _watch(self, folder: Path, polling: bool) -> None:
        changes = watchfiles.watch(
            folder,
            watch_filter=watchfiles.PythonFilter(),
            debounce=_DEBOUNCE,
            step=_STEP,
            rust_timeout=500,
            stop_event=self._ended,
            force_polling=polling or None,  # None: the environment may say so, and WSL is found by itself
            poll_delay_ms=200,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for _ in changes:
            os.write(self._writable, b".")
