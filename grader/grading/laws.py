"""Judges laws: calls each with the responses of the grade that it covers."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature

from grader.grading.delays import Delays, looks_at_pace
from grader.probe.law import Law
from grader.probe.pace import OutOfPace
from grader.probe.record import Record
from grader.probe.recorded import Recorded
from grader.probe.supply import NotKnown

#: What a law's function may ask for.
PARAMETERS = ("response", "responses", "pace")


class Uncovered(Exception):
    """A law covers no response of this grade."""


class Judge:
    """Judges the laws of one grade. ``response`` is the one that the present law looks at, if it looks at one."""

    def __init__(self, record: Record, delays: Delays) -> None:
        self._record = record
        self._delays = delays
        self.response: Recorded | None = None

    def judge(self, law: Law, test: Callable[..., None]) -> None:
        """Call ``test`` with what it asks for. Raises what it raises, Uncovered, and TooLate.

        Where delays have ended the checks, a law has not been shown to hold: others were to ask for more responses.
        """
        self.response = None
        if looks_at_pace(test):
            self._judge_pace(test)
            return
        self._judge_responses(law, test)
        if (late := self._delays.end) is not None:
            raise late

    def _judge_responses(self, law: Law, test: Callable[..., None]) -> None:
        covered = [response for response in self._record.responses() if law.covers(response)]
        if "responses" in signature(test).parameters:
            known = [response for response in covered if _is_known(response)]
            if not known:
                raise Uncovered
            test(responses=known)
            return
        # Whole ones first: they show more, and how much has come of one that was left differs from grade to grade.
        covered.sort(key=lambda response: not response.is_whole)
        if not sum(self._is_judged(test, response) for response in covered):
            raise Uncovered
        self.response = None

    def _judge_pace(self, test: Callable[..., None]) -> None:
        if not self._record.responses():
            raise Uncovered
        try:
            test(pace=self._record.pace())
        except OutOfPace as error:
            self.response = error.response
            raise

    def _is_judged(self, test: Callable[..., None], response: Recorded) -> bool:
        """Whether it is known which items the upstream gave for ``response``, if the law asks for them."""
        self.response = response
        try:
            test(response=response)
        except NotKnown:
            return False
        return True


def _is_known(response: Recorded) -> bool:
    """Whether it is known what the upstream gave for ``response``: of requests for one key at once it may not be."""
    try:
        assert response.failure is None or response.failure
    except NotKnown:
        return False
    return True


def wrong_parameters(test: object) -> str:
    """What is wrong with the parameters of a law's function, or ""."""
    names = list(signature(test).parameters) if callable(test) else []
    if len(names) == 1 and names[0] in PARAMETERS:
        return ""
    return f"a law takes one parameter, {', '.join(PARAMETERS[:-1])} or {PARAMETERS[-1]}"
