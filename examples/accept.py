"""Which of our media types does this Accept header like best? RFC 9110, sections 12.4.2 and 12.5.1."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Commas and semicolons inside a quoted string do not separate anything.
QUOTED = r'"(?:\\.|[^"\\])*"'
MEMBER = re.compile(rf'(?:[^,"]|{QUOTED})+')
PART = re.compile(rf'(?:[^;"]|{QUOTED})+')
RANGE = re.compile(r"([!#$%&'*+.^_`|~\w-]+)/([!#$%&'*+.^_`|~\w-]+)", re.ASCII)
WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")

# All that we send is UTF-8, so a client that asks for it gets it; any other parameter we cannot meet.
WE_SEND = {"charset": "utf-8"}


@dataclass(frozen=True)
class MediaRange:
    """One member of an Accept header: `text/*;q=0.5`."""

    type: str
    subtype: str
    params: tuple[tuple[str, str], ...]
    weight: float

    def matches(self, media_type: str) -> bool:
        """Return whether this range covers a media type that we send."""
        kind, _, subtype = media_type.partition("/")
        covered = self.type in ("*", kind) and self.subtype in ("*", subtype)
        return covered and all(WE_SEND.get(name) == value for name, value in self.params)

    @property
    def precision(self) -> tuple[bool, bool, int]:
        """Order ranges: a/b;x=y is more specific than a/b, then a/*, then */*."""
        return self.type != "*", self.subtype != "*", len(self.params)


def liked_best(header: str, offers: Sequence[str]) -> list[str]:
    """Give the offers that the header likes best: several if it likes them as much, none if it refuses all.

    A header without a valid member counts as absent, and a client without an Accept header accepts anything.
    """
    ranges = [found for member in MEMBER.findall(header) if (found := parse_range(member))]
    weights = {offer: weight_of(offer, ranges) for offer in offers}
    best = max(weights.values())
    return [offer for offer, weight in weights.items() if weight == best and weight > 0]


def weight_of(offer: str, ranges: Iterable[MediaRange]) -> float:
    """Weigh one offer. Only the most specific range that covers it counts, wherever it stands."""
    ranges = list(ranges)
    if not ranges:
        return 1.0
    covering = [each for each in ranges if each.matches(offer)]
    return max(covering, key=lambda each: each.precision).weight if covering else 0.0


def parse_range(member: str) -> MediaRange | None:
    """Read one member. Return None for one that breaks the grammar: it is ignored."""
    media_range, *rest = [part.strip(" \t") for part in PART.findall(member)] or [""]
    found = RANGE.fullmatch(media_range.lower())
    if not found or (found[1] == "*" and found[2] != "*"):
        return None
    params: list[tuple[str, str]] = []
    for part in filter(None, rest):
        name, _, value = part.partition("=")
        if name.lower() == "q":  # whatever stands after the weight is not part of the range
            return MediaRange(found[1], found[2], tuple(params), float(value)) if WEIGHT.fullmatch(value) else None
        params.append((name.lower(), value.strip('"').lower()))
    return MediaRange(found[1], found[2], tuple(params), 1.0)
