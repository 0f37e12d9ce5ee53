"""Help texts name one thing in one way."""

from __future__ import annotations

import re

import click
import pytest

from grader.cli.main import COMMANDS, cli


def capitals_of(name: str) -> set[str]:
    """The names in capitals in a command's help: those of its arguments and of its options' values."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return set(re.findall(r"\b[A-Z]+(?: RANGE)?\b", command.get_help(click.Context(command, info_name=name))))


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "doctor"])
def test_a_folder_is_dir_and_a_number_is_a_letter_everywhere(name: str) -> None:
    assert "DIR" in capitals_of(name)
    assert not {"FOLDER", "DIRECTORY", "PATHNAME", "INTEGER", "INTEGER RANGE", "FLOAT RANGE"} & capitals_of(name)
