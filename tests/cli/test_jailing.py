"""Which jail a command line asks for, and what `grade doctor` says."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from grader.catalog.packs import bundled
from grader.cli import doctor
from grader.cli.jailing import Wish
from grader.errors import Inconclusive, UsageError
from grader.serving.jail import choice, machine
from grader.serving.jail.plan import Jail, Tier
from grader.serving.module import locate
from tests.catalog.test_installed import install

KATA = next(iter(bundled()))
APP = Path("/class/ada/app.py")


def jail(*, submission: bool = True, unsafe: bool = False, tier: str = "auto", app: Path = APP) -> Jail:
    return Wish(submission, unsafe, tier).jail(locate(app), KATA)


@pytest.fixture
def offers(monkeypatch: pytest.MonkeyPatch) -> dict[Tier, str]:
    """Why this machine does not offer the tiers; it offers all at first."""
    reasons = dict.fromkeys(Tier, "")
    monkeypatch.setattr(choice, "why_not", lambda tier: reasons[tier])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return reasons


def test_a_submission_gets_the_strongest_jail(offers: dict[Tier, str]) -> None:
    assert (jail().tier, jail().is_strict) == (Tier.A, True)
    offers[Tier.A] = "no namespaces"
    assert (jail().tier, jail().is_strict) == (Tier.C, True)


def test_without_a_jail_a_submission_is_refused(offers: dict[Tier, str]) -> None:
    offers |= {Tier.A: "no namespaces", Tier.C: "no Landlock"}
    with pytest.raises(Inconclusive, match=r"no Landlock.*`grade doctor`.*--unsafe"):
        jail()
    assert jail(unsafe=True) == Jail(Tier.NONE, is_strict=True, hidden=jail(unsafe=True).hidden)


def test_root_grades_no_submission_without_a_jail(offers: dict[Tier, str], monkeypatch: pytest.MonkeyPatch) -> None:
    offers |= {Tier.A: "no namespaces", Tier.C: "no Landlock"}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(Inconclusive, match="An ordinary user can grade it"):
        jail(unsafe=True)


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (1000, r"^--jail none leaves a submission without a jail: leave it out, or add --unsafe\.$"),
        (0, r"^root grades no submission without a jail: leave out --jail none, or "),
    ],
)
def test_a_jail_that_was_switched_off_is_not_missing(
    user: int, words: str, offers: dict[Tier, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert offers[Tier.C] == ""
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(Inconclusive, match=words):
        jail(tier="none")


def test_a_tier_that_was_ordered_is_taken_or_nothing(offers: dict[Tier, str]) -> None:
    assert jail(tier="C").tier is Tier.C
    assert jail(tier="C", submission=False).is_strict
    offers[Tier.C] = "no Landlock"
    with pytest.raises(Inconclusive, match="no jail of tier C: no Landlock"):
        jail(tier="C")


def test_an_app_of_ones_own_needs_no_consent(offers: dict[Tier, str]) -> None:
    assert jail(submission=False, tier="none").tier is Tier.NONE
    assert not jail(submission=False).is_strict
    with pytest.raises(UsageError, match="--unsafe"):
        jail(submission=False, unsafe=True)


def test_an_app_beside_its_specification_is_not_jailed(offers: dict[Tier, str]) -> None:
    """It may write its own folder, and no jail of one's own app can take the specification out of that."""
    assert jail(submission=False, app=KATA.stub).tier is Tier.NONE
    assert jail(app=KATA.stub).tier is Tier.A


@pytest.mark.parametrize(("place", "tier"), [("shop/main.py", Tier.NONE), ("elsewhere/shop/main.py", Tier.C)])
def test_a_package_beside_the_katas_is_not_jailed(
    place: str, tier: Tier, offers: dict[Tier, str], tmp_path: Path
) -> None:
    """Its own folder is the one above the package, from which it is imported."""
    kata = replace(KATA, folder=tmp_path / "katas" / KATA.name)
    (main := tmp_path / place).parent.mkdir(parents=True)
    (main.parent / "__init__.py").touch()
    assert Wish(submission=False, unsafe=False, tier="auto").jail(locate(main), kata).tier is tier


def test_specifications_and_solutions_are_hidden_but_an_app_is_not_hidden_from_itself(offers: dict[Tier, str]) -> None:
    history = str(KATA.folder.parent.parent / ".git")
    assert {str(KATA.specification), str(KATA.solutions), history} <= set(jail().hidden)
    assert str(KATA.solutions) not in jail(app=KATA.solutions / "app.py").hidden


def test_of_installed_packs_a_submission_reads_nothing(
    offers: dict[Tier, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not of packs that its own kata does not belong to: they lie among libraries, which it may read."""
    package = install(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert {str(package / part) for part in ("katas", "solutions", "pack.json")} <= set(jail().hidden)


def test_the_options_are_in_the_command_that_grades_again() -> None:
    assert Wish(submission=True, unsafe=True, tier="C").words == " --submission --unsafe --jail C"
    assert Wish(submission=False, unsafe=False, tier="auto").words == ""


def test_the_doctor_says_what_is_chosen_and_why(offers: dict[Tier, str]) -> None:
    assert "  for a submission (--submission): tier A, the strongest" in doctor._lines()
    offers[Tier.A] = "no namespaces"
    lines = list(doctor._lines())
    assert "  tier A: not offered: no namespaces" in lines
    assert "  for a submission (--submission): tier C, because tier A is not offered (no namespaces)" in lines


def test_the_doctor_says_what_a_stronger_jail_needs(
    offers: dict[Tier, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_SETTINGS", tmp_path)
    for name, value in {
        "kernel/apparmor_restrict_unprivileged_userns": "1",
        "kernel/unprivileged_userns_clone": "0",
        "user/max_user_namespaces": "0",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{value}\n", "utf-8")
    assert [line for line in machine.advice() if "sysctl" in line or "AppArmor" in line] == []
    offers[Tier.A] = "Operation not permitted"
    told = "\n".join(machine.advice())
    assert "userns," in told
    assert "kernel.unprivileged_userns_clone=1" in told
    assert "user.max_user_namespaces" in told
