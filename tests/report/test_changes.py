"""What is different from one grade to the next."""

from __future__ import annotations

from dataclasses import replace

from grader.report.changes import between
from tests.learner.watch.reports import broken, report


def test_what_passes_now_and_what_does_not_any_more_is_named_with_the_points() -> None:
    found = between(report("pfb"), report("fpp"))
    assert found is not None
    assert (found.gained, found.lost, found.points) == (("b holds", "c holds"), ("a holds",), 1)
    assert found.was == {
        "a": "passed the last time",
        "b": "failed the last time",
        "c": "blocked the last time",
    }


def test_a_check_that_fails_in_another_way_says_how_it_did_before() -> None:
    old, new = report("fp"), report("fp")
    first = new.results[0]
    assert first.finding is not None
    other = replace(first, finding=replace(first.finding, headline="it is late"))
    found = between(old, replace(new, results=(other, new.results[1])))
    assert found is not None
    assert found.was == {"a": "the last time: a does not hold"}
    assert (found.gained, found.lost, found.points) == ((), (), 0)


def test_equal_grades_have_no_changes_and_without_two_grades_of_checks_there_are_none() -> None:
    same = between(report("pf"), report("pf"))
    assert same is not None
    assert (same.gained, same.lost, same.points, dict(same.was)) == ((), (), 0, {})
    assert between(None, report("p")) is None
    assert between(report("p"), None) is None
    assert between(broken(1), report("p")) is None
    assert between(report("p"), broken(1)) is None
