"""A page as a test reads it: its elements in order, what hangs in them, and the text of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "br", "hr", "img", "input", "link", "base", "embed"}
#: SVG's elements that the page closes as it opens them.
_SHAPES = {"line", "rect", "path"}


@dataclass
class Element:
    """One element, with the elements in it, and all text in it."""

    tag: str
    attributes: dict[str, str]
    inside: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its text with single blanks."""
        return " ".join("".join(self.texts).split())

    def all(self, tag: str = "", of: str = "") -> list[Element]:
        """The elements in it with this tag and this class, in order."""
        found = [deep for one in self.inside for deep in (one, *one.all())]
        return [
            one for one in found if tag in ("", one.tag) and (not of or of in one.attributes.get("class", "").split())
        ]

    def one(self, tag: str = "", of: str = "") -> Element:
        """The only one of these."""
        (found,) = self.all(tag, of)
        return found

    def says(self, tag: str = "", of: str = "") -> list[str]:
        """The texts of these."""
        return [one.text for one in self.all(tag, of)]


class _Reader(HTMLParser):
    """Reads strictly: everything that is opened is closed, in the right order, and no attribute is there twice."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        assert len(attributes) == len(attrs), f"an attribute of <{tag}> is there twice: {attrs}"
        element = Element(tag, attributes)
        self._open[-1].inside.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _SHAPES, f"<{tag}/> closes itself"
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        element = self._open.pop()
        assert element.tag == tag, f"</{tag}> closes <{element.tag}>"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"a processing instruction: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def close(self) -> None:
        super().close()
        assert self._open == [self.root], f"<{self._open[-1].tag}> is never closed"


def read(page: str) -> Element:
    """``page`` as its root, whose only element is <html>."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.root
