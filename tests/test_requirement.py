"""Every requirement that is cited has a sentence and an address; the kata's own README has no address."""

from __future__ import annotations

import re

import pytest

from grader.catalog.packs import bundled
from grader.grading.collect import checks_of
from grader.model import Requirement
from grader.protocol import ndjson, sse_faults
from grader.protocol.http1_faults import HttpFaultKind
from grader.requirement import cited, link, parse
from tests.conftest import ROOT

STATED = {check.requirement for kata in bundled() for check in checks_of(kata)}
#: What the two ends cite themselves, such as ``cited("RFC 9110 8.3")``, and what the readers of the protocols do.
CITED = {kind.rule for kinds in (ndjson.NdjsonFaultKind, sse_faults.SseFaultKind, HttpFaultKind) for kind in kinds}
CITED |= {
    source
    for file in ROOT.joinpath("grader/probe").rglob("*.py")
    for source in re.findall(r'"((?:RFC \d|WHATWG |NDJSON \d)[^"]*)"', file.read_text("utf-8"))
}
SOURCES = CITED | {stated.source for stated in STATED if stated is not None and stated.source}


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


@pytest.mark.parametrize(
    ("written", "requirement"),
    [
        ("RFC 9110 8.3: A sender does.", Requirement("RFC 9110 8.3", "A sender does.")),
        ("RFC 9457: It: a document.", Requirement("RFC 9457", "It: a document.")),
        ("WHATWG HTML 9.2.6:  A\n line ends.", Requirement("WHATWG HTML 9.2.6", "A line ends.")),
        ("FastAPI, path operations: An endpoint.", Requirement("FastAPI, path operations", "An endpoint.")),
        ("NDJSON 3.1: A line.", Requirement("NDJSON 3.1", "A line.")),
        (" The last\n  message counts.", Requirement("", "The last message counts.")),
        ("Stream: `200`, at once", Requirement("", "Stream: `200`, at once")),
        ("See RFC 9110 8.3: there.", Requirement("", "See RFC 9110 8.3: there.")),
        ("RFC 9110 8.3", Requirement("", "RFC 9110 8.3")),
    ],
)
def test_a_requirement_is_a_sentence_perhaps_with_a_citation(written: str, requirement: Requirement) -> None:
    assert parse(written) == requirement


@pytest.mark.parametrize("citation", sorted(SOURCES))
def test_each_section_that_is_cited_anywhere_has_an_address(citation: str) -> None:
    address = link(citation)
    assert address.startswith("https://")
    assert "#" in address or not re.search(r"^(RFC|WHATWG).* [\d.]+$", citation) or re.fullmatch(r"RFC \d+", citation)


@pytest.mark.parametrize("citation", sorted(CITED))
def test_what_the_grader_cites_is_quoted_in_one_line(citation: str) -> None:
    requirement = cited(citation)
    assert requirement.source == citation
    assert requirement.text.endswith(".")
    assert parse(f"{requirement.source}: {requirement.text}") == requirement
