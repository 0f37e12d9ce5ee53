"""Keys as they are pressed, and a terminal that is left as it was found."""

from __future__ import annotations

import os
import pty
import termios
from collections.abc import Iterator

import pytest

from grader.learner.watch.keys import DOWN, UP, Keys, keys

LFLAG = 3  # where tcgetattr has the local modes


class Ends:
    """A pseudo-terminal: a person types at one end, a program reads at the other."""

    def __init__(self) -> None:
        self._person, self.program = pty.openpty()
        self._is_open = True

    def types(self, text: str) -> None:
        os.write(self._person, text.encode())

    def hangs_up(self) -> None:
        if self._is_open:
            os.close(self._person)
        self._is_open = False


@pytest.fixture
def ends() -> Iterator[Ends]:
    both = Ends()
    yield both
    both.hangs_up()
    os.close(both.program)


@pytest.mark.parametrize(
    ("typed", "pressed"),
    [
        ("h", ["h"]),
        ("HdQ", ["h", "d", "q"]),
        ("\r", ["enter"]),
        ("\n", ["enter"]),
        (" ", ["enter"]),
        ("\x1b[A", [UP]),
        ("\x1bOA", [UP]),
        ("\x1b[B", [DOWN]),
        ("\x1bOB", [DOWN]),
        ("\x1b[B\x1b[Bq", [DOWN, DOWN, "q"]),
        ("é", ["é"]),
        ("", []),
    ],
)
def test_each_key_has_one_name(typed: str, pressed: list[str]) -> None:
    assert keys(typed) == pressed


@pytest.mark.parametrize(
    "sequence",
    ["\x1b[D", "\x1b[5~", "\x1b[1;5D", "\x1b[200~", "\x1b[<0;12;5M", "\x1b[?1;2c", "\x1bOQ", "\x1b"],
    ids=["left", "page up", "control-left", "paste", "mouse", "attributes", "F2", "escape"],
)
def test_what_means_nothing_here_is_passed_over_as_a_whole(sequence: str) -> None:
    assert keys(sequence) == []
    assert keys(f"h{sequence}d") == ["h", "d"]


def test_keys_come_at_once_and_unseen_and_control_c_is_no_key(ends: Ends) -> None:
    with Keys(ends.program) as pressed:
        assert pressed.fileno() == ends.program
        ends.types("h")
        assert pressed.read() == ["h"]
        modes = termios.tcgetattr(ends.program)[LFLAG]
        assert modes & (termios.ICANON | termios.ECHO) == 0
        assert modes & termios.ISIG


def test_control_z_is_no_more_than_a_key_that_means_nothing(ends: Ends) -> None:
    suspends = termios.tcgetattr(ends.program)[6][termios.VSUSP]
    with Keys(ends.program) as pressed:
        assert termios.tcgetattr(ends.program)[6][termios.VSUSP] != suspends
        ends.types("\x1ah")
        assert pressed.read() == ["\x1a", "h"]
    assert termios.tcgetattr(ends.program)[6][termios.VSUSP] == suspends


def test_the_terminal_is_left_as_it_was_found_whatever_happens(ends: Ends) -> None:
    def break_down() -> None:
        with Keys(ends.program):
            assert termios.tcgetattr(ends.program) != before
            raise ZeroDivisionError

    before = termios.tcgetattr(ends.program)
    with pytest.raises(ZeroDivisionError):
        break_down()
    assert termios.tcgetattr(ends.program) == before


@pytest.mark.parametrize("parts", [("\x1b", "[D"), ("\x1b[", "D"), ("\x1b[1;", "5D"), ("\x1bO", "D")])
def test_a_sequence_that_arrives_in_two_parts_is_one_key(parts: tuple[str, str], ends: Ends) -> None:
    with Keys(ends.program) as pressed:
        found: list[str] = []
        for part in (f"h{parts[0]}", f"{parts[1]}q"):
            ends.types(part)
            found += pressed.read() or ["gone"]
    assert found == ["h", "q"]


def test_the_escape_key_holds_back_no_other(ends: Ends) -> None:
    with Keys(ends.program) as pressed:
        ends.types("\x1b")
        assert pressed.read() == []
        ends.types("q")
        assert pressed.read() == ["q"]


def test_a_terminal_that_is_gone_gives_no_keys_and_needs_no_restoring(ends: Ends) -> None:
    with Keys(ends.program) as pressed:
        ends.hangs_up()
        assert pressed.read() is None
