"""Reads a failed ``assert seen == expected`` as a report does: what was expected, and what was seen instead."""

from __future__ import annotations

import dataclasses
import json

from grader.model import Finding, Spot
from grader.text import plural, visible, visible_bytes

_ORDER = {"<=": "at most", "<": "less than", ">=": "at least", ">": "more than"}


def finding(op: str, left: object, right: object) -> Finding:
    """What the comparison ``left op right``, which does not hold, says: left is what was seen."""
    faults = [item for item in left if _is_fault(item)] if isinstance(left, list) else []
    if faults:
        return _fault_finding(faults)
    match op:
        case "==" if isinstance(left, str | list) and type(left) is type(right):
            return _difference(left, right)
        case "==" | "is":
            return Finding(pretty(right), pretty(left))
        case "!=" | "is not":
            return Finding(f"anything but {pretty(right)}", pretty(left))
        case "in":
            return Finding(_within(left, right), pretty(right if isinstance(right, str | bytes) else left))
        case "not in":
            return Finding(f"no {pretty(left)}", _held(left, right))
        case _:
            return Finding(f"{_ORDER.get(op, op)} {pretty(right)}", pretty(left))


def with_rule(found: Finding, rule: str) -> Finding:
    """``found``, by ``rule`` unless it already cites one."""
    return dataclasses.replace(found, rule=found.rule or rule)


def pretty(value: object, limit: int = 200) -> str:
    """A value as a learner writes it: JSON where it is JSON, text in quotes, bytes as text."""
    if isinstance(value, bytes):
        return visible_bytes(value, limit) if value else "(nothing)"
    if isinstance(value, str) and not value:
        return "(empty)"
    if isinstance(value, tuple):
        return ", ".join(pretty(item, limit) for item in value)
    try:
        return visible(json.dumps(value, ensure_ascii=False), limit)
    except (TypeError, ValueError):
        return visible(repr(value), limit)


def _difference(left: str | list[object], right: object) -> Finding:
    """Where two sequences part, when they are too long to see it."""
    assert isinstance(right, str | list)
    expected, seen = pretty(right), pretty(left)
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    unit = "character" if isinstance(left, str) else "item"
    if len(expected) + len(seen) < 100 or at == 0:
        note = f" ({plural(len(left), unit)} for {len(right)})" if len(left) != len(right) and unit == "item" else ""
        return Finding(expected, seen + note)
    if isinstance(left, str):
        before = max(0, at - 20)
        expected, seen = pretty(right[before : at + 60]), pretty(left[before : at + 60])
    else:
        expected = pretty(right[at]) if at < len(right) else "(no more)"
        seen = pretty(left[at]) if at < len(left) else "(no more)"
    return Finding(f"at {unit} {at + 1}: {expected}", f"at {unit} {at + 1}: {seen}")


def _within(left: object, right: object) -> str:
    if isinstance(right, str | bytes):
        return f"something with {pretty(left)} in it"
    if isinstance(right, list | tuple | set | frozenset):
        return "one of " + ", ".join(pretty(item) for item in sorted(right, key=str))
    return pretty(left)


def _held(left: object, right: object) -> str:
    """What a mapping holds for a name, or the whole of anything else."""
    try:
        return f"{pretty(left)}: {pretty(right[left])}"  # type: ignore[index]
    except (TypeError, KeyError, IndexError):
        return pretty(right)


def _is_fault(item: object) -> bool:
    return hasattr(item, "message") and hasattr(item, "rule") and isinstance(getattr(item, "spot", None), Spot)


def _fault_finding(faults: list[object]) -> Finding:
    first = faults[0]
    more = f" (and {plural(len(faults) - 1, 'fault')} more)" if len(faults) > 1 else ""
    return Finding(
        "a stream without faults",
        f"{getattr(first, 'message', '')}{more}",
        rule=str(getattr(first, "rule", "")),
        spot=getattr(first, "spot", None),
    )
