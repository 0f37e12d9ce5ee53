"""Enters the jail that the grader has ordered, before any line of the learner's runs."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from grader.wire import ChildConfig

_BROKEN = 4  # as in :mod:`run`


def jailed(config: ChildConfig) -> tuple[ChildConfig, bool]:
    """The configuration inside the jail; and whether the jail that was ordered is not there.

    In tier A this returns in another process. A submission is not served without its jail: then this process ends, and
    its last line says why.
    """
    if not config.jail:
        return config, False
    # Late: an app without a jail needs none of it.
    from grader.serving.jail.entry import Leak, enter
    from grader.serving.jail.plan import Plan

    plan = Plan.decode(config.jail)
    try:
        return config._replace(listener=enter(plan, config.listener)), False
    except (OSError, Leak) as error:
        if plan.is_strict:
            _refuse(error)
        return config, True


def _refuse(error: Exception) -> NoReturn:
    sys.stderr.write(f"no jail: {error}\n")
    sys.stderr.flush()
    os._exit(_BROKEN)
