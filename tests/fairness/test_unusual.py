"""Right apps that look unusual get full marks: in any style of framing, of header fields, of living."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.packs import bundled
from tests.fairness import unusual

if TYPE_CHECKING:
    from tests.conftest import Grade

KATAS = {kata.id: kata for kata in bundled()}
UNUSUAL = sorted(
    name
    for name, value in vars(unusual).items()
    if callable(value) and not isinstance(value, type) and not name.startswith("_") and name.islower()
    if name not in ("writes", "events", "heads")
)
#: Several at once, each of them in one of these; alone they are tried by `make fairness`.
COMBINED = {
    "framing": ("crlf", "comments_between_fields", "no_space_after_the_colon", "unknown_fields", "byte_order_mark"),
    "spelling": ("json_backwards", "json_with_more_keys", "json_on_many_lines", "odd_pieces"),
    "carriage returns": ("cr", "comments_before_and_after", "blank_lines_more", "every_byte_alone"),
    "header fields": ("charset_oddly_spaced", "many_headers", "upper_case_names", "connection_close"),
    "life": ("heartbeats_all_the_time", "another_task_sends", "head_and_options", "slow_start"),
    "noise": ("talkative", "many_turns", "empty_writes", "mixed_line_ends", "no_lifespan"),
    "more of it": ("json_in_utf_8", "data_before_the_rest", "two_kilobytes_of_padding", "charset", "line_by_line"),
    "coding": ("compressed", "clock_of_its_own"),
    "and more": ("json_without_blanks", "retry_first", "parameters_nobody_knows", "cache_control_at_length"),
}
SETTINGS = {
    ("kata-1", "--loop", "uvloop"),
    ("kata-1", "--http", "httptools"),
    *((kata, "--loop", "uvloop", "--http", "httptools") for kata in KATAS),
}


def wrapped(folder: Path, kata: str, *names: str) -> str:
    """The kata's solution, wrapped; returns the file."""
    source = (KATAS[kata].solutions / "app.py").read_text("utf-8")
    shutil.copy(unusual.__file__, folder)
    wrapping = [f"app = unusual.{name}(app)" for name in names]
    file = folder / "app.py"
    file.write_text("\n".join([source, "import unusual  # noqa: E402", *wrapping, ""]), "utf-8")
    return str(file)


def full_marks(grade: Grade, kata: str, file: str, *options: str) -> None:
    done = grade(kata, "--app", file, *options, json_report=True)
    assert {check: outcome for check, outcome in done.outcomes().items() if outcome != "passed"} == {}, done.out
    assert done.code == 0


def test_there_are_many_of_them() -> None:
    assert len(UNUSUAL) >= 30
    assert {name for names in COMBINED.values() for name in names} == set(UNUSUAL)


@pytest.mark.long
@pytest.mark.parametrize("name", UNUSUAL)
def test_kata_1_in_an_unusual_way(name: str, tmp_path: Path, grade: Grade) -> None:
    full_marks(grade, "kata-1", wrapped(tmp_path, "kata-1", name))


@pytest.mark.parametrize("names", COMBINED)
@pytest.mark.parametrize("kata", KATAS)
def test_several_unusual_ways_at_once(kata: str, names: str, tmp_path: Path, grade: Grade) -> None:
    full_marks(grade, kata, wrapped(tmp_path, kata, *COMBINED[names]))


@pytest.mark.parametrize("settings", sorted(SETTINGS), ids=" ".join)
def test_other_parts_of_the_server(settings: tuple[str, ...], grade: Grade) -> None:
    kata, *options = settings
    full_marks(grade, kata, str(KATAS[kata].solutions / "app.py"), *options)
