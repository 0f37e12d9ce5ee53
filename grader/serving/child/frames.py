"""Tracebacks, cut to the frames of the learner's own files."""

from __future__ import annotations

import inspect
import linecache
import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType, FrameType, TracebackType

from grader.serving.connections import CONTROL_IN_LOG
from grader.wire import CHECK_IS_OVER, Location, Raised

_LONGEST = 500  # characters of an error's words, and of a line: what a pipe takes at once is limited
_FRAMES_OF_OTHERS = 2  # of a traceback without the learner's files, which only the last lines of can explain
MOST_FRAMES = 12  # of a traceback: a runaway recursion has a thousand


class LearnerFrames:
    """Cuts tracebacks to the frames of the learner's own files."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.abspath(root)
        self._resolved = os.path.realpath(root)

    def owns(self, filename: str) -> bool:
        """Whether the file lies in the learner's folder: as it is named, or where links lead."""
        return self._relative(filename) is not None

    def is_root(self, folder: str) -> bool:
        return os.path.abspath(folder) in (self._root, self._resolved)

    def name(self, filename: str) -> str:
        """The file's path in the learner's folder, or its bare name."""
        return self._relative(filename) or os.path.basename(filename)

    def place_of(self, module: str) -> str:
        """Where near the learner's folder a module or package of this name lies, in words; "" where there is none."""
        above = os.path.dirname(self._root)
        places = {"“src”": f"{self._root}/src", "the folder above": above, "a folder above": os.path.dirname(above)}
        for words, folder in places.items():
            if os.path.isdir(path := os.path.join(folder, module)) or os.path.isfile(f"{path}.py"):
                return words
        return ""

    def _relative(self, filename: str) -> str | None:
        if filename.startswith("<") or "site-packages" in filename:
            return None
        try:
            candidates = ((os.path.abspath(filename), self._root), (os.path.realpath(filename), self._resolved))
        except (OSError, ValueError):
            return None
        for path, root in candidates:
            if path.startswith(root + os.sep):
                return path[len(root) + 1 :]
        return None

    def of(self, error: BaseException) -> tuple[Location, ...]:
        """The learner's frames of ``error``, innermost last; of a SyntaxError, the offending line."""
        if isinstance(error, SyntaxError) and error.filename:
            return (Location(self.name(error.filename), error.lineno or 0, text=(error.text or "").strip()),)
        own = [item for item in traceback.extract_tb(error.__traceback__) if self.owns(item.filename)]
        return tuple(map(self._location, own[-MOST_FRAMES:]))

    def raised(self, error: BaseException) -> Raised:
        """An error that nothing caught, in short. Of a group with one error, it is that one."""
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        words = f"{type(error).__name__}: {error}".strip().removesuffix(":")
        frames = next(filter(None, map(self.of, _with_causes(error))), ()) or self._endpoint(error)
        return Raised(words[:_LONGEST], tuple(frame._replace(text=frame.text[:_LONGEST]) for frame in frames))

    def _endpoint(self, error: BaseException) -> tuple[Location, ...]:
        """The first line of the endpoint whose request ended with ``error``, where the framework raised it all."""
        for frame, _ in traceback.walk_tb(error.__traceback__):
            scope = frame.f_locals.get("scope")
            endpoint = scope.get("endpoint") if isinstance(scope, dict) else None
            if callable(endpoint):
                with suppress(ValueError):  # a function may name itself as the one that it wraps
                    endpoint = inspect.unwrap(endpoint)
            code = getattr(endpoint, "__code__", None)
            if isinstance(code, CodeType) and self.owns(code.co_filename):
                text = linecache.getline(code.co_filename, code.co_firstlineno).strip()
                return (Location(self.name(code.co_filename), code.co_firstlineno, code.co_name, text),)
        return ()

    def _location(self, item: traceback.FrameSummary) -> Location:
        return Location(self.name(item.filename), item.lineno or 0, item.name, item.line or "")

    def where(self, frame: FrameType | None) -> Location | None:
        """The line of the learner's files that a running thread is in, and the library call there."""
        innermost = frame
        while frame is not None and not self.owns(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is None or innermost is None:
            return None
        found = self._location(traceback.extract_stack(frame, limit=1)[-1])
        return found._replace(doing="" if innermost is frame else innermost.f_code.co_qualname)

    def format(self, error: BaseException) -> str:
        """A traceback as Python prints it, without the frames of servers and frameworks."""
        found = traceback.TracebackException.from_exception(error)
        self._cut(found)
        return "".join(found.format()).rstrip()

    def _cut(self, found: traceback.TracebackException) -> None:
        own = [item for item in found.stack if self.owns(item.filename)]
        found.stack[:] = own or found.stack[-_FRAMES_OF_OTHERS:]
        for inner in (found.__cause__, found.__context__, *(found.exceptions or ())):
            if inner is not None:
                self._cut(inner)


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """An error, then the one that it came from, and so on: a framework may raise its own about one of the learner's."""
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        yield following
        following = following.__cause__ or following.__context__


def is_learners(record: logging.LogRecord) -> bool:
    """Whether a record is about what the learner's code does, and not about what the grader does to it.

    Control requests are invalid on purpose, and at the end of a check its remaining streams fail.
    """
    error = record.exc_info[1] if record.exc_info else None
    return record.msg != CONTROL_IN_LOG and str(error) != CHECK_IS_OVER


class CutFormatter(logging.Formatter):
    """Formats log records with the learner's frames only."""

    def __init__(self, frames: LearnerFrames) -> None:
        super().__init__("%(levelname)s: %(message)s")
        self._frames = frames

    def formatException(  # noqa: N802 - the name is logging's
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return self._frames.format(ei[1]) if ei[1] is not None else ""
