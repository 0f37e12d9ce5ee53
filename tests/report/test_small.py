"""A page that is small enough: what goes first, and what stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.report import html, small
from tests.hostile.corpus import TEXTS
from tests.report.pages import read
from tests.report.samples import COMPARED, FAILED, MIXED, PASSED, UNBOOTED

LONG = replace(MIXED, results=(PASSED, *(replace(FAILED, transcript=FAILED.transcript * 6) for _ in range(40))))


def size(text: str) -> int:
    return len(text.encode())


def test_a_page_that_fits_lacks_the_transcripts_of_what_passed_only() -> None:
    text = small.page(MIXED, 100_000)
    shown = replace(MIXED, results=(replace(PASSED, transcript=(), requests=()), *MIXED.results[1:]))
    assert text == html.render(shown)


def test_the_picture_of_the_first_failure_is_the_last_one_that_goes() -> None:
    assert size(html.render(LONG)) > 200_000
    text = small.page(LONG, 100_000)
    assert size(text) <= 100_000
    page = read(text)
    assert len(page.all("svg", "picture")) == 2  # wide and narrow
    assert [one.text for one in page.all(of="headline")] == [
        "a line without a colon is a field without a value"
    ] * 41  # of each check, and of the first at the top


@pytest.mark.parametrize("most", [60_000, 40_000, 20_000, 16_000])
def test_less_fits_into_less(most: int) -> None:
    assert size(small.page(LONG, most)) <= most


def test_nothing_that_an_app_says_makes_it_larger() -> None:
    assert COMPARED.finding is not None
    assert UNBOOTED.boot_failure is not None
    for text in (TEXTS["long markup"], TEXTS["long escapes"], TEXTS["C0, all of it"] * 400, '"<&>' * 9000):
        finding = replace(
            COMPARED.finding, headline=text, expected=text, seen=text, hint=text, headline_is_complete=False
        )
        failed = replace(COMPARED, finding=finding, printed=f"{text}\n" * 60)
        report = replace(MIXED, results=(failed,) * 42, log=f"{text}\n" * 200, notes=(text,) * 3)
        assert size(small.page(report, 100_000)) <= 100_000
        broken = replace(UNBOOTED.boot_failure, headline=text, advice=text)
        assert size(small.page(replace(UNBOOTED, boot_failure=broken, log=report.log), 100_000)) <= 100_000
