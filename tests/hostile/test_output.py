"""Nothing that a learner's app says gets further than the eye: not on a terminal, not in the page, not in the watch."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from grader.learner.watch.state import State
from grader.learner.watch.view import Frame, line, screen
from grader.model import Report
from grader.protocol.transcript import Act
from grader.report import html, terminal
from grader.text import visible
from tests.hostile.corpus import CORPUS, OWNED, TEXTS, as_bytes
from tests.hostile.places import GROUPS, PLACES, filled
from tests.report.pages import Element, read
from tests.report.samples import MIXED
from tests.tiny import write_kata

if TYPE_CHECKING:
    from tests.conftest import Grade

PLAIN = "an otter"
_SGR = re.compile(r"\x1b\[[0-9;]*m")
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def console() -> Console:
    """A terminal with all colours, as `grade --color always` has it."""
    return Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=100, height=60)


def written(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def on_terminal(report: Report) -> str:
    out = console()
    terminal.show(report, out)
    return written(out)


def in_watch(state: State) -> str:
    out = console()
    app = Path(state.report.app if state.report else "app.py")
    out.print(screen(state, Frame("Small echo", app), out)[0])
    return written(out)


def without_colours(shown: str, benign: str) -> str:
    """What is written to a terminal, without the colours that the report of a benign app has, too."""
    known = set(_SGR.findall(benign))
    return _SGR.sub(lambda found: "" if found[0] in known else found[0], shown)


def leaks(shown: str) -> list[str]:
    """What is in ``shown`` that moves the cursor, reorders text or shows nothing, with what stands around it."""
    if shown.replace("\n", "").isprintable():  # says the same of nearly all texts, and quickly
        return []
    bad = (at for at, char in enumerate(shown) if char != "\n" and unicodedata.category(char) in _UNSAFE)
    return [ascii(shown[max(0, at - 30) : at + 30]) for at in bad][:3]


def squeezed(text: str) -> str:
    """Without blanks and line ends: wherever a line was broken, it reads the same."""
    return "".join(text.split())


def misread(show: Callable[[Report], str], fill: Callable[[str | bytes], Report]) -> dict[str, list[str]]:
    """What of the corpus leaks from where ``fill`` puts it into the report that ``show`` shows."""
    benign = show(fill(PLAIN))
    assert PLAIN in benign
    found = {name: leaks(without_colours(show(fill(item)), benign)) for name, item in CORPUS.items()}
    return {name: leaking for name, leaking in found.items() if leaking}


# -- the terminal -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_the_terminal_obeys_nothing_of_it(group: str) -> None:
    assert misread(on_terminal, lambda item: filled(item, group)) == {}


def test_whole_pictures_on_the_terminal_obey_nothing_of_it() -> None:
    def show(report: Report) -> str:
        out = console()
        terminal.show(report, out, verbose=True)
        return written(out)

    assert misread(show, lambda item: filled(item, "all else")) == {}


# -- the watch --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["headline", "all else", "boot failure"])
def test_the_watch_obeys_nothing_of_it(group: str) -> None:
    assert misread(lambda report: in_watch(State(report, runs=1)), lambda item: filled(item, group)) == {}


def test_the_details_of_the_watch_obey_nothing_of_it() -> None:
    details = State(runs=1, details=True)
    assert (
        misread(lambda report: in_watch(replace(details, report=report)), lambda item: filled(item, "all else")) == {}
    )


@pytest.mark.parametrize("group", ["headline", "boot failure"])
def test_the_line_of_a_watch_without_a_terminal_is_one_line(group: str) -> None:
    lines = {name: line(State(filled(item, group), runs=1)) for name, item in CORPUS.items()}
    assert {name: shown for name, shown in lines.items() if leaks(shown) or "\n" in shown} == {}


def test_what_troubles_a_watch_is_obeyed_nowhere() -> None:
    def show(words: str) -> str:
        state = State().troubled(words)
        return in_watch(state) + line(state)

    benign = show(PLAIN)
    assert PLAIN in benign
    found = {name: leaks(without_colours(show(text), benign)) for name, text in TEXTS.items()}
    assert {name: leaking for name, leaking in found.items() if leaking} == {}


# -- the page ---------------------------------------------------------------------------------------------------------

#: What says where in a picture something is drawn.
_GEOMETRY = {"x", "y", "x1", "x2", "y1", "y2", "d", "width", "height", "viewbox"}


def structure(page: Element) -> list[tuple[str, dict[str, str]]]:
    """The elements of a page with their attributes, but for where they are drawn, and for what is set as code."""
    for element in page.all("code"):
        assert element.attributes == {}
    found = [
        (element.tag, {name: value for name, value in element.attributes.items() if name not in _GEOMETRY})
        for element in page.all()
        if element.tag != "code"
    ]
    # A text that is longer may take more lines of a picture, each of which is an element.
    return [item for item, before in zip(found, [None, *found], strict=False) if item[0] != "text" or item != before]


@cache
def pages(group: str) -> dict[str, str]:
    """The page for each item of the corpus, where it stands in all places of ``group``."""
    return {name: html.render(filled(item, group)) for name, item in CORPUS.items()}


@pytest.mark.parametrize("group", GROUPS)
def test_the_page_has_no_element_or_attribute_of_it(group: str) -> None:
    benign = structure(read(html.render(filled(PLAIN, group))))
    for name, written in pages(group).items():
        page = read(written)
        assert structure(page) == benign, name
        assert page.one("title").text == "0 of 2 – Small echo" or group == "boot failure", name


@pytest.mark.parametrize("group", GROUPS)
def test_the_page_holds_no_character_that_cannot_be_seen(group: str) -> None:
    assert {name: leaks(page) for name, page in pages(group).items() if leaks(page)} == {}


# -- and still it can be read -----------------------------------------------------------------------------------------


def text_on_terminal(report: Report) -> str:
    return _SGR.sub("", on_terminal(report))


def text_of_page(report: Report) -> str:
    return read(html.render(report)).one("body").text


SHOWS = pytest.mark.parametrize("show", [text_on_terminal, text_of_page], ids=["terminal", "page"])


@SHOWS
def test_whatever_it_says_can_be_read_as_it_is(show: Callable[[Report], str]) -> None:
    for name, text in TEXTS.items():
        assert squeezed(visible(text, 500)[:40]) in squeezed(show(filled(text, "headline"))), name


#: A note, for which the headline speaks, and what acts hold whose names tell everything.
UNSEEN = {
    *(("data", act.value) for act in Act if act not in (Act.SENT, Act.CHUNK, Act.GAVE)),
    *(("all else", f"{act.value} in detail") for act in (Act.CHUNK, Act.ENDED, Act.GAVE, Act.FINISHED, Act.CLOSED)),
    ("all else", "note"),
}


@SHOWS
@pytest.mark.parametrize(("group", "place"), PLACES)
def test_all_these_places_are_seen_by_a_reader(group: str, place: str, show: Callable[[Report], str]) -> None:
    assert (PLAIN in show(filled(PLAIN, group, place))) is ((group, place) not in UNSEEN)


# -- from an app to both ----------------------------------------------------------------------------------------------

#: Answers /NUMBER with that item of the corpus as body and as media type, and logs them all as it falls over.
APP = """
    import json, sys
    from pathlib import Path

    ITEMS = [bytes.fromhex(item) for item in json.loads(Path(__file__).with_name("items.json").read_text())]
    LINES = [b" ".join(ITEMS[at : at + 4])[:400] for at in range(0, len(ITEMS), 4)]

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        if scope["path"] == "/fall":
            sys.stdout.buffer.write(b"\\n".join(LINES))
            raise RuntimeError(b"\\n".join(LINES).decode("utf-8", "surrogateescape"))
        item = ITEMS[int(scope["path"][1:])]
        kind = item.translate(None, b"\\0\\r\\n").strip()[:200]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": item})
