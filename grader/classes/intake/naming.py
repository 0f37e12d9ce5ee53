"""The names by which Canvas, Moodle and Blackboard give out what students handed in.

What a student can choose is the name of a file, which stands last, so each pattern begins at the left, with what the
platform writes. Where a name could be of two platforms, it is of the one whose part ends first: the rest of it is what
a student chose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Final, NamedTuple

#: "lovelaceada_LATE_1234_567890_app-1.py": the student, their number, the number of the file, its name, and the number
#: of a file of the same name that was handed in again. Canvas leaves letters, digits and "_" of a student's name
#: (lib/content_zipper.rb); which number is the student's it decides like this itself, by the first one.
_CANVAS: Final = re.compile(
    r"(?P<name>[^/]*?)_(?P<late>LATE_)?(?P<user>[0-9]+)_(?P<file>[0-9]+)_(?P<rest>.+)", re.DOTALL
)
#: "lovelaceada_LATE_1234_text.html": what was handed in as a text, or as the address of a page.
_ENTRY: Final = re.compile(r"(?P<name>[^/]*?)_(?P<late>LATE_)?(?P<user>[0-9]+)_(?P<kind>text|link)\.html", re.DOTALL)
#: "LATE_anon_Ab1cD_567890_app.py", where Canvas gives out no names.
_ANONYMOUS: Final = re.compile(
    r"(?P<late>LATE_)?(?P<name>anon)_(?P<user>[A-Za-z0-9]{5})_"
    r"((?P<kind>text|link)\.html|(?P<file>[0-9]+)_(?P<rest>.+))",
    re.DOTALL,
)
_AGAIN: Final = re.compile(r"-([0-9]+)(?=(\.[A-Za-z0-9]+)*$)")
#: "Ada Lovelace_12345_assignsubmission_file_", a folder or, with more after it, a file.
_MOODLE: Final = re.compile(
    r"(?P<name>[^_/]+)_(?P<user>[0-9]+)_assignsubmission_(?P<kind>[a-z]+)(_(?P<rest>.*))?", re.DOTALL
)
#: "Homework 1_alovelace_attempt_2026-11-29-10-00-00_app.py", and without a file's name the receipt of an attempt.
_BLACKBOARD: Final = re.compile(
    r"(?P<front>.+?_[^_/]+)_attempt_(?P<when>[0-9]{4}(-[0-9]{2}){5})(_(?P<rest>.+)|\.txt)", re.DOTALL
)
#: A file system has no longer names; in an archive there may be some.
_LONGEST: Final = 1000


class Named(NamedTuple):
    """What a name says: the student's name and number at the platform, and the file's own name ("" of a folder).

    ``order`` is larger for a later file of the same name. ``kind`` is "file" for what can be graded; Moodle's
    "onlinetext", Canvas' "text" and "link", and a "receipt" of Blackboard's are none. ``attempt`` is the time of one at
    Blackboard, which gives no names of students: ``user`` is what they log in by.
    """

    name: str
    user: str
    file: str
    order: tuple[int, int] = (0, 0)
    is_late: bool = False
    kind: str = "file"
    attempt: str = ""

    @property
    def label(self) -> str:
        return f"{self.name}_{self.user}" if self.name else self.user

    @property
    def is_anonymous(self) -> bool:
        """Whether the number is one by which nobody finds the student."""
        return self.name == "anon"

    @property
    def handed_in(self) -> datetime | None:
        """When Blackboard took it, in the time zone of this machine; None of the other platforms."""
        try:
            return datetime.strptime(self.attempt, "%Y-%m-%d-%H-%M-%S").astimezone() if self.attempt else None
        except (ValueError, OverflowError, OSError):
            return None


def read(name: str) -> Named | None:
    """What the name of a file or folder says, where it is one of these platforms'."""
    if len(name) > _LONGEST or name.endswith(("_..", "_.")):  # a file of such a name would be a folder
        return None
    if found := _MOODLE.fullmatch(name):
        return Named(found["name"], found["user"], found["rest"] or "", kind=found["kind"])
    if found := _ANONYMOUS.fullmatch(name):
        return _entry(found) if found["kind"] else _upload(found)
    upload, attempt = _CANVAS.fullmatch(name), _BLACKBOARD.fullmatch(name)
    if attempt and not (upload and upload.start("rest") <= attempt.end("when")):
        return _attempt(attempt, attempt["front"].rpartition("_")[2])
    if upload:
        return _upload(upload)
    found = _ENTRY.fullmatch(name)
    return _entry(found) if found else None


def read_all(names: Sequence[str]) -> dict[str, Named]:
    """What each name in one folder says, of those that are a platform's.

    At Blackboard all begin with the title of the assignment, and nothing else says where it ends and a student's name
    begins. Where all names are like Blackboard's, they are: a title may have numbers in it like a name of Canvas'.
    """
    found = {name: named for name in names if (named := read(name))}
    attempts = {name: match for name in names if len(name) <= _LONGEST and (match := _BLACKBOARD.fullmatch(name))}
    is_whole = (
        len(attempts) == len(set(names)) and len(set(_users(attempts.values()))) > 1 and _title(attempts.values()) > 0
    )
    if not is_whole:
        attempts = {name: match for name, match in attempts.items() if name in found and found[name].attempt}
    users = zip(attempts, _users(attempts.values()), strict=True)
    return {**found, **{name: _attempt(attempts[name], user) for name, user in users}}


def _users(attempts: Iterable[re.Match[str]]) -> list[str]:
    """What the names say behind the title that all of them have."""
    found = list(attempts)
    title = _title(found)
    return ["_".join(one["front"].split("_")[title:]) for one in found]


def _title(attempts: Iterable[re.Match[str]]) -> int:
    """How many words between "_" all of them begin with; the last one is always of the student."""
    words = zip(*(one["front"].split("_")[:-1] for one in attempts), strict=False)
    return sum(1 for _ in takewhile(lambda each: len(set(each)) == 1, words))


def _attempt(found: re.Match[str], user: str) -> Named:
    kind = "file" if found["rest"] else "receipt"
    return Named("", user, found["rest"] or "", kind=kind, attempt=found["when"])


def _upload(found: re.Match[str]) -> Named:
    again = _AGAIN.search(found["rest"])
    file = found["rest"][: again.start()] + found["rest"][again.end() :] if again else found["rest"]
    order = (int(again[1]) if again else 0, int(found["file"]))
    return Named(found["name"], found["user"], file, order, found["late"] is not None)


def _entry(found: re.Match[str]) -> Named:
    return Named(found["name"], found["user"], "", is_late=found["late"] is not None, kind=found["kind"])


def number_at_moodle(name: str) -> str:
    """The number that the name of a file or folder from Moodle says; "" for any other one."""
    found = _MOODLE.fullmatch(name)
    return found["user"] if found else ""


def number_at_canvas(name: str) -> str:
    """The number that the name of a file from Canvas says; "" for any other one."""
    found = None if _MOODLE.fullmatch(name) else read(name)
    return found.user if found and not found.attempt and not found.is_anonymous else ""
