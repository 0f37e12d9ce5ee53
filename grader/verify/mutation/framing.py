"""Mistakes in how a stream is announced and framed (WHATWG HTML 9.2)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.verify.mutation.operator import Changes, operator
from grader.verify.mutation.source import Edit, Source, called_name

_MEDIA_TYPES = {
    "text/event-stream": "text/plain",
    "application/problem+json": "application/json",
    "application/x-ndjson": "application/json",
}
#: A blank line as it is written in a literal, and the text when half of it is missing.
_BLANK_LINES = {r"\r\n\r\n": r"\r\n", r"\n\n": r"\n", r"\r\r": r"\r"}

#: Where a field may start: a word's border, or an escaped line ending, whose letter is not part of the word.
_START = r"(?:\b|(?<=\\n)|(?<=\\r))"


def _literals(source: Source) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Strings and bytes as they are written; not docstrings, and not the parts of an f-string by themselves."""
    yield from source.every(ast.JoinedStr)
    for constant in source.every(ast.Constant):
        inside = any(isinstance(above, ast.JoinedStr) for above in source.ancestors(constant))
        if isinstance(constant.value, str | bytes) and not inside and not source.is_docstring(constant):
            yield constant


def _in_literals(source: Source, pattern: str, becomes: str) -> Changes:
    """Each place in a literal's text that matches ``pattern``."""
    for node in _literals(source):
        start, _ = source.span(node)
        for found in re.finditer(pattern, source.segment(node)):
            yield (Edit(start + found.start(), start + found.end(), found.expand(becomes)),)


@operator("announces another media type")
def media_type_changed(source: Source) -> Changes:
    for right, wrong in _MEDIA_TYPES.items():
        yield from _in_literals(source, re.escape(right), wrong)


@operator("leaves the media type to the framework")
def media_type_dropped(source: Source) -> Changes:
    for node in source.every(ast.keyword):
        if node.arg == "media_type":
            yield (source.replaced(node, "**{}"),)


@operator("ends an event with one line ending instead of two")
def blank_line_dropped(source: Source) -> Changes:
    for right, wrong in _BLANK_LINES.items():
        yield from _in_literals(source, re.escape(right), wrong.replace("\\", r"\\"))


@operator("leaves out a field's name")
def field_name_dropped(source: Source) -> Changes:
    yield from _in_literals(source, rf"{_START}(data|event|id|retry): ?", "")


@operator("misspells a field's name")
def field_name_changed(source: Source) -> Changes:
    yield from _in_literals(source, rf"{_START}(data|event|id|retry):", r"x\1:")


@operator("writes `data:` twice")
def data_doubled(source: Source) -> Changes:
    yield from _in_literals(source, rf"{_START}data: ?", r"\g<0>\g<0>")


@operator("leaves out a field of an event")
def event_field_dropped(source: Source) -> Changes:
    for node in source.every(ast.keyword):
        if node.arg in ("event", "id", "retry", "comment"):
            yield (source.replaced(node, "**{}"),)


@operator("sends Python's notation instead of JSON")
def repr_for_json(source: Source) -> Changes:
    for node in source.every(ast.Call):
        if called_name(node) == "dumps" and node.args:
            yield (source.replaced(node, f"str({source.segment(node.args[0])})"),)
        if called_name(node) == "model_dump_json" and isinstance(node.func, ast.Attribute):
            yield (source.replaced(node, f"str({source.segment(node.func.value)}.model_dump())"),)