"""
CHECK = '''
    @check(points=1)
    def test_{number}(client: Client) -> None:
        """it is answered as ever"""
        response = client.get("/{number}")
        assert (response.content_type, response.body()) == ("text/plain", b"hello"), "media type and body"
'''
LAST = '''
    @check(points=1)
    def test_falls(client: Client) -> None:
        """it does not fall"""
        assert client.get("/fall").status == 200, "status"
'''


def kinds(page: Element) -> set[tuple[str, str]]:
    """Which elements have which attributes."""
    return {(one.tag, name) for one in page.all() for name in (*one.attributes, "")}


def test_what_an_app_sends_and_logs_is_shown_and_never_obeyed(tmp_path: Path, grade: Grade) -> None:
    checks = "".join(CHECK.format(number=number) for number in range(len(CORPUS)))
    kata = write_kata(tmp_path, checks + LAST, app=APP)
    items = [as_bytes(item).hex() for item in CORPUS.values()]
    Path(kata, "items.json").write_text(json.dumps(items), "utf-8")
    file = tmp_path / "report.html"
    done = grade(kata, "--html", str(file), "--color", "always", TERM="xterm-256color")
    shown = without_colours(done.out, on_terminal(MIXED))
    assert done.code == 1, done.err
    assert leaks(shown) == []
    assert "[bold red]red[/bold red]" in shown
    written = file.read_text("utf-8")
    page = read(written)
    assert leaks(written) == []
    assert kinds(page) <= kinds(read(html.render(MIXED)))
    assert page.one("title").text == f"0 of {len(CORPUS) + 1} – Tiny"
    assert f"<script>{OWNED}</script>" in page.one("body").text
    assert [one for one in page.all("pre") if "RuntimeError" in one.text]
