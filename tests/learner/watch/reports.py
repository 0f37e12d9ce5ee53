"""Reports of a word each: a letter for every check says how it ended."""

from __future__ import annotations

from grader.model import BootFailure, Check, CheckResult, Finding, Outcome, Report

_OUTCOMES = {"p": Outcome.PASSED, "f": Outcome.FAILED, "b": Outcome.BLOCKED, "i": Outcome.INCONCLUSIVE}


def report(word: str, *, hints: tuple[str, ...] = (), cause: str = "") -> Report:
    """The grade of checks a, b, c …, a point each: "pfb" has passed a, failed b and blocked c.

    ``hints`` are every check's own; ``cause`` is the hint of what was found.
    """
    results = []
    for name, letter in zip("abcdefghij", word, strict=False):
        check = Check(name, f"{name} holds", 1, hints)
        found = Finding("so", "not so", headline=f"{name} does not hold", hint=cause or check.hint)
        results.append(CheckResult(check, _OUTCOMES[letter], None if letter == "p" else found))
    return Report("kata-77-small-echo", "Small echo", "app.py", "5eed", "grade 77", tuple(results), seconds=1.5)


def broken(checks: int) -> Report:
    """The grade of an app that did not start."""
    failed = tuple(CheckResult(result.check, Outcome.FAILED) for result in report("f" * checks).results)
    failure = BootFailure("app.py is not valid Python: unexpected indent")
    return Report("kata-77-small-echo", "Small echo", "app.py", "5eed", "grade 77", failed, boot_failure=failure)
