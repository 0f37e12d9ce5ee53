"""For every wrong app, the headline of each check that it fails, as it was last approved: a learner reads it first.

``make diagnoses`` records them anew; read the difference aloud before you commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.pool.pool import Pool
from grader.pool.servers import fork_servers
from grader.verify.reference import Role, find_reference_apps
from grader.verify.verdict import Verdict, verdicts
from tests.conftest import ROOT

SEED = "golden"
FOLDER = Path(__file__).parent / "diagnoses"
#: Parts that differ from run to run, whatever the seed is: made-up names, paths, the time, how far a leak got.
_CHANGING = (
    (r"(File \\\")/[^;]*…", r"\1<path>…"),  # before the next one: where it is cut off depends on the path's length
    (re.escape(str(ROOT)), "…"),
    (r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", "<id>"),
    (r"(created\W+)\d+", r"\1<time>"),
    (r"\b1[789]\d{8}\b", "<time>"),
    (r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", "<date>"),
    (r": \d+; expected: at most", ": <too many>; expected: at most"),
    (r"(during one step: )\d+", r"\1<too many>"),
    (r"(during one step: .* the app opened )\d+", r"\1<too many>"),
    (r"(The app rested ).*", r"\1<a while>"),
    (r"(The event loop (?:was blocked|computed without a pause) for ).*", r"\1<a while>"),
    (r"(upstream connections for bodies that are refused: )\d+", r"\1<too many>"),
    (r"(heartbeats of a stream that waits while .*: )\d+(; .*request 1 of )\d+", r"\1<too few>\2<many>"),
)


#: Parts of a headline that depend on which bytes had arrived, and when.
_BY_CHANCE = (
    (r"\. (?:Also: |Seen in the check “).*", ""),  # of which check the first response is that breaks a law
    (r" \(and \d+ more faults?\)", ""),
    (r"( in \w+\.py:\d+, “[^”]*”)|(?<=\.)\.(?= So:)", ""),  # whether the app had logged its exception already
    (r"^(\w+: )The app raised UpstreamError: .*?\. So: ", r"\1"),
    (r"^(\w+: )The app(?: raised RuntimeError: Caught handled exception|'s own declaration of ).*?\. So: ", r"\1"),
    (r"(outcomes of (?:the (?:first|second) of two tasks of one name|a third task): ).*", r"\1<mixed>"),
    (r"(: The event loop is blocked, .*?) \(request .*", r"\1"),  # which of many: a fast machine ends more of them
    (r"after \d+ bytes of the body \(“.*?”\)", "after <some> bytes of the body"),
    (r"(The app serves only )\d+", r"\1<some>"),
    (r"\(\d+ items for (\d+)\)", r"(<some> items for \1)"),  # where requests share a list
)
#: What else does in the headline of a law: all that was seen, since another response may be the first to break it.
_SEEN = (
    (r"\{.*\}", "<JSON>"),
    (r"\"(\\.|[^\"])*\"", "<text>"),
    (r"[\d.]*\d", "<number>"),
    (r": .*?; expected: .*", ": <seen>"),
)


def essence(line: str, *, is_law: bool) -> str:
    """What is the same in a line of a diagnosis, however fast the machine is."""
    for pattern, becomes in (*_BY_CHANCE, *(_SEEN if is_law else ())):
        line = re.sub(pattern, becomes, line)
    return line.casefold()  # a sentence begins otherwise behind its cause


def of(verdict: Verdict) -> list[str]:
    """The headline of each check that failed, after the check's id."""
    return [f"{name}: {_steady(verdict.headlines[name])}" for name in verdict.outcomes if name in verdict.failed]


@cache
def recorded(kata: Kata) -> dict[str, list[str]]:
    """What was approved, by the wrong app's name."""
    blocks = (FOLDER / f"{kata.id}.txt").read_text("utf-8").split("\n\n")
    return {name: lines for name, *lines in (re.split(r"\n *", block.strip()) for block in blocks)}


def _steady(line: str) -> str:
    for pattern, becomes in _CHANGING:
        line = re.sub(pattern, becomes, line)
    return line


def _blocks(kata: Kata) -> Iterator[str]:
    wrong = [app for app in find_reference_apps(kata) if app.role is Role.WRONG]
    with fork_servers() as servers, Pool(os.cpu_count() or 1, servers) as pool:
        for verdict in verdicts(kata, wrong, pool, seed=SEED):
            yield "\n    ".join([verdict.app.file.stem, *of(verdict)]) + "\n"


if __name__ == "__main__":
    for each in bundled():
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{each.id}.txt").write_text("\n".join(_blocks(each)), "utf-8")
