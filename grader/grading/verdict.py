"""The outcome of a check and its finding, from the error that it raised, if any."""

from __future__ import annotations

import errno
import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from grader.catalog.kata import FOLDER_NAME
from grader.errors import BadCheck, BadKata, Inconclusive, TooLate, Violation
from grader.grading import causes
from grader.grading.wording import worded
from grader.model import BootFailure, Check, Finding, Outcome, Raised, UndecidedBy

#: Where the grader's own code is; bundled katas may be in there, too.
_GRADER = Path(__file__).resolve().parents[1]
#: What a system says that has no more of something: the next grade may have it.
_OF_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOBUFS}


@dataclass(frozen=True, slots=True)
class Around:
    """What else is known where a check failed; see :func:`verdict`."""

    remarks: tuple[str, ...]
    hints: Mapping[int, str]
    request: str
    raised: Raised | None
    fault: str


def verdict(
    check: Check,
    error: BaseException | None,
    *,
    compared: Violation | None = None,
    remarks: Iterable[str] = (),
    hints: Mapping[int, str] | None = None,
    request: str = "",
    raised: Raised | None = None,
    fault: str = "",
) -> tuple[Outcome, Finding | None]:
    """The outcome of ``check``, which raised ``error``, and its finding; that is None for a check that passed.

    ``compared`` is the last comparison that did not hold, where the error is a plain AssertionError. The first of
    ``remarks`` that the finding does not tell already is added to it. ``hints`` are for causes that no check is about,
    by the status that shows the cause: where another status was expected, they come before the check's own hint.
    ``request`` says which one of several requests the finding is about. ``raised`` is what the app raised meanwhile,
    ``fault`` a fault of a response that loses data: they are the cause, and so come first.
    """
    around = Around(tuple(remarks), hints or {}, request, raised, fault)
    match error:
        case None:
            return Outcome.PASSED, None
        case Violation():
            return Outcome.FAILED, _failed(error, check, around)
        case AssertionError() if compared is not None:
            return Outcome.FAILED, _failed(compared, check, around, subject=_words(error))
        case AssertionError():
            words = _words(error) or "the assertion failed"
            said = Violation(expected=f"that {check.title}", seen=words, sentence=words)
            return Outcome.FAILED, _failed(said, check, around)
        case TooLate():
            return Outcome.BLOCKED, _too_late(error.seconds)
        case _:
            return Outcome.INCONCLUSIVE, worded(_undecided(error))


def blocked(titles: Iterable[str]) -> Finding:
    """The finding of a check that was not run: the checks of these titles, which it comes after, did not pass."""
    names = ", ".join(f"“{title}”" for title in titles)
    return worded(Finding(f"first {names}", "not passed"), sentence=f"blocked by {names}, which did not pass")


def uncovered() -> Finding:
    """The finding of a law that no response of the grade could be judged by, as other checks did not pass."""
    sentence = "blocked by the checks that did not pass: no response came that this law could look at"
    return worded(Finding("a response that this law covers", "none"), sentence=sentence)


def unbootable(failure: BootFailure) -> Finding:
    """The finding of a check that failed without a run: an earlier one ended the app, which did not start again."""
    return worded(Finding("the app starts again", failure.headline))


def _undecided(error: BaseException) -> Finding:
    """The finding of a check that has no verdict: by the fault of the machine, the specification or the grader."""
    match error:
        case BadKata():
            return Finding("a sound specification", str(error), undecided_by=UndecidedBy.SPECIFICATION)
        case BadCheck():
            return Finding("a verdict", str(error), undecided_by=UndecidedBy.SPECIFICATION)
        case Inconclusive():
            return Finding("a verdict", str(error), undecided_by=UndecidedBy.MACHINE)
        case MemoryError():
            return Finding("a verdict", "the machine gave the grader no memory", undecided_by=UndecidedBy.MACHINE)
        case OSError() if error.errno in _OF_MACHINE:
            seen = f"this machine failed the grader: {error.strerror}"
            return Finding("a verdict", seen, undecided_by=UndecidedBy.MACHINE)
    return _broke(error)


