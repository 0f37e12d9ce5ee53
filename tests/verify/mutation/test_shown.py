"""What is shown of a mutant: the author's own lines, and not what the grader adds to the module."""

from __future__ import annotations

import pytest

from grader.verify.mutation.mutant import Mutant, mutants
from grader.verify.mutation.operators import OPERATORS

#: So small that the place where something is added is beside each line.
SMALL = """from grader.kit import upstream
async def app(scope, receive, send):
    count = 0
    async for item in upstream("key"):
        count = count + 1
        await send({"type": "http.response.body", "body": item.encode(), "more_body": True})
"""
#: The first line of each helper.
HELPERS = ("class _Upstream", "class _Blocking", "class _Around", "_KNOWN = ", "_TIMES = ")
NAMED = [mutant for mutant in mutants("solution", SMALL) if any(helper in mutant.text for helper in HELPERS)]


def test_many_operators_need_a_helper() -> None:
    found = {mutant.operator for mutant in NAMED}
    wrapped = {"items-cached", "failure-retried", "pull-delayed", "pull-blocked", "items-capped"}
    around = {"sending-delayed", "sending-blocked", "requests-limited"}
    assert found >= wrapped | around | {"blocking-pull", "after-the-first-time"}
    assert found - {operator.name for operator in OPERATORS} == {"after-the-first-time"}


@pytest.mark.parametrize("mutant", NAMED, ids=lambda mutant: f"{mutant.operator}-{mutant.id}")
def test_the_line_of_the_author_is_shown_and_no_helper(mutant: Mutant) -> None:
    changed = [line for line in mutant.diff.splitlines() if line[:1] in "+-"]
    assert not any(helper in mutant.diff for helper in HELPERS)
    assert 0 < len([line for line in changed if line[1:].strip()]) <= 4
    if mutant.operator.startswith(("sending-", "requests-")):
        assert "app = _Around(app, " in changed[-1]
    else:
        assert changed[0].startswith("-    ")
        assert changed[1].startswith("+    ")


def test_what_a_mutant_adds_of_the_authors_own_is_shown() -> None:
    (kept,) = [mutant for mutant in mutants("solution", SMALL) if mutant.operator == "local-kept"]
    assert [line for line in kept.diff.splitlines() if line[:1] in "+-" and line[1:].strip()] == [
        "-    count = 0",
        "+    global count",
        "+count = 0",
    ]
