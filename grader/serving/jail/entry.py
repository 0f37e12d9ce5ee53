"""Puts the parts of a jail together, in the order in which they do not hinder each other."""

from __future__ import annotations

import os

from grader.serving.jail import canaries, identity, landlock, reach, rules, seccomp
from grader.serving.jail.plan import Plan, Tier


class Leak(Exception):
    """The jail does not hold on this machine."""


def enter(plan: Plan, listener: int) -> int:
    """Enter the jail, for the rest of this process's life; returns the listening socket of the app.

    In tier A ``listener`` leads to the grader, and this returns in another process than the caller's. This process has
    one thread. Raises OSError and Leak.
    """
    home, outside = os.path.expanduser("~"), canaries.identity_of(plan.canary.home)
    if plan.tier == Tier.A.value:
        listener = _isolate(plan, listener, home)
    _drop_privileges(plan)
    _restrict_files(plan, home)
    governs_signals = landlock.abi() >= landlock.GOVERNS_SIGNALS
    seccomp.enforce(
        rules.refusals(
            is_strict=plan.is_strict,
            is_alone=plan.tier == Tier.A.value,
            governs_signals=governs_signals or not plan.is_strict or plan.user >= 0,
        )
    )
    _try_canaries(plan, outside)
    return listener


def _isolate(plan: Plan, control: int, home: str) -> int:
    from grader.serving.jail import mounts, namespaces  # tier C does without

    def change_root() -> None:
        owner = plan.user if plan.user >= 0 else None
        mounts.enter(folder=plan.folder, hidden=plan.hidden, home=home, owner=owner)

    namespaces.unshare()
    return namespaces.split(control, plan.upstream, change_root)


def _drop_privileges(plan: Plan) -> None:
    if plan.user >= 0:
        reads_all = plan.tier == Tier.C.value and not identity.others_can_read(os.__file__)
        identity.become(plan.user, reads_all=reads_all)
    elif plan.is_strict:
        identity.keep_capabilities(())
    elif os.geteuid() == 0:
        identity.keep_file_capabilities()
    if plan.user >= 0 or plan.tier == Tier.A.value:
        identity.limit_processes()
    if plan.is_strict:
        identity.limit_descriptors()


def _restrict_files(plan: Plan, home: str) -> None:
    if plan.tier == Tier.A.value and not landlock.abi():
        return  # the new root and the new network are there without it
    if not plan.is_strict and landlock.abi() < landlock.LETS_MOVE:
        raise Leak("this kernel's Landlock would refuse too much")
    ruleset = landlock.Ruleset(governs_tcp=plan.is_strict and plan.tier == Tier.C.value)
    ruleset.allow_all(reach.DEVICES, landlock.READ | landlock.WRITE)
    if plan.tier == Tier.A.value:
        ruleset.allow("/", landlock.READ)
        ruleset.allow_all(("/tmp", "/dev/shm", home, plan.folder), landlock.READ | landlock.WRITE)
    elif plan.is_strict:
        ruleset.allow_all((*reach.needed(plan.hidden), *reach.facts()), landlock.READ)
        ruleset.allow_all(reach.listable(plan.hidden, with_checkouts=False), landlock.LIST)
        ruleset.allow(plan.scratch, landlock.READ | landlock.WRITE)
        if plan.user >= 0:  # what is left there is known by its owner, and removed
            ruleset.allow("/dev/shm", landlock.READ | landlock.WRITE)
        ruleset.allow_connection(plan.upstream)
    else:
        hidden = (*plan.hidden, *reach.secrets())
        ruleset.allow_all(reach.without("/", hidden), landlock.READ)
        ruleset.allow_all(reach.listable(plan.hidden, with_checkouts=True), landlock.LIST)
        temporary = (plan.scratch,) if plan.scratch else (os.environ.get("TMPDIR"), "/tmp", "/var/tmp")
        own = (plan.folder, *temporary, "/dev/shm", f"{home}/.cache")
        for path in filter(None, own):
            ruleset.allow_all(reach.without(path, plan.hidden), landlock.READ | landlock.WRITE)
        ruleset.allow("/dev/pts", landlock.READ | landlock.WRITE)
    ruleset.enforce()


def _try_canaries(plan: Plan, home: canaries.Identity) -> None:
    if found := list(canaries.escapes(plan, home)):
        raise Leak(f"the jail of tier {plan.tier} does not hold: {', '.join(found)}")
