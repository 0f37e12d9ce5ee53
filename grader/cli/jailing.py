"""The options about jails, and which jail they ask for."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import NamedTuple

import click

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.errors import Inconclusive, UsageError
from grader.exits import Exit
from grader.serving.jail import own
from grader.serving.jail.plan import Jail, Tier
from grader.serving.module import Module

_AUTO = "auto"


class Wish(NamedTuple):
    """What the command line says about the jail. ``tier`` is that of a :class:`Tier`, or "auto"."""

    submission: bool
    unsafe: bool
    tier: str

    @property
    def words(self) -> str:
        """The same options, for the end of a command line."""
        words = {"--submission": self.submission, "--unsafe": self.unsafe, f"--jail {self.tier}": self.tier != _AUTO}
        return "".join(f" {word}" for word, is_given in words.items() if is_given)

    def jail(self, app: Module, kata: Kata) -> Jail:
        """The jail for this app. Raises UsageError, and Inconclusive where a submission cannot be graded safely."""
        if self.unsafe and not self.submission:
            raise UsageError("--unsafe: only a submission (--submission) needs it.")
        if self.tier == _AUTO and not self.submission:
            return own.jail_for(app, [kata, *bundled()])
        from grader.catalog import installed  # late: what finds packs is slow, and no other app needs it

        tier = self.strict_tier()
        katas = [kata, *bundled(), *installed.catalog().katas]
        return Jail(tier, is_strict=self.submission or tier is not Tier.NONE, hidden=own.hidden_from(app.file, katas))

    def strict_tier(self) -> Tier:
        """The tier for apps that nobody has read, or the named one. Raises Inconclusive where it is not offered."""
        from grader.serving.jail import choice  # late: it tries jails, which no other app needs

        tier = choice.for_submission() if self.tier == _AUTO else Tier(self.tier)
        if tier is not Tier.NONE and (reason := choice.why_not(tier)):
            raise Inconclusive(f"this machine offers no jail of tier {tier.value}: {reason}; see `grade doctor`.")
        if tier is Tier.NONE and self.submission:
            self._need_consent(choice.why_not(Tier.C))
        return tier

    def _need_consent(self, reason: str) -> None:
        """Raises Inconclusive unless the user has given it. From root, with whom nothing is safe, it is not taken."""
        is_root = os.geteuid() == 0
        if self.unsafe and not is_root:
            return
        if self.tier == Tier.NONE.value:
            if is_root:
                raise Inconclusive(
                    "root grades no submission without a jail: leave out --jail none, or grade it as an ordinary user "
                    "with --unsafe."
                )
            raise Inconclusive("--jail none leaves a submission without a jail: leave it out, or add --unsafe.")
        why = f" ({reason})" if reason else ""
        advice = "An ordinary user can grade it with --unsafe." if is_root else "--unsafe grades it all the same."
        raise Inconclusive(f"no jail for a submission here{why}. `grade doctor` says what is missing. {advice}")


def takes_jail(command: Callable[..., Exit]) -> Callable[..., Exit]:
    """A command that takes ``--submission``, ``--unsafe`` and ``--jail``, and is called with ``wish``."""
    tiers = [_AUTO, *(tier.value for tier in Tier)]

    @click.option("--submission", is_flag=True, help="The app is not yours: grade it in the strongest jail there is.")
    @click.option("--unsafe", is_flag=True, help="With --submission: grade it even where there is no jail.")
    @click.option("--jail", "tier", type=click.Choice(tiers), default=_AUTO, help="Take this jail, or none.")
    @functools.wraps(command)
    def prologue(*args: object, submission: bool, unsafe: bool, tier: str, **options: object) -> Exit:
        return command(*args, wish=Wish(submission, unsafe, tier), **options)

    return prologue
