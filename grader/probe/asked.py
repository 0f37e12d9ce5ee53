"""A request, as a law sees it: what a client asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grader.probe.draw import mark_of
from grader.probe.request import Request


@dataclass(frozen=True, slots=True, eq=False)  # two requests are two, though they ask for the same
class Asked:
    """A request. ``params`` are those of the query, decoded; ``json`` is the body, or None where it is not JSON.

    Names of ``headers`` are in lower case. ``texts`` are the parameters and all texts of the body; ``address`` is
    decoded, and ``body`` as it was sent, to look for a word in.
    """

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    json: Any  # not typed further, so that a specification can use it without casts
    texts: frozenset[str]
    address: str
    body: bytes

    @classmethod
    def of(cls, request: Request) -> Asked:
        """What ``request`` asks for."""
        params, value = request.params, _parsed(request.body)
        return cls(
            method=request.method,
            path=request.path,
            params=params,
            headers=request.headers,
            json=value,
            texts=frozenset((*params.values(), *_texts(value))),
            address=request.address,
            body=request.body,
        )

    def carries(self, key: str) -> bool:
        """Whether the request asks for ``key``: as a parameter, as a text of its body, or by its drawn mark."""
        return self.contains(key) or self.has_mark_of(key)

    def contains(self, key: str) -> bool:
        """Whether ``key`` is a parameter, or a text of the body."""
        return key in self.texts

    def has_mark_of(self, key: str) -> bool:
        """Whether the request has the mark of a drawn key anywhere."""
        mark = mark_of(key)
        return bool(mark) and (mark in self.address or mark.encode() in self.body)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"))  # JSON in another encoding is none (RFC 8259 8.1)
    except (ValueError, RecursionError):
        return None


def _texts(value: object) -> Iterator[str]:
    """All texts of a JSON value, but not the keys of objects. Bodies are a specification's, so they are not deep."""
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
