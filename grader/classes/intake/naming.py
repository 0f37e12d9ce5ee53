"""The names by which Canvas and Moodle give out what students handed in."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

#: "lovelaceada_LATE_1234_567890_app-1.py": the student, their number, the number of the file, its name, and the number
#: of a file of the same name that was handed in again.
_CANVAS: Final = re.compile(r"(?P<name>[^_/]+)_(?P<late>LATE_)?(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)", re.DOTALL)
_AGAIN: Final = re.compile(r"-(\d+)(?=(\.[A-Za-z0-9]+)*$)")
#: "Ada Lovelace_12345_assignsubmission_file_", a folder or, with more after it, a file.
_MOODLE: Final = re.compile(r"(?P<name>[^/]+)_(?P<user>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)", re.DOTALL)


class Named(NamedTuple):
    """What a name says: the student's name and number at the platform, and the file's own name ("" of a folder).

    ``order`` is larger for a later file of the same name. ``kind`` is what Moodle calls it: "file" or "onlinetext".
    """

    name: str
    user: str
    file: str
    order: tuple[int, int] = (0, 0)
    is_late: bool = False
    kind: str = "file"

    @property
    def label(self) -> str:
        return f"{self.name}_{self.user}"


def read(name: str) -> Named | None:
    """What the name of a file or folder says, where it is one of these platforms'."""
    if name.endswith(("_..", "_.")):  # a file of this name would be a folder
        return None
    if found := _MOODLE.fullmatch(name):
        return Named(found["name"], found["user"], found["rest"], kind=found["kind"])
    if found := _CANVAS.fullmatch(name):
        again = _AGAIN.search(found["rest"])
        file = found["rest"][: again.start()] + found["rest"][again.end() :] if again else found["rest"]
        order = (int(again[1]) if again else 0, int(found["file"]))
        return Named(found["name"], found["user"], file, order, found["late"] is not None)
    return None


def number_at_moodle(name: str) -> str:
    """The number that the name of a file or folder from Moodle says; "" for any other one."""
    found = _MOODLE.fullmatch(name)
    return found["user"] if found else ""


def number_at_canvas(name: str) -> str:
    """The number that the name of a file from Canvas says; "" for any other one."""
    found = None if _MOODLE.fullmatch(name) else _CANVAS.fullmatch(name)
    return found["user"] if found else ""
