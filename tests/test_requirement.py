"""Every rule that is cited has an address, and the kata's own README has none."""

from __future__ import annotations

import re

import pytest

from grader.catalog.packs import bundled
from grader.grading.plugin import checks_of
from grader.protocol import ndjson, sse_faults
from grader.protocol.http1_faults import HttpFaultKind
from grader.requirement import link
from tests.conftest import ROOT

CITED = {check.rule for kata in bundled() for check in checks_of(kata) if check.rule}
CITED |= {kind.rule for kinds in (ndjson.NdjsonFaultKind, sse_faults.SseFaultKind, HttpFaultKind) for kind in kinds}
#: What the two ends cite themselves, such as ``rule="RFC 9110 8.3"``.
CITED |= {
    rule
    for file in ROOT.joinpath("grader/probe").rglob("*.py")
    for rule in re.findall(r'"((?:RFC \d|WHATWG )[^"]*)"', file.read_text("utf-8"))
}


@pytest.mark.parametrize(
    ("citation", "address"),
    [
        ("RFC 9110 12.5.1", "https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1"),
        ("RFC 9110 15.6.3 and more", "https://www.rfc-editor.org/rfc/rfc9110#section-15.6.3"),
        ("RFC 9457", "https://www.rfc-editor.org/rfc/rfc9457"),
        ("WHATWG HTML 9.2.6", "https://html.spec.whatwg.org/multipage/#event-stream-interpretation"),
        ("WHATWG HTML 9.2.99", "https://html.spec.whatwg.org/multipage/"),
        ("ASGI lifespan", "https://asgi.readthedocs.io/en/latest/specs/lifespan.html"),
        ("Chat Completions, streaming", "https://platform.openai.com/docs/api-reference/chat-streaming"),
        ("JSON Schema", "https://json-schema.org/draft/2020-12"),
        ("", ""),
        ("this kata's README", ""),
        ("see RFC 9110", ""),
    ],
)
def test_a_citation_leads_to_its_section(citation: str, address: str) -> None:
    assert link(citation) == address


@pytest.mark.parametrize("citation", sorted(CITED))
def test_each_rule_that_is_cited_anywhere_has_an_address(citation: str) -> None:
    address = link(citation)
    assert address.startswith("https://")
    assert "#" in address or not re.search(r"^(RFC|WHATWG).* [\d.]+$", citation) or re.fullmatch(r"RFC \d+", citation)
