"""Reports saves: a thread watches a folder, and a pipe becomes readable when a file was saved."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import watchfiles

#: Milliseconds: editors write a file in several steps, which are one save.
_DEBOUNCE, _STEP = 400, 40
_POLL = 0.1  # seconds


class Saves:
    """Watches the Python files in ``folder``. ``polling`` is for file systems that do not report changes."""

    def __init__(self, folder: Path, *, polling: bool = False) -> None:
        self._folder = folder
        self._begun, self._ended = threading.Event(), threading.Event()
        self._readable, self._writable = os.pipe()
        self._thread = threading.Thread(target=self._watch, args=(polling or _must_poll(),), name="saves", daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch: every later save is reported."""
        self._thread.start()
        self._begun.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=5)  # it looks every 0.1 s, or walks over the whole folder, which may take longer
        os.close(self._readable)
        os.close(self._writable)

    def fileno(self) -> int:
        """A descriptor that becomes readable after a save."""
        return self._readable

    def take(self) -> None:
        """Everything that was saved until now counts as one save."""
        os.read(self._readable, 65536)

    def _watch(self, polling: bool) -> None:
        if not polling:
            with suppress(OSError, RuntimeError):  # such as: the limit of watches is reached
                self._pass_on(self._reported())
        if not self._ended.is_set():  # if the folder was deleted, every file that appears in it is new
            self._pass_on(self._polled({} if self._begun.is_set() else self._files()))

    def _pass_on(self, changes: Iterator[bool]) -> None:
        for has_changed in changes:
            self._begun.set()
            if has_changed:
                os.write(self._writable, b".")

    def _reported(self) -> Iterator[bool]:
        """Yields whether something has changed, as the file system reports, until the folder itself is deleted."""
        kinds = watchfiles.PythonFilter()
        gone = (watchfiles.Change.deleted, str(self._folder))
        for changes in watchfiles.watch(
            self._folder,
            watch_filter=lambda change, path: kinds(change, path) or (change, path) == gone,
            debounce=_DEBOUNCE,
            step=_STEP,
            rust_timeout=_STEP,
            yield_on_timeout=True,
            stop_event=self._ended,
            force_polling=False,
            raise_interrupt=False,
        ):
            yield bool(changes)
            if gone in changes:
                break

    def _polled(self, known: Mapping[str, object]) -> Iterator[bool]:
        """Yields True when something has changed and did not change again until the next look: the save is complete."""
        latest = known
        yield False
        while not self._ended.wait(_POLL):
            before, latest = latest, self._files()
            if latest == before and latest != known:
                known = latest
                yield True

    def _files(self) -> Mapping[str, object]:
        """Each Python file with what a save changes: its time in nanoseconds (seconds are too coarse), size, inode."""
        found: dict[str, object] = {}
        for folder, folders, files in os.walk(self._folder):
            folders[:] = [name for name in folders if name not in watchfiles.DefaultFilter.ignore_dirs]
            for path in (os.path.join(folder, name) for name in files if name.endswith(".py")):
                with suppress(OSError):
                    status = os.stat(path)
                    found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return found


def _must_poll() -> bool:
    """Under WSL, the drives of Windows do not report changes."""
    return "microsoft-standard" in platform.uname().release.lower()
