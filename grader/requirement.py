"""Citations of requirements, such as "RFC 9110 12.5.1", their sentences and addresses."""

from __future__ import annotations

import re

from grader.model import Requirement

#: The multipage edition finds the page for an anchor by itself, which keeps the address within a line.
_HTML = "https://html.spec.whatwg.org/multipage/"
_WHATWG = {
    "9.2.2": "#the-eventsource-interface",
    "9.2.3": "#sse-processing-model",
    "9.2.4": "#the-last-event-id-header",
    "9.2.5": "#parsing-an-event-stream",
    "9.2.6": "#event-stream-interpretation",
    "9.2.7": "#authoring-notes",
}
_OTHERS = {
    "Chat Completions": "https://platform.openai.com/docs/api-reference/chat-streaming",
    "ASGI HTTP": "https://asgi.readthedocs.io/en/latest/specs/www.html",
    "ASGI lifespan": "https://asgi.readthedocs.io/en/latest/specs/lifespan.html",
    "FastAPI": "https://fastapi.tiangolo.com/async/",
    "NDJSON": "https://github.com/ndjson/ndjson-spec",
    "JSON Schema": "https://json-schema.org/draft/2020-12",
}
#: A document, perhaps with a section or, after a comma, a subject: "RFC 9457", "NDJSON 3.1", "FastAPI, concurrency".
_CITATION = re.compile(rf"(?:RFC \d+|WHATWG HTML|{'|'.join(_OTHERS)})(?: \d+(?:\.\d+)*)?(?:, [\w ]+)?")

#: Citations of the grader itself, where no check states a requirement: one sentence of each section, in its own words.
_SENTENCES = {
    "RFC 8259 2": (
        "A JSON text is a sequence of tokens. The set of tokens includes six structural characters, strings, numbers, "
        "and three literal names."
    ),
    "RFC 8259 6": (
        "Numeric values that cannot be represented in the grammar below (such as Infinity and NaN) are not permitted."
    ),
    "RFC 8259 7": "A string begins and ends with quotation marks.",
    "RFC 8259 8.1": (
        "JSON text exchanged between systems that are not part of a closed ecosystem MUST be encoded using UTF-8."
    ),
    "RFC 8259 9": "An implementation may set limits on the maximum depth of nesting.",
    "RFC 9110 5.4": (
        "A client MAY discard or truncate received field lines that are larger than the client wishes to process if "
        "the field semantics are such that the dropped value(s) can be safely ignored without changing the message "
        "framing or response semantics."
    ),
    "RFC 9110 8.3": (
        "Although Content-Type is defined as a singleton field, it is sometimes incorrectly generated multiple times, "
        "resulting in a combined field value that appears to be a list."
    ),
    "RFC 9112 2.2": (
        "Although the line terminator for the start-line and fields is the sequence CRLF, a recipient MAY recognize a "
        "single LF as a line terminator and ignore any preceding CR."
    ),
    "RFC 9112 4": (
        "The first line of a response message is the status-line, consisting of the protocol version, a space (SP), "
        "the status code, and another space and ending with an OPTIONAL textual phrase describing the status code."
    ),
    "RFC 9112 5": (
        'Each field line consists of a case-insensitive field name followed by a colon (":"), optional leading '
        "whitespace, the field line value, and optional trailing whitespace."
    ),
    "RFC 9112 6.2": (
        "A sender MUST NOT send a Content-Length header field in any message that contains a Transfer-Encoding header "
        "field."
    ),
    "RFC 9112 6.3": (
        "A client MUST NOT process, cache, or forward such extra data as a separate response, since such behavior "
        "would be vulnerable to cache poisoning."
    ),
    "RFC 9112 7.1": (
        "The chunked transfer coding wraps content in order to transfer it as a series of chunks, each with its own "
        "size indicator, followed by an OPTIONAL trailer section containing trailer fields."
    ),
    "RFC 9112 8": (
        "A client that receives an incomplete response message, which can occur when a connection is closed "
        "prematurely or when decoding a supposedly chunked transfer coding fails, MUST record the message as "
        "incomplete."
    ),
    "RFC 9112 9.6": "To avoid the TCP reset problem, servers typically close a connection in stages.",
    "WHATWG HTML 9.2.2": (
        "Otherwise, if res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail the "
        "connection."
    ),
    "WHATWG HTML 9.2.5": "Event streams in this format must always be encoded as UTF-8.",
    "WHATWG HTML 9.2.6": "Otherwise: The field is ignored.",
    "WHATWG HTML 9.2.6, data field": (
        "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character to the data "
        "buffer."
    ),
    "WHATWG HTML 9.2.6, decoding": (
        "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any."
    ),
    "WHATWG HTML 9.2.6, id field": (
        "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value. "
        "Otherwise, ignore the field."
    ),
    "WHATWG HTML 9.2.6, retry field": (
        "If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten, "
        "and set the event stream's reconnection time to that integer. Otherwise, ignore the field."
    ),
    "WHATWG HTML 9.2.6, end of the file": (
        "If the file ends in the middle of an event, before the final empty line, the incomplete event is not "
        "dispatched."
    ),
    "WHATWG HTML 9.2.7": (
        "To protect against such proxy servers, authors can include a comment line (one starting with a ':' character) "
        "every 15 seconds or so."
    ),
    "NDJSON 3.1": "Each JSON text MUST be written to the stream followed by the newline character.",
    "NDJSON 3.2": "The parser MAY silently ignore empty lines.",
    "NDJSON 3.3": "The media type for newline-delimited JSON SHOULD be application/x-ndjson.",
}


def parse(text: str) -> Requirement:
    """Read what an author writes, such as "RFC 9110 8.3: A sender ...".

    Without a citation that is known, all of it is a sentence of the kata's README. White space is folded to one line.
    """
    line = " ".join(text.split())
    source, colon, sentence = line.partition(": ")
    if colon and _CITATION.fullmatch(source):
        return Requirement(source, sentence)
    return Requirement("", line)


def cited(source: str) -> Requirement:
    """The requirement of a section that the grader itself cites. Raises KeyError where its sentence is unknown."""
    return Requirement(source, _SENTENCES[source])


def link(source: str) -> str:
    """The address of the section that ``source`` names, or "" when it is the kata's own README."""
    if found := re.match(r"RFC (\d+)(?: ([\d.]+))?", source):
        section = f"#section-{found[2]}" if found[2] else ""
        return f"https://www.rfc-editor.org/rfc/rfc{found[1]}{section}"
    if found := re.match(r"WHATWG HTML ([\d.]+)", source):
        return _HTML + _WHATWG.get(found[1], "")
    return next((address for name, address in _OTHERS.items() if source.startswith(name)), "")
