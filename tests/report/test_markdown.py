"""The short report in Markdown: what is said in it, and that an app cannot add to it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from grader.model import Finding
from grader.report import markdown
from tests.hostile.corpus import CORPUS, TEXTS
from tests.hostile.places import GROUPS, filled
from tests.report.samples import FAILED, MIXED, PERFECT, UNBOOTED


def test_it_has_the_score_the_checks_and_the_first_failure() -> None:
    text = markdown.render(MIXED)
    assert text.startswith("## Small echo: 2 of 32 points so far, not final\n")
    assert "| passed | `GET /echo` is answered | 1/1 |" in text
    assert "| failed | each item is an event of its own | 0/2 |" in text
    assert "### each item is an event of its own\n\n`a line without a colon is a field without a value`" in text
    assert "- expected: `“two”`\n- seen: `a field “data two”`\n- requirement: “" in text
    assert "](https://html.spec.whatwg.org/multipage/#event-stream-interpretation))" in text
    assert "Run just this check: `grade kata-77 --app app.py --only streams --seed 5eed`" in text


def test_each_check_without_a_pass_has_its_headline() -> None:
    text = markdown.render(MIXED)
    assert "### items are counted\n\n`items: 2; expected: 3`\n" in text
    assert "### the first item does not wait for the second\n\n`the machine gave the app no time" in text
    assert "### the stream ends cleanly" not in text  # blocked: it was not run
    assert text.index("### each item") < text.index("### items are counted") < text.index("### the first item")


def test_an_app_that_did_not_start_and_one_without_faults_are_short() -> None:
    assert "**The app did not start:** `app.py raises KeyError" in markdown.render(UNBOOTED)
    assert "\n- where: `app.py:2: y = x['k']`\n- where: `app.py:9: return f()`\n" in markdown.render(UNBOOTED)
    assert "| outcome |" not in markdown.render(UNBOOTED)
    assert "###" not in markdown.render(PERFECT)


def test_lines_have_no_spaces_at_their_end() -> None:
    for report in (MIXED, UNBOOTED, PERFECT):
        text = markdown.render(report)
        assert [line for line in text.splitlines() if line != line.rstrip()] == []


def spans_left_out(text: str) -> str:
    """``text`` without its code spans, as CommonMark finds them: from a run of backticks to the next equal one."""
    return re.sub(r"(?<!`)(`+)(?!`)(.*?[^`])\1(?!`)", "", text)


@pytest.mark.parametrize("group", GROUPS)
def test_what_comes_from_an_app_is_in_code_spans_or_plain_words(group: str) -> None:
    benign = spans_left_out(markdown.render(filled("an otter", group))).splitlines()
    for name, item in CORPUS.items():
        found = spans_left_out(markdown.render(filled(item, group))).splitlines()
        others = [line.removeprefix("- hint: ") for line in found if line not in benign]
        assert not [line for line in others if set(line) & set("\\`*_{}[]<>#+!|~@&$")], name


ODD = ["`", "``x", "x`", "``` ` ``", " x ", "a\n\n# b", "@octocat", "|", "<b>", "::error::x", "##[group]"]


@pytest.mark.parametrize("text", [*ODD, *TEXTS.values()])
def test_a_code_span_holds_any_text(text: str) -> None:
    failed = replace(FAILED, finding=Finding(text, text, headline=text))
    lines = markdown.render(replace(MIXED, results=(failed,), notes=())).splitlines()
    assert spans_left_out(next(line for line in lines if line.startswith("- seen: "))) == "- seen: "
