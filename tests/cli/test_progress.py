"""Long work shows itself: a bar where somebody watches, which is gone when the work is done, and a line elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.cli.console import progress_of
from tests.small_kata import make_kata, write
from tests.terminal import Terminal

if TYPE_CHECKING:
    from tests.conftest import Grade

pytestmark = pytest.mark.cold


def test_a_grade_shows_how_far_it_is_on_a_terminal(tmp_path: Path) -> None:
    make_kata(tmp_path)
    with Terminal("77", cwd=tmp_path, rows=40) as terminal:
        assert terminal.wait_for_end() == 1
        drawn = terminal.raw.decode()
        text = terminal.text()
        assert terminal.is_as_before
    assert "\x1b[?25l" in drawn  # the cursor is hidden while the bar is there
    assert "2/2" in drawn
    assert drawn.index("2/2") < drawn.index("Small echo")
    assert text.lstrip().startswith("Kata 77: Small echo")
    assert "2/2" not in text


def test_without_colours_there_are_none_in_the_bar(tmp_path: Path) -> None:
    make_kata(tmp_path)
    with Terminal("77", "--color", "never", cwd=tmp_path) as terminal:
        terminal.wait_for_end()
        assert "\x1b[3" not in terminal.raw.decode()


def test_nothing_is_shown_where_nobody_watches(tmp_path: Path, grade: Grade) -> None:
    make_kata(tmp_path)
    assert grade("77", cwd=tmp_path).err == ""


def test_elsewhere_a_line_comes_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("grader.cli.console.time.monotonic", lambda: now[0])
    with progress_of("apps graded") as tell:
        for seconds, done, total in [(1, 0, 0), (29, 3, 9), (40, 0, 0), (41, 4, 9), (60, 5, 9), (72, 9, 9)]:
            now[0] = seconds
            tell(done, total)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "apps graded: 4 of 9\napps graded: 9 of 9\n"


WAITING = '''
    """Kata 77: an echo, whose second check waits."""

    from pathlib import Path

    from grader.spec import Client, check


    @check(points=1, requirement="RFC 9110 8.3: A sender says in Content-Type what the content is.")
    def test_is_json(client: Client) -> None:
        """the answer is JSON"""
        assert client.get("/").content_type == "application/json"


    @check(points=2, requirement="RFC 9110 8.3: A sender says in Content-Type what the content is.")
    def test_waits() -> None:
        """somebody lets it end"""
        assert Path("{fifo}").read_text("utf-8")
'''
APP = """
    import time

    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/")
    async def root():
        {body}
"""
FOUND = {
    "a failure": ('raise KeyError("k")', "so far: the answer is JSON: The app raised KeyError: 'k' in app.py:9"),
    "a blocked event loop": ("return time.sleep(0.5)", "so far: The event loop was blocked for 0."),
}


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("words", ["77", "watch 77"])
def test_what_is_wrong_is_said_while_the_rest_is_graded(words: str, name: str, tmp_path: Path) -> None:
    body, said = FOUND[name]
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    kata = make_kata(tmp_path)
    write(kata / "spec" / "test_echo.py", WAITING.format(fifo=fifo))
    kata.joinpath("spec", "hints.toml").write_text("", "utf-8")
    write(kata / "app.py", APP.format(body=body))
    with Terminal(*words.split(), cwd=tmp_path) as terminal:
        terminal.wait_for(said)
        fifo.write_text("end", "utf-8")
        terminal.wait_for("of 3 points")
        assert "so far" not in terminal.text()
