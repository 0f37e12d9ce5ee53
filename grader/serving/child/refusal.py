"""Reasons why an app cannot be served: from an error to a headline, advice, and the learner's lines."""

from __future__ import annotations

import difflib
import os
import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder

from grader.serving.child.frames import LearnerFrames
from grader.serving.child.source import TooLong, WrongEncoding
from grader.wire import Failed, Location

#: FastAPI's error about the type of a parameter, or of what an endpoint returns.
_ANNOTATION = re.compile(
    r"Invalid args for response field.*?check that (.+?) is a valid Pydantic field type", re.DOTALL
)


def words_of(error: BaseException) -> str:
    """What the error says. Its own method may raise, and then it says nothing."""
    try:
        return str(error)
    except BaseException:
        return "(an error whose text cannot be had)"


class Refusal(Exception):
    """The app cannot be served."""

    def __init__(self, headline: str, advice: str = "", frames: tuple[Location, ...] = ()) -> None:
        super().__init__(headline)
        self.failed = Failed(headline, advice, frames)


def of_name(file: str, name: str) -> Refusal:
    """The app's own module has the name of one that the server has imported already."""
    return Refusal(
        f"{file} has the name of another module, “{name}”, which the server or the kit needs",
        f"Rename {file}: `uvicorn {name}:app` would find that module, not yours.",
    )


def of_import(error: BaseException, file: str, frames: LearnerFrames) -> Refusal:
    """The refusal for an error that the import of ``file`` (a name for the learner) has raised."""
    own = frames.of(error)
    where = own[0].file if isinstance(error, SyntaxError) and own else file
    if hidden := _hidden_module(error, frames):
        return Refusal(*hidden, own)
    match error:
        case TooLong(path=str(path)):
            words = str(error).removeprefix(os.path.basename(path))
            return Refusal(f"{frames.name(path)}{words}", "A module holds code, and no data.", own)
        case WrongEncoding():
            return Refusal(f"{where} is {error.msg}", "Save it as UTF-8: your editor has a menu entry for that.", own)
        case SyntaxError():
            return Refusal(f"{where} is not valid Python: {error.msg}", "Fix the line shown.", own)
        case ModuleNotFoundError() if error.name and (advice := _other_submodule(error.name)):
            return Refusal(f"{file} imports “{error.name}”, which does not exist", advice, own)
        case ModuleNotFoundError() if error.name and (place := frames.place_of(error.name.partition(".")[0])):
            return Refusal(
                f"{file} imports “{error.name}”, which lies in {place}, where it is not looked for",
                "Name the module as uvicorn would there: `--app package.module:app`.",
                own,
            )
        case ModuleNotFoundError() if error.name and error.name.partition(".")[0] not in sys.stdlib_module_names:
            return Refusal(
                f"{file} imports “{error.name}”, which is not installed here",
                "Install it into the environment that runs `grade`, or do without it.",
                own,
            )
        case ImportError() if "relative import" in str(error):
            return Refusal(
                f"{file} uses a relative import, but its folder is not a package",
                "Put an empty __init__.py into each folder of the package, or name the module as uvicorn would, in the "
                "folder above: `--app package.module:app`.",
                own,
            )
        case KeyError() if _is_of_environment(error):
            return Refusal(
                f"{file} needs the environment variable {error.args[0]}, which is not set for it",
                "The app's environment is an allow-list: PATH, HOME, the locale and a few more. "
                f"`--env {error.args[0]}` passes this variable on, too.",
                own,
            )
        case MemoryError():
            return Refusal(f"{file} ran into its memory limit while it was imported", "", own)
        case SystemExit():
            return Refusal(
                f"{file} exits while it is imported (SystemExit: {error.code})",
                "An app module must only define things; the server imports it and goes on.",
                own,
            )
        case RuntimeError() if annotation := _ANNOTATION.search(words_of(error)):
            return Refusal(
                f"{file} has an annotation of which FastAPI can make no field: {annotation[1]}",
                "Of what an endpoint returns: leave it out, or write response_model=None in the decorator. "
                "Of a parameter: take a type that Pydantic knows.",
                own,
            )
        case _:
            return Refusal(
                f"{file} raises {type(error).__name__} while it is imported: {words_of(error)}",
                f"Run `python {file}` to see it for yourself.{_suspect(file, frames)}",
                own,
            )


def _other_submodule(name: str) -> str:
    """Advice where the package of the module ``name`` is installed, but has no such module; "" where it is not."""
    package, _, last = name.rpartition(".")
    found = sys.modules.get(package) if package else None
    if found is None or not hasattr(found, "__path__"):
        return ""
    close = difflib.get_close_matches(last, [module.name for module in pkgutil.iter_modules(found.__path__)], n=1)
    return f"Did you mean “{package}.{close[0]}”?" if close else f"The package “{package}” has no module “{last}”."


def _is_of_environment(error: KeyError) -> bool:
    """Whether the innermost frame is that of ``os.environ[...]``."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code is os.environ.__getitem__.__func__.__code__  # type: ignore[attr-defined]


def _hidden_module(error: BaseException, frames: LearnerFrames) -> tuple[str, str] | None:
    """Headline and advice where a file of the learner's has the name of a module that something else needs.

    Python then finds the learner's file instead, and the error is about what that lacks.
    """
    if not isinstance(error, ImportError | AttributeError):
        return None
    for name, file, origin in _hiding(frames):
        if re.search(rf"'{re.escape(name)}['.]", str(error)):  # as Python names modules in its messages
            return (
                f"{file} hides the module “{name}” {origin}: {error}",
                f"Rename {file}: every `import {name}` finds it first, also those of libraries.",
            )
    return None


def _suspect(app: str, frames: LearnerFrames) -> str:
    """What else may be the cause of an error: a library may have turned one about a hidden module into another."""
    for name, file, origin in _hiding(frames):
        if file != app:
            return f" Or is it that {file} hides the module “{name}” {origin}?"
    return ""


def _hiding(frames: LearnerFrames) -> Iterator[tuple[str, str, str]]:
    """The learner's files that hide a module: its name, the file, and whose it is."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and "." not in name and frames.owns(file) and (origin := _other_origin(name, frames)):
            yield name, frames.name(file), origin


def _other_origin(name: str, frames: LearnerFrames) -> str:
    """Whose the module is that would be found without the learner's folder, or ""."""
    if name in sys.stdlib_module_names:
        return "of Python's standard library"
    spec = PathFinder.find_spec(name, [entry for entry in sys.path if not frames.is_root(entry)])
    if spec is None:
        return ""
    # A folder without __init__.py is a package, too. Beside a checkout of the grader's there are others, of no library.
    is_library = spec.origin is not None or any("-packages" in place for place in spec.submodule_search_locations or ())
    return "of an installed library" if is_library else ""
