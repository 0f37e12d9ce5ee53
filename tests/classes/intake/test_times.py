"""What a zip says of when its files were changed."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from datetime import datetime
from zipfile import ZipInfo

import pytest

from grader.classes.intake import times

NOON = 1_795_780_800  # 2026-11-27, in UTC


@pytest.fixture(params=["UTC", "Asia/Kathmandu", "America/Los_Angeles"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """That of this machine."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def member(date: tuple[int, int, int, int, int, int], extra: bytes = b"") -> ZipInfo:
    info = ZipInfo("app.py")
    info.date_time, info.extra = date, extra
    return info


def extended(seconds: int, flags: int = 1) -> bytes:
    return struct.pack("<HHBl", 0x5455, 5, flags, seconds)


def test_a_time_in_utc_counts_more_than_the_other_one(zone: str) -> None:
    assert times.of_zip(member((2020, 1, 1, 0, 0, 0), struct.pack("<HH2s", 1, 2, b"ab") + extended(NOON))) == NOON


def test_a_time_without_a_zone_is_in_that_of_this_machine(zone: str) -> None:
    assert times.of_zip(member((2026, 11, 27, 13, 0, 2))) == datetime(2026, 11, 27, 13, 0, 2).timestamp()


@pytest.mark.parametrize(
    "extra", [extended(NOON, flags=2), extended(0), extended(-5), extended(NOON)[:-1], b"UT\xff\xff\1", b"UT", b"U"]
)
def test_a_time_in_utc_that_says_nothing_is_passed_over(extra: bytes) -> None:
    assert times.of_zip(member((2026, 11, 27, 13, 0, 2), extra)) == datetime(2026, 11, 27, 13, 0, 2).timestamp()


@pytest.mark.parametrize(
    "date",
    [
        (1980, 1, 1, 0, 0, 0),
        (1980, 0, 0, 0, 0, 0),
        (2026, 2, 31, 0, 0, 0),
        (2026, 1, 1, 31, 63, 62),
        (2107, 1, 1, 0, 0, 0),
    ],
)
def test_what_cannot_be_a_time_is_none(date: tuple[int, int, int, int, int, int], zone: str) -> None:
    assert times.of_zip(member(date)) is None


def test_what_cannot_be_used_in_a_folder() -> None:
    assert [times.usable(seconds) for seconds in (0, 315532800, NOON, 1 << 33, float("nan"))] == [
        *(None, None, NOON, None, None)
    ]


def test_a_file_can_be_given_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("a") / "app.py"
    file.write_text("")
    times.put(file, NOON)
    assert times.of_file(file) == NOON
    times.put(file, None)
    assert (times.of_file(file), os.stat(file).st_mtime) == (None, 0)
