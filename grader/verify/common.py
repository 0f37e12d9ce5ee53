"""What several verdicts have in common: a fault of the specification or of the machine is said once, with its apps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from grader.model import Check, Outcome
from grader.verify.verdict import Verdict

#: The label of an app, and the id of a check; "" where the app has no verdict on any check.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Note:
    """Why there is no verdict at one place."""

    place: Place
    words: str


def common_faults(verdicts: Iterable[Verdict]) -> tuple[list[str], set[Place]]:
    """A problem for each fault that is at several places, and these places.

    Either the words are the same everywhere, or the same check is inconclusive for several apps.
    """
    found = list(verdicts)
    total = len({verdict.app.label for verdict in found})
    problems: list[str] = []
    covered: set[Place] = set()
    for are_words_equal in (True, False):
        groups: dict[tuple[str, bool], list[_Note]] = {}
        for note in (note for verdict in found for note in _notes(verdict)):
            check = note.place[1]
            if note.place not in covered and (check or are_words_equal):
                groups.setdefault((note.words if are_words_equal else check, bool(check)), []).append(note)
        for group in (group for group in groups.values() if len({note.place for note in group}) > 1):
            problems.append(_problem(group, total, example="" if are_words_equal else f"; for {group[0].place[0]}"))
            covered.update(note.place for note in group)
    return problems, covered


def _notes(verdict: Verdict) -> Iterator[_Note]:
    label = verdict.app.label
    if verdict.trouble:
        yield _Note((label, ""), verdict.trouble)
        return
    for name, outcome in verdict.outcomes.items():
        if outcome is Outcome.INCONCLUSIVE:
            yield _Note((label, name), verdict.headlines.get(name, ""))


def _problem(notes: Sequence[_Note], total: int, *, example: str) -> str:
    """``example`` says whose words these are, where they are not those of all."""
    labels = list(dict.fromkeys(note.place[0] for note in notes))
    checks = list(dict.fromkeys(note.place[1] for note in notes))
    if checks == [""]:
        return f"no verdict on {_apps(labels, total)}{example}: {notes[0].words}"
    verb = "is" if len(checks) == 1 else "are"
    return f"{listed(checks)} {verb} inconclusive for {_apps(labels, total)}{example}: {notes[0].words}"


def _apps(labels: Sequence[str], total: int) -> str:
    if len(labels) == 1:
        return labels[0]
    return f"all {total} apps" if len(labels) == total else f"{len(labels)} of {total} apps, such as {labels[0]}"


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def undecided(verdict: Verdict, checks: Iterable[Check]) -> set[str]:
    """The checks of which this verdict says nothing: those that are inconclusive, and those that these block."""
    found = {name for name, outcome in verdict.outcomes.items() if outcome is Outcome.INCONCLUSIVE}
    for check in checks if found else ():
        is_blocked = verdict.outcomes.get(check.id) is Outcome.BLOCKED
        if is_blocked and (found.intersection(check.after) or (check.is_law and not verdict.failed)):
            found.add(check.id)
    return found
