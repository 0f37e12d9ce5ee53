"""docs/protocol.md tells the truth: its examples are played against the grader's own upstream."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from grader import wire
from grader.probe.gate import MOST_CONNECTIONS, MOST_OUTSTANDING, Gate, UpstreamServer
from tests.conftest import DEADLINE, ROOT

PAGE = (ROOT / "docs" / "protocol.md").read_text("utf-8")
EXAMPLES = re.findall(r"```wire\n(.*?)```", PAGE, re.DOTALL)
REFUSED = {"error": "the upstream knows no such request"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an example: who speaks, and the message, or what it does."""

    speaker: str
    text: str

    @property
    def message(self) -> object:
        return json.loads(self.text)


def lines_of(example: str) -> list[Line]:
    return [Line(*line.split(maxsplit=1)) for line in example.splitlines()]


def results_of(lines: list[Line]) -> list[wire.Result]:
    """What the example's upstream gives out."""
    said = [line.text for line in lines if line.speaker == "upstream" and line.text.startswith("{")]
    return [wire.read_result(text.encode()) for text in said]


class Upstream:
    """The grader's upstream, which is about to give out what an example shows."""

    def __init__(self, lines: list[Line]) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = listener.getsockname()
        self.server = UpstreamServer(listener)
        self.gate = self._gate(lines)

    def _gate(self, lines: list[Line]) -> Gate | None:
        opening, results = wire.read_opening(lines[0].text.encode()), results_of(lines)
        if opening is None or wire.Failure(REFUSED["error"]) in results:
            return None
        assert isinstance(opening.key, str)
        gate = self.server.open_gate(opening.key, lambda *_: None)
        gate.give([result.text for result in results if isinstance(result, wire.Item)])
        match results[-1] if results else None:
            case wire.End.END:
                gate.finish()
            case wire.Failure(message):
                gate.finish(error=message)
        return gate

    def wait(self, condition: Callable[[], bool]) -> None:
        with self.server.news:
            assert self.server.news.wait_for(condition, DEADLINE)


class Kit:
    """A kit that has nothing but this page."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._socket = socket.create_connection(upstream.address, timeout=DEADLINE)
        self._lines = self._socket.makefile("rb")

    def play(self, line: Line) -> None:
        match line.speaker, line.text:
            case "kit", "closes":
                self.close()
                gate = self._upstream.gate
                if gate is not None:
                    self._upstream.wait(lambda: gate.streams == 1 and gate.open_streams == 0)
            case "kit", text:
                self._socket.sendall(text.encode() + b"\n")
            case "upstream", "closes":
                assert self._lines.read() == b""
            case "upstream", "aborts":
                with pytest.raises(ConnectionResetError):
                    self._lines.read()
            case "upstream", _:
                assert json.loads(self._lines.readline()) == line.message
            case _:
                raise AssertionError(line)

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


@pytest.fixture
def play() -> Iterator[Callable[[str], None]]:
    """Play an example, from its first line to its last."""
    upstreams: list[Upstream] = []
    kits: list[Kit] = []

    def play(example: str) -> None:
        lines = lines_of(example)
        upstreams.append(Upstream(lines))
        kits.append(Kit(upstreams[-1]))
        for line in lines:
            kits[-1].play(line)

    yield play
    for kit in kits:
        kit.close()
    for upstream in upstreams:
        upstream.server.close()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.splitlines()[0][10:40])
def test_an_example_goes_as_it_is_written(example: str, play: Callable[[str], None]) -> None:
    play(example)


def test_there_is_an_example_of_each_message() -> None:
    lines = [line for example in EXAMPLES for line in lines_of(example)]
    results = {type(result) for example in EXAMPLES for result in results_of(lines_of(example))}
    assert results == {wire.Item, wire.End, wire.Failure}
    assert {line.text for line in lines if not line.text.startswith(("{", "GET"))} == {
        "pull",
        "push",
        "closes",
        "aborts",
    }


def test_the_numbers_and_names_are_the_codes() -> None:
    limits = re.findall(r"^\| [^|]+ \| ([\d,]+) \|", PAGE, re.MULTILINE)
    known = [wire.LONGEST_LINE, wire.LONGEST_LINE, MOST_CONNECTIONS, MOST_OUTSTANDING, MOST_OUTSTANDING]
    assert [int(limit.replace(",", "")) for limit in limits] == known
    assert f"`{wire.UPSTREAM_VARIABLE}`" in PAGE
    assert f"`{wire.CHECK_IS_OVER}`" in PAGE
