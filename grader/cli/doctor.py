"""`grade doctor`: what this machine offers."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import click

from grader.exits import Exit
from grader.serving.jail import choice, machine
from grader.serving.jail.plan import Tier
from grader.text import visible

#: What is not needed for a grade, and what for.
_OPTIONAL = {
    "uvloop": "--loop uvloop (python -m pip install uvloop)",
    "httptools": "--http httptools (python -m pip install httptools)",
    "sse_starlette": "grade verify of the bundled katas (python -m pip install sse-starlette)",
}


@click.command("doctor")
def command() -> Exit:
    """Show which jails this machine offers, which one is chosen and why, and what is missing."""
    for line in _lines():
        click.echo(visible(line, 1000))
    return Exit.PASSED


def _lines() -> Iterator[str]:
    yield "This machine"
    yield from (f"  {fact}" for fact in machine.facts())
    yield "Jails (each was entered, and tried to get out by six ways)"
    offers = machine.offers()
    for tier, reason in offers.items():
        yield f"  tier {tier.value}: {f'not offered: {reason}' if reason else 'offered'}"
    yield "Chosen"
    yield f"  for an app of your own: {'tier C' if choice.offers_own() else 'none'}"
    yield f"  for a submission (--submission): {_for_submission(offers)}"
    advice = list(machine.advice())
    if advice:
        yield "For a stronger jail"
        yield from (f"  {line}" for line in advice)
    missing = [f"  {name}: for {use}" for name, use in _OPTIONAL.items() if find_spec(name) is None]
    if missing:
        yield "Not installed, and needed only for"
        yield from missing


def _for_submission(offers: dict[Tier, str]) -> str:
    tier = choice.for_submission()
    match tier:
        case Tier.A:
            return "tier A, the strongest"
        case Tier.C:
            return f"tier C, because tier A is not offered ({offers[Tier.A]})"
        case _:
            return "none, so a submission is refused (as an ordinary user, --unsafe grades it all the same)"
