"""What a class was graded by before is not lost because somebody forgets to name it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.classes.forgotten import changed_settings, require_named
from grader.classes.model import Bounds, Late, Settings
from grader.classes.source import Source
from grader.errors import UsageError
from grader.report.feedback import Feedback
from tests.classes.hand import make_ledger
from tests.small_kata import write

DEADLINE = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)


def source_with(named: str, file: Path) -> Source:
    """The command names this file as its class.toml, or as its roster."""
    is_roster = named == "--roster"
    roster, class_file = (file, None) if is_roster else (None, file)
    return Source(file.parent / "class", ("kata-77",), roster=roster, class_file=class_file)


def graded(root: Path, source: Source) -> Path:
    """Results of a run."""
    with make_ledger(root / "results", Settings(deadline=DEADLINE, feedback=Feedback.TITLES)) as ledger:
        ledger.keep_facts({"source": source.encode()})
    return root / "results"


@pytest.mark.parametrize("option", ["--class", "--roster"])
def test_a_file_that_was_named_before_is_named_again(tmp_path: Path, option: str) -> None:
    file = write(tmp_path / "file.txt", "")
    results = graded(tmp_path, source_with(option, file))
    forgetful = Source(tmp_path / "class", ("kata-77",))
    with pytest.raises(UsageError, match=f"{file}.* name it with {option}"):
        require_named(results, forgetful)
    require_named(results, source_with(option, tmp_path / "another.txt"))
    file.unlink()
    require_named(results, forgetful)


def test_nothing_is_asked_of_a_class_that_is_new_or_merged(tmp_path: Path) -> None:
    source = Source(tmp_path, ("kata-77",))
    require_named(tmp_path / "new", source)
    make_ledger(tmp_path / "merged").close()
    require_named(tmp_path / "merged", source)
    assert list(changed_settings(tmp_path / "new", Settings(deadline=DEADLINE))) == []


def test_settings_that_have_changed_are_named_as_in_the_file(tmp_path: Path) -> None:
    results = graded(tmp_path, Source(tmp_path / "class", ("kata-77",)))
    same = Settings(deadline=DEADLINE, feedback=Feedback.TITLES)
    assert list(changed_settings(results, replace(same, seed="another"))) == []
    assert list(changed_settings(results, Settings())) == ["deadline", "feedback"]
    changed = replace(same, late=Late(10), bounds=Bounds(files=5), limits=replace(same.limits, startup=5))
    assert list(changed_settings(results, changed)) == ["[late]", "[limits]"]
