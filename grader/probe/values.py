"""JSON values of one check that were found right: laws read the responses of all checks once more."""

from __future__ import annotations

from typing import Any, Final

#: Characters of JSON text whose values are kept. A value may take ten times the memory of its text.
_MOST_KEPT: Final = 1 << 18

#: A parsed JSON value. It is not typed further, so that a specification can use it without casts.
Json = Any


class Values:
    """The values by their text and the schema that they fit, as long as there are few of them."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Json] = {}
        self._size = 0
        self._texts: dict[str, str] = {}

    def get(self, text: str, schema: str) -> tuple[bool, Json]:
        """Whether the value is here, and the value, which nobody may change."""
        place = text, schema
        return (True, self._found[place]) if place in self._found else (False, None)

    def keep(self, text: str, schema: str, value: Json) -> Json:
        """Keep ``value`` if there is room for it; returns what to use instead of it."""
        self._size += len(text)
        if self._size > _MOST_KEPT:
            return value
        return self._found.setdefault((text, schema), self._shared(value))

    def _shared(self, value: Json) -> Json:
        """``value``, with each of its texts once in memory: the events of a stream have most of theirs in common."""
        match value:
            case str():
                return self._texts.setdefault(value, value)
            case dict():
                return {self._texts.setdefault(key, key): self._shared(inner) for key, inner in value.items()}
            case list():
                return [self._shared(inner) for inner in value]
        return value