def _broke(error: BaseException) -> Finding:
    """The finding where an error came out of a check that is none of those that the grader raises on purpose.

    The last call of a file of the specification or the grader decides which of them broke: what a library raises is the
    fault of who called it. The line that is named is the specification's, if the error came through it.
    """
    frames = traceback.extract_tb(error.__traceback__)
    last = next((frame for frame in reversed(frames) if _is_of_grade(frame.filename)), frames[-1])
    theirs = next((frame for frame in reversed(frames) if _is_of_specification(frame.filename)), last)
    place = f"{Path(theirs.filename).name}:{theirs.lineno}"
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    if _is_of_specification(last.filename):
        seen = f"the specification broke: {what} ({place})"
        return Finding("a verdict", seen, undecided_by=UndecidedBy.SPECIFICATION)
    place += "" if theirs is last else f", in {Path(last.filename).name}:{last.lineno} of the grader"
    seen = f"the specification or the grader broke: {what} ({place})"
    return Finding("a verdict", seen, undecided_by=UndecidedBy.GRADER)


def _is_of_grade(file: str) -> bool:
    return Path(file).is_relative_to(_GRADER) or _is_of_specification(file)


def _is_of_specification(file: str) -> bool:
    """Whether a file is in spec/ of a kata, or below."""
    parts = Path(file).parts
    return any(part == "spec" and FOLDER_NAME.fullmatch(kata) for kata, part in pairwise(parts))


def _too_late(seconds: float) -> Finding:
    """The finding of a check that was not run, because the app adds so many delays that it would take too long."""
    sentence = f"blocked by the delays that the app adds, {seconds:.0f} s in the checks so far: take them out first"
    return worded(Finding("an app that adds no delays", f"{seconds:.0f} s of them"), sentence=sentence)


def _failed(violation: Violation, check: Check, around: Around, *, subject: str = "") -> Finding:
    found = violation.finding
    note = next((remark for remark in around.remarks if remark != violation.told), "")
    expected = violation.statuses or _statuses(check)
    by_status = next((hint for status, hint in around.hints.items() if status not in expected), "")
    found = replace(
        found,
        subject=subject,
        requirement=found.requirement or check.requirement,
        hint=causes.hint(around.raised) or found.hint or (by_status and _advice(by_status)) or check.hint,
    )
    cause = causes.sentence(around.raised) if around.raised else by_status.partition(". ")[0].rstrip(".")
    cause = cause or ("" if violation.told else around.fault)
    final = worded(found, sentence=violation.sentence, note=note, request=around.request, cause=cause)
    if causes.hint(around.raised):
        return final
    alone = worded(found, sentence=violation.sentence, request=around.request).headline
    hint = _hint_for(check, final.headline) or _hint_for(check, alone)
    hint = hint or causes.hint_for_fault(final.headline.partition(". Also: ")[0]) or causes.hint_for_note(note)
    return replace(final, hint=hint or final.hint)


def _statuses(check: Check) -> frozenset[int]:
    """The status codes that the requirement of ``check`` names, as `422`: where they come they explain nothing."""
    text = check.requirement.text if check.requirement else ""
    return frozenset(map(int, re.findall(r"`([1-5]\d\d)`", text)))


def _hint_for(check: Check, headline: str) -> str:
    return next((when.hint for when in check.when if re.search(when.seen, headline)), "")


def _advice(by_status: str) -> str:
    """What follows the first sentence, which stands in the headline."""
    return by_status.partition(". ")[2] or "Compare method, path and fields of the request with those in the README."


def _words(error: AssertionError) -> str:
    """The words after an assertion's comma; "" when there are none, and pytest writes out the assertion instead."""
    first = str(error).partition("\n")[0]
    return "" if first.startswith("assert ") else first
