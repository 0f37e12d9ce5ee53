"""class.toml: what a class decides, in a file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar

from grader.catalog.files import read_text
from grader.classes.model import LIMITS, Attempts, Bounds, Late, Settings
from grader.errors import UsageError
from grader.report.feedback import Feedback
from grader.serving.limits import LaunchLimits
from grader.text import did_you_mean

FILE: Final = "class.toml"
#: What a jail copies at most.
_MOST_MIB, _MOST_FILES = 64, 5000

Value = TypeVar("Value")
Kind = TypeVar("Kind", bound=Enum)


@dataclass(frozen=True, slots=True)
class ClassFile:
    """``settings``, the names of the katas, and the roster's file. ``is_modified`` says that a submission's files tell
    by their own times when it was handed in. ``handed_out`` is the pack that students have."""

    settings: Settings = field(default_factory=Settings)
    katas: tuple[str, ...] = ()
    roster: Path | None = None
    is_modified: bool = False
    handed_out: Path | None = None


def read_class(file: Path) -> ClassFile:
    """What the file says. Raises UsageError, which says where it is wrong and what to write."""
    try:
        document = tomllib.loads(read_text(file))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from None
    table = _Table(document, str(file))
    roster, pack = table.take("roster", str, ""), table.take("handed-out", str, "")
    found = ClassFile(
        settings=_settings(table),
        katas=_texts(table),
        roster=file.parent / roster if roster else None,
        is_modified=table.take_one("handed-in", ("", "modified")) == "modified",
        handed_out=file.parent / pack if pack else None,
    )
    table.refuse_rest()
    return found


class _Table:
    """A table of the file, from which each value is taken once; what is left then is a mistake."""

    def __init__(self, values: Mapping[str, Any], place: str) -> None:
        self._values, self._given = dict(values), frozenset(values)
        self._known: list[str] = []
        self.place = place

    def take(self, name: str, kind: type[Value], default: Value) -> Value:
        self._known.append(name)
        found = self._values.pop(name, default)
        if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
            raise UsageError(f"{self.place}: {name} must be {_KINDS[kind]}, not {_shown(found)}.")
        if name in self._given and found == "":
            raise UsageError(f"{self.place}: {name} is empty: write something there, or leave it out.")
        return found

    def take_number(self, name: str, default: float, *, of: str, least: float = 0, most: float = 1e9) -> float:
        """``of`` is what the number counts, such as "seconds"."""
        self._known.append(name)
        found = self._values.pop(name, default)
        if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= most:
            bounds = f"from {least:,.12g} to {most:,.12g}"
            raise UsageError(f"{self.place}: {name} must be a number of {of} {bounds}, not {_shown(found)}.")
        return found

    def take_count(self, name: str, default: int, *, most: int) -> int:
        self._known.append(name)
        found = self._values.pop(name, default)
        if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= most:
            raise UsageError(f"{self.place}: {name} must be a whole number from 1 to {most:,}, not {_shown(found)}.")
        return found

    def take_one(self, name: str, choices: tuple[str, ...]) -> str:
        found = self.take(name, str, choices[0])
        if found not in choices:
            allowed = " or ".join(f'"{choice}"' for choice in choices if choice)
            raise UsageError(f"{self.place}: {name} must be {allowed}, not {found!r}.")
        return found

    def take_kind(self, name: str, default: Kind) -> Kind:
        values = [default.value, *(one.value for one in type(default) if one is not default)]
        return type(default)(self.take_one(name, tuple(values)))

    def take_table(self, name: str) -> _Table:
        self._known.append(name)
        found = self._values.pop(name, {})
        if not isinstance(found, dict):
            raise UsageError(f"{self.place}: write {name} as a table, [{name}].")
        return _Table(found, f"{self.place} [{name}]")

    def refuse_rest(self) -> None:
        """Raises UsageError for a name that means nothing here."""
        for name in self._values:
            raise UsageError(f"{self.place}: {name!r} means nothing here.{did_you_mean(name, self._known)}")


def _shown(value: object) -> str:
    """A value as the file has it; of a list or a table only that it is one."""
    match value:
        case bool():
            return "true" if value else "false"
        case date() | time():
            return value.isoformat()
        case list() | dict():
            return "a list" if isinstance(value, list) else "a table"
    return repr(value)


_KINDS: Final[dict[Any, str]] = {
    str: "a text",
    bool: "true or false",
    list: "a list",
    date | str: "a moment, such as 2026-11-30T23:59+01:00",
}


def _settings(table: _Table) -> Settings:
    late, limits = table.take_table("late"), table.take_table("limits")
    found = Settings(
        title=table.take("title", str, ""),
        app=module_name(table.take("app", str, ""), f"{table.place}: app"),
        deadline=_deadline(table),
        late=_late(late),
        attempts=table.take_kind("attempts", Attempts.LAST),
        limits=_limits(limits),
        bounds=Bounds(
            size=_bytes(limits.take_number("size", 16, of="MiB", least=0.01, most=_MOST_MIB)),
            files=limits.take_count("files", 1000, most=_MOST_FILES),
        ),
        seed=table.take("seed", str, ""),
        feedback=table.take_kind("feedback", Feedback.FULL),
    )
    late.refuse_rest()
    limits.refuse_rest()
    return found


def _late(table: _Table) -> Late:
    percent = table.take_number("percent", 0, of="percent", most=100)
    most = table.take_number("most", 100, of="percent", most=100)
    if percent > most:
        raise UsageError(f"{table.place}: percent must not be above most, which is {most:g}, so not {percent:g}.")
    grace = timedelta(minutes=table.take_number("grace", 0, of="minutes"))
    return Late(percent, most, grace, refuse=table.take("refuse", bool, default=False))


def _limits(table: _Table) -> LaunchLimits:
    """Where all the time of a grade could go by at start-up, an app that hangs would never be decided."""
    startup = table.take_number("startup", LIMITS.startup, of="seconds", least=0.1, most=600)
    total = table.take_number("total", LIMITS.total, of="seconds", least=1, most=3600)
    if total <= startup:
        raise UsageError(
            f"{table.place}: total must be more than startup, which is {startup:g} seconds, not {total:g}: else an app "
            "that hangs has no grade, however often it is graded."
        )
    return LaunchLimits(
        startup=startup,
        total=total,
        memory=_bytes(table.take_number("memory", LIMITS.memory >> 20, of="MiB", least=64)),
    )


def _bytes(mebibytes: float) -> int:
    return int(mebibytes * (1 << 20))


def _texts(table: _Table) -> tuple[str, ...]:
    found = table.take("katas", list, [])
    if not all(isinstance(name, str) for name in found):
        raise UsageError(f'{table.place}: katas must be a list of names, such as ["kata-1"].')
    return tuple(found)


def module_name(app: str, place: str) -> str:
    """Where the app is in a submission. Raises UsageError where it is not the name of a module in one."""
    path = PurePosixPath(app)
    if app and (path.suffix != ".py" or ".." in path.parts or path.is_absolute() or "\0" in app):
        raise UsageError(f'{place} must name a module in a submission, such as "src/app.py", not {app!r}.')
    return str(path) if app else ""


def _deadline(table: _Table) -> datetime | None:
    found = table.take("deadline", date | str, "")  # type: ignore[arg-type]  # a union is none of a type
    return moment(found, f"{table.place}: deadline") if found else None


def moment(found: object, place: str) -> datetime:
    """A moment in ISO 8601, or a day, which lasts until its end; without a zone in that of this machine.

    Raises UsageError.
    """
    try:
        value = datetime.fromisoformat(found) if isinstance(found, str) else found
    except ValueError:
        raise UsageError(f"{place} must be like 2026-11-30T23:59+01:00, not {found!r}.") from None
    is_day = isinstance(found, date) and not isinstance(found, datetime)
    if is_day or (isinstance(found, str) and len(found) == 10):
        day = value.date() if isinstance(value, datetime) else value
        assert isinstance(day, date)
        value = datetime.combine(day + timedelta(days=1), time()) if day < date.max else datetime.max
    if not isinstance(value, datetime):
        raise UsageError(f"{place} must be like 2026-11-30T23:59+01:00, not {found!r}.")
    try:
        return value if value.tzinfo else value.astimezone()
    except (OverflowError, ValueError, OSError):
        raise UsageError(f"{place} is too far from now: {_shown(found)}. Leave it out where there is none.") from None


def with_options(settings: Settings, **options: Any) -> Settings:
    """The settings with those options of a command that were given: all that are not None."""
    return replace(settings, **{name: value for name, value in options.items() if value is not None})
