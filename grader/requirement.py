"""Where a rule is written: a citation such as "RFC 9110 12.5.1", and the address of that section."""

from __future__ import annotations

import re

#: The multipage edition finds the page for an anchor by itself, which keeps the address within a line.
_HTML = "https://html.spec.whatwg.org/multipage/"
_WHATWG = {
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


def link(citation: str) -> str:
    """The address of the section that ``citation`` names, or "" when it is the kata's own README."""
    if found := re.match(r"RFC (\d+)(?: ([\d.]+))?", citation):
        section = f"#section-{found[2]}" if found[2] else ""
        return f"https://www.rfc-editor.org/rfc/rfc{found[1]}{section}"
    if found := re.match(r"WHATWG HTML ([\d.]+)", citation):
        return _HTML + _WHATWG.get(found[1], "")
    return next((address for name, address in _OTHERS.items() if citation.startswith(name)), "")
