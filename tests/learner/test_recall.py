"""What a learner has seen: which failures are new, which are as before, and which one is shown whole."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from grader.learner.recall import Compared, News, Recall, shape, source_of
from grader.model import Check, CheckResult, Finding, Outcome, Place, Raised, Report
from tests.learner.watch.reports import broken, report

BROKEN, OTHER, SAME = News.BROKEN, News.OTHER, News.SAME


def after(*words: str) -> Recall:
    """What is known after grades of so many sources."""
    recall = Recall()
    for source, word in enumerate(words):
        recall = recall.after(report(word), str(source))
    return recall


def failing(headline: str, *, hint: str = "", raised: Raised | None = None) -> CheckResult:
    return CheckResult(Check("a", "a", 1), Outcome.FAILED, Finding("", "", headline=headline, hint=hint), raised=raised)


def with_headline(word: str, check: str, headline: str) -> Report:
    """The grade ``word``, in which ``check`` failed by another finding."""
    found = report(word)
    results = (
        replace(one, finding=Finding("", "", headline=headline)) if one.check.id == check else one
        for one in found.results
    )
    return replace(found, results=tuple(results))


def test_of_a_first_grade_nothing_is_said_and_its_first_failure_is_looked_at() -> None:
    assert Recall().compared(report("pff"), "one") == Compared(focus="b")
    assert Recall().compared(report("ppp"), "one") == Compared()


@pytest.mark.parametrize(
    ("before", "now", "news", "focus"),
    [
        (["ff"], "ff", {"a": SAME, "b": SAME}, "a"),
        (["ff"], "pf", {"b": SAME}, "b"),
        (["fpp"], "fpf", {"a": SAME, "c": BROKEN}, "c"),
        (["pff"], "fff", {"a": BROKEN, "b": SAME, "c": SAME}, "a"),
        (["fpp", "fpf"], "fpf", {"a": SAME, "c": SAME}, "c"),  # it is looked at until it passes
        (["fpp", "fpf"], "fpp", {"a": SAME}, "a"),
        (["fppp", "fpfp"], "fpff", {"a": SAME, "c": SAME, "d": BROKEN}, "d"),
        (["fb"], "pf", {}, "b"),  # it was never run
        (["pff", "fbf"], "pff", {"b": SAME, "c": SAME}, "b"),  # it was not run the last time
        (["pp", "fb"], "pf", {"b": BROKEN}, "b"),
        (["fp"], "pp", {}, ""),
    ],
)
def test_what_the_last_change_broke_is_new_and_looked_at_until_it_passes(
    before: list[str], now: str, news: dict[str, News], focus: str
) -> None:
    compared = after(*before).compared(report(now), "now")
    assert (compared.news, compared.focus) == (news, focus)


def test_another_finding_is_new_and_looked_at_where_nothing_else_was() -> None:
    compared = after("fff").compared(with_headline("pff", "c", "c is late"), "now")
    assert (compared.news, compared.focus) == ({"b": SAME, "c": OTHER}, "c")
    assert compared.before == {"b": "b does not hold", "c": "c does not hold"}
    compared = after("fff").compared(with_headline("fff", "c", "c is late"), "now")
    assert (compared.news["c"], compared.focus) == (OTHER, "a")


def test_the_same_source_graded_again_is_compared_as_it_was() -> None:
    recall = after("fpp", "fpf")
    first = after("fpp").compared(report("fpf"), "1")
    for _ in range(3):
        assert recall.compared(report("fpf"), "1") == first
        recall = recall.after(report("fpf"), "1")


def test_an_app_that_did_not_start_is_not_a_grade_to_compare_with() -> None:
    recall = after("fp")
    assert recall.after(broken(2), "2") == recall
    assert recall.compared(broken(2), "2") == Compared()


# -- the same finding -------------------------------------------------------------------------------------------------

ALIKE = [
    (
        'items: [" lynx81", " owl2"]; expected: [" owl5"] (request 1 of 9)',
        'items: ["elk7"]; expected: [] (request 2 of 9)',
    ),
    ("the app rested 3 times, for up to 0.61 s", "the app rested 12 times, for up to 1.02 s"),
    ('text: "a \\" b"; expected: "c"', "text: 'd'; expected: \"e\""),
    ("It failed. Also: the app opened 2 upstream connections", "It failed"),
    ("It failed. Seen in the check “a stream of three”", "It failed"),
    (
        "blocked for 0.5 s at app.py:17: time.sleep(1) (the longest of 9 times)",
        "blocked for 0.6 s at app.py:18: time.sleep(1)",
    ),
    ("the field “badger7” is missing", "the field “owl 1” is missing"),
]
#: Of a comparison, whose subject is known.
COMPARED = [
    ("indexes: [0, 0, 1]; expected: [0, 1, 2]", "indexes: at item 19: 10; expected: at item 19: 18", True),
    ('indexes: under "a, b": (empty); expected: "x', "indexes: at item 1: owl; expected: lynx", True),
    ("indexes: 200; expected: 404", "indexes: 200; expected: 422", True),
    ("status: 200; expected: 404", "status: 200; expected: 422", False),
    ('indexes: "text/html"; expected: "a/b"', 'indexes: "text/plain"; expected: "a/b"', False),
]
DIFFERENT = [
    ("status of the batch: 500; expected: 200", "status of the batch: 404; expected: 200"),
    (
        'media type: "text/plain"; expected: "text/event-stream"',
        'media type: "text/html"; expected: "text/event-stream"',
    ),
    ("the response has ended; expected: the next event", "no response yet; expected: the next event"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_findings_that_differ_only_in_what_was_drawn_or_measured_are_the_same(one: str, other: str) -> None:
    assert shape(failing(one)) == shape(failing(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_findings_that_differ_in_words_or_in_a_status_are_not(one: str, other: str) -> None:
    assert shape(failing(one)) != shape(failing(other))


@pytest.mark.parametrize(("one", "other", "is_same"), COMPARED)
def test_of_a_comparison_count_its_subject_statuses_and_media_types(one: str, other: str, is_same: bool) -> None:
    def compared(headline: str) -> str:
        return shape(
            replace(failing(headline), finding=Finding("", "", subject=headline.partition(":")[0], headline=headline))
        )

    assert (compared(one) == compared(other)) is is_same


def test_a_hint_about_another_cause_makes_another_finding() -> None:
    assert shape(failing("late", hint="Await it.")) != shape(failing("late", hint="Yield it."))


def test_of_an_error_count_its_type_and_the_code_that_raised_it_wherever_that_stands_now() -> None:
    def raised(headline: str, line: int, text: str) -> str:
        error = Raised(headline, (Place("app.py", line, "events", text),))
        return shape(
            failing(f"The app raised {headline} in app.py:{line}. So: status: 500; expected: 200", raised=error)
        )

    one = raised("KeyError: 'badger1'", 17, "x = found[key]")
    assert raised("KeyError: 'owl7'", 20, "x = found[key]") == one
    assert raised("NameError: name 'x' is not defined", 17, "x = found[key]") != one
    assert raised("KeyError: 'badger1'", 17, "y = other[key]") != one


# -- the source -------------------------------------------------------------------------------------------------------


def test_a_source_is_all_python_files_of_its_folder(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text("app = 1\n", "utf-8")
    found = [source_of(app)]
    tmp_path.joinpath("README.md").write_text("words", "utf-8")
    found.append(source_of(app))
    tmp_path.joinpath("helper.py").write_text("help = 1\n", "utf-8")
    found.append(source_of(app))
    app.write_text("app = 2\n", "utf-8")
    found.append(source_of(app))
    assert found[0] == found[1]
    assert len(set(found)) == 3


def test_a_source_that_cannot_be_read_has_no_digest(tmp_path: Path) -> None:
    tmp_path.joinpath("app.py").mkdir()
    assert source_of(tmp_path / "app.py") == ""
    assert source_of(tmp_path / "nothing" / "app.py") == ""


def test_what_is_no_file_is_no_part_of_a_source(tmp_path: Path) -> None:
    tmp_path.joinpath("app.py").write_text("app = 1\n", "utf-8")
    before = source_of(tmp_path / "app.py")
    os.mkfifo(tmp_path / "pipe.py")
    tmp_path.joinpath("zero.py").symlink_to("/dev/zero")
    tmp_path.joinpath("loop.py").symlink_to("loop.py")
    tmp_path.joinpath("folder.py").mkdir()
    assert source_of(tmp_path / "app.py") == before


def test_a_linked_file_is_a_part_of_a_source(tmp_path: Path) -> None:
    folder = tmp_path / "kata"
    folder.mkdir()
    tmp_path.joinpath("shared.py").write_text("x = 1\n", "utf-8")
    folder.joinpath("app.py").symlink_to("../shared.py")
    before = source_of(folder / "app.py")
    tmp_path.joinpath("shared.py").write_text("x = 2\n", "utf-8")
    assert source_of(folder / "app.py") not in ("", before)


def test_a_source_that_is_too_large_has_no_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = tmp_path / "app.py"
    app.touch()
    os.truncate(app, 3 << 30)
    assert source_of(app) == ""
    app.write_text("app = 1\n", "utf-8")
    assert source_of(app) != ""
    monkeypatch.setattr("grader.learner.recall._MOST", 5)
    for number in range(5):
        tmp_path.joinpath(f"part_{number}.py").touch()
    assert source_of(app) == ""
