"""All mutation operators."""

from __future__ import annotations

from grader.verify.mutation import cleanup, content, flow, framing, moments, requests, texts, wrapped
from grader.verify.mutation.operator import Operator

#: In the order of their modules. The ids of mutants depend on it: of two equal mutants the first is kept.
OPERATORS: tuple[Operator, ...] = tuple(
    found
    for module in (cleanup, content, flow, framing, texts, wrapped, requests, moments)
    for found in vars(module).values()
    if isinstance(found, Operator)
)
