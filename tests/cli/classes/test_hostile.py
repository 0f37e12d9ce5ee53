"""No submission changes the result of another: the hostile ones are graded beside innocent ones, by one command."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.classes.audit import audit
from grader.classes.ledger import FILE, Ledger
from grader.classes.records import to_report
from grader.report import json as json_report
from grader.serving.jail.plan import Tier
from tests.attacks.corpus import ATTACKS, PRELUDE, STUB
from tests.attacks.test_attacks import FOUND, KATA, QUIET, TIERS, TOKEN, Classroom
from tests.cli.classes.test_killed import result_of
from tests.serving.jail import offers

if TYPE_CHECKING:
    from tests.conftest import Grade

INNOCENT = {"vera": KATA.solutions / "app.py", "will": KATA.solutions / "wrong" / "collected_first.py"}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Classroom]:
    """A class with innocent students; what else lies there is not of their doing."""
    with ExitStack() as stack:
        room = Classroom(tmp_path, stack)
        shutil.rmtree(room.app.parent)
        for label, app in INNOCENT.items():
            (tmp_path / "class" / label).mkdir()
            shutil.copy(app, tmp_path / "class" / label / "app.py")
        yield room


def attack(room: Classroom, attackers: Mapping[str, str]) -> None:
    """Students who know where the ledger and their neighbour are, and what the grader runs on."""
    for label, code in attackers.items():
        room.app = room.root / "class" / label / "app.py"
        room.app.parent.mkdir()
        room.hand_in({label: code})
        facts = room.app.parent / "facts.json"
        known = json.loads(facts.read_text("utf-8"))
        known |= {"report": str(room.root / "results" / FILE), "neighbour": str(room.root / "class/vera/app.py")}
        facts.write_text(json.dumps(known), "utf-8")
        room.app.write_text("\n".join([PRELUDE, code, STUB]), "utf-8")


def files(room: Classroom) -> dict[str, tuple[int, int, str]]:
    """All that is not an attacker's own."""
    own = tuple(str(room.root / "class" / label) for label in (*INNOCENT, "bea"))
    return {
        file: state
        for file, state in room.files().items()
        if not file.startswith(str(room.root / "class/")) or file.startswith(own)
    }


def graded(room: Classroom, grade: Grade, tier: Tier, out: str) -> dict[str, tuple[float | None, object]]:
    """The results of the class: of innocent students all that does not depend on the clock."""
    command = ("class", "class", "--kata", KATA.id, "--out", out, "--seed", "s", "--jail", tier.value)
    done = grade(*command, cwd=room.root, HOME=str(room.root / "home"), GITHUB_TOKEN=TOKEN)
    assert done.code in (0, 3), done.err
    with Ledger.open(room.root / out) as ledger:
        assert audit(ledger).problems == ()
        found = list(ledger.entries())
    for entry in found:
        if entry.student.label not in INNOCENT:
            assert entry.points in (0, None), entry.student.label
    return {one.student.label: (one.points, result_of(one)) for one in found if one.student.label in INNOCENT}


def assert_nothing_came_about(room: Classroom, grade: Grade, tier: Tier, attackers: Mapping[str, str]) -> None:
    offers.tier(tier)
    undisturbed = graded(room, grade, tier, "undisturbed")
    assert undisturbed["vera"][0] == 54
    attack(room, attackers)
    before = files(room)
    assert graded(room, grade, tier, "results") == undisturbed
    assert (files(room), room.markers(), room.got()) == (before, [], [])
    with closing(sqlite3.connect(room.root / "results" / FILE)) as ledger:
        for (report,) in ledger.execute("SELECT report FROM grades WHERE report IS NOT NULL"):
            text = json_report.compact(to_report(report))
            assert TOKEN not in text
            assert FOUND not in text


@pytest.mark.parametrize("tier", [Tier.A, pytest.param(Tier.C, marks=pytest.mark.long)], ids=str)
def test_all_quiet_attacks_beside_innocent_submissions(tier: Tier, room: Classroom, grade: Grade) -> None:
    assert_nothing_came_about(room, grade, tier, {"mallory": "\n".join(QUIET.values())})


@pytest.mark.long
@pytest.mark.parametrize("tier", TIERS, ids=str)
def test_each_attack_at_the_same_time(tier: Tier, room: Classroom, grade: Grade) -> None:
    attackers = {f"m{number:02}": one.code for number, one in enumerate(ATTACKS.values())}
    assert_nothing_came_about(room, grade, tier, attackers)
