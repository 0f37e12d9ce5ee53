"""Hostile submissions, in each tier that this machine offers: nothing of what they try comes about.

`make attacks` grades each of them alone; the plain tests grade in each tier one that tries all the quiet ones.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sysconfig
import tempfile
import unicodedata
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.packs import bundled
from grader.serving.jail.plan import Tier
from tests.attacks.corpus import ATTACKS, PRELUDE, STUB
from tests.serving.jail import offers, system_v

if TYPE_CHECKING:
    from tests.conftest import Grade, Graded

KATA = next(iter(bundled()))
TIERS = [Tier.A, Tier.C]
QUIET = {name: attack.code for name, attack in ATTACKS.items() if attack.is_quiet}
TOKEN, FOUND = f"token-{uuid.uuid4().hex}", f"found-{uuid.uuid4().hex}"
SEED = uuid.uuid4().hex
#: Sockets with a path, by kind, and how their paths end.
_NAMED = {socket.SOCK_STREAM: "", socket.SOCK_DGRAM: ".datagrams"}
ROWS = {"forgery", "survival", "exhaustion", "exfiltration", "output"}


class Classroom:
    """Submissions of a class, the home folder of its teacher, and servers that no submission has business with."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.root = root
        self.marker = f"marker-{uuid.uuid4().hex}"
        for name, text in {
            "home/secret": TOKEN,
            "home/.ssh/id_ed25519": TOKEN,
            "home/.bashrc": "",
            "class/bea/app.py": f"# {TOKEN}\n",
            "class/.stream-katas.json": "{}",
            "class/.git/hooks/sample": "",
            "workflow": "",
        }.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, "utf-8")
        self.app = root / "class/ada/app.py"
        self.app.parent.mkdir()
        self.report = root / "report.json"
        self._tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._udp.bind(("127.0.0.1", 0))
        self._unix = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        self._unix.bind(f"\0{self.marker}")
        self._unix.listen()
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stream-katas-test-")))
        place.chmod(0o755)  # it and its sockets are open to each user of the machine
        self.path = str(place / "socket")
        self._named = [stack.enter_context(socket.socket(socket.AF_UNIX, kind)) for kind in _NAMED]
        for one, kind in zip(self._named, _NAMED, strict=True):
            one.bind(f"{self.path}{_NAMED[kind]}")
            os.chmod(one.getsockname(), 0o777)
        self._named[0].listen()

        self._shared = stack.enter_context(system_v.shared())

    def hand_in(self, codes: Mapping[str, str]) -> None:
        facts = {
            "report": str(self.report),
            "neighbour": str(self.root / "class/bea/app.py"),
            "solutions": str(KATA.solutions),
            "specification": str(KATA.spec_files[0]),
            "kata": KATA.name,
            "home": str(self.root / "home"),
            "class": str(self.root / "class"),
            "libraries": sysconfig.get_paths()["purelib"],
            "marker": self.marker,
            "found": FOUND,
            "runner": os.getpid(),
            "port": self._tcp.getsockname()[1],
            "datagrams": self._udp.getsockname()[1],
            "abstract": self.marker,
            "path": self.path,
            **self._shared._asdict(),
            "workflow": str(self.root / "workflow"),
        }
        (self.app.parent / "facts.json").write_text(json.dumps(facts), "utf-8")
        self.app.write_text("\n".join([PRELUDE, *codes.values(), STUB]), "utf-8")

    def files(self) -> dict[str, tuple[int, int, str]]:
        """Mode, time and content of all that is not the attacker's own."""
        places = [self.root / "home", self.root / "class", self.root / "workflow", *KATA.spec_files]
        found = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place])]
        return {
            str(file): (file.stat().st_mode, file.stat().st_mtime_ns, file.read_text("utf-8") if file.is_file() else "")
            for file in found
            if not file.is_relative_to(self.app.parent)
        }

    def markers(self) -> list[Path]:
        """Files that were left in places of the system."""
        places = map(Path, ("/tmp", "/var/tmp", "/dev/shm", "/etc", "/etc/cron.d", sysconfig.get_paths()["purelib"]))
        found = [file for place in places if place.is_dir() for file in place.glob(f"{self.marker}*")]
        for folder in Path(tempfile.gettempdir()).glob("stream-katas-*"):
            with suppress(OSError):  # another test removes its own at this moment
                found += folder.glob(f"*/{self.marker}*")
        return found

    def got(self) -> list[str]:
        """Which of the servers somebody has connected to, or sent something."""
        found = []
        for one in (self._tcp, self._udp, self._unix, *self._named):
            one.setblocking(False)
            try:
                one.recv(10) if one.type == socket.SOCK_DGRAM else one.accept()[0].close()
            except BlockingIOError:
                continue
            found.append(str(one))
        return found


@pytest.fixture
def classroom(tmp_path: Path) -> Iterator[Classroom]:
    with ExitStack() as stack:
        yield Classroom(tmp_path, stack)


def grade_jailed(grade: Grade, room: Classroom, tier: Tier) -> Graded:
    offers.tier(tier)
    options = ("--submission", "--jail", tier.value, "--json", str(room.report), "--seed", SEED, "--total-limit", "40")
    return grade(
        KATA.id,
        *("--app", str(room.app), *options),
        HOME=str(room.root / "home"),
        GITHUB_TOKEN=TOKEN,
        GITHUB_ACTIONS="true",
        COLUMNS="500",
    )


def assert_nothing_came_about(room: Classroom, before: dict[str, tuple[int, int, str]], done: Graded) -> None:
    report = json.loads(room.report.read_text("utf-8"))
    assert (done.code, report["exit_code"]) in {(1, 1), (3, 3)}, done.err
    assert report["points"] == 0, done.out
    assert report["is_submission"] is True
    assert SEED not in report["log"]
    assert room.files() == before
    assert room.markers() == []
    assert room.got() == []
    for text in (done.out, done.err, room.report.read_text("utf-8")):
        assert TOKEN not in text
        assert FOUND not in text
        assert "def test_" not in text
    assert [c for c in done.out if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"] == []
    assert not re.search(r"^\s*::(add-mask|set-output)|##\[", done.out, re.MULTILINE)


def test_each_row_of_threats_has_an_attack() -> None:
    assert {attack.row for attack in ATTACKS.values()} == ROWS


@pytest.mark.parametrize("tier", TIERS, ids=str)
def test_all_quiet_attacks_at_once(tier: Tier, classroom: Classroom, grade: Grade) -> None:
    classroom.hand_in(QUIET)
    before = classroom.files()
    done = grade_jailed(grade, classroom, tier)
    assert_nothing_came_about(classroom, before, done)
    assert "the attack has been made" in json.loads(classroom.report.read_text("utf-8"))["log"]


@pytest.mark.long
@pytest.mark.parametrize("tier", TIERS, ids=str)
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack(name: str, tier: Tier, classroom: Classroom, grade: Grade) -> None:
    classroom.hand_in({name: ATTACKS[name].code})
    before = classroom.files()
    assert_nothing_came_about(classroom, before, grade_jailed(grade, classroom, tier))
