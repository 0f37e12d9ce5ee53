"""Mistakes in what is taken from the upstream, and when: whatever the style, all items come from one call."""

from __future__ import annotations

import ast

from grader.verify.mutation.operator import Changes, operator
from grader.verify.mutation.source import Source, called_name

#: An upstream that passes on what the upstream proper gives, in both styles. Ids of mutants depend on this text.
_UPSTREAM = """

class _Upstream:
    def __init__(self, again, *, ends="", drops="", failure=ZeroDivisionError, rest=0, blocks=False, known=None):
        self._again, self._items, self._ends, self._drops = again, again(), ends, drops
        self._failure, self._rest, self._blocks, self._known = failure, rest, blocks, known
        self._count, self._last, self._over = 0, None, False

    def __getattr__(self, name):
        return getattr(self._items, name)

    def __aiter__(self):
        return self

    def __iter__(self):
        return self

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self._items.aclose()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._items.close()

    async def __anext__(self):
        while not self._over:
            if self._rest and self._blocks:
                __import__("time").sleep(self._rest)
            elif self._rest:
                await __import__("asyncio").sleep(self._rest)
            if self._known is not None and self._count < len(self._known):
                item = self._known[self._count]
            else:
                try:
                    item = await anext(self._items)
                except self._failure:
                    self._items = self._again()
                    item = await anext(self._items)
                except StopAsyncIteration:
                    item = None
            if self._passes(item):
                return item
        raise StopAsyncIteration

    def __next__(self):
        while not self._over:
            if self._rest:
                __import__("time").sleep(self._rest)
            if self._known is not None and self._count < len(self._known):
                item = self._known[self._count]
            else:
                try:
                    item = next(self._items)
                except self._failure:
                    self._items = self._again()
                    item = next(self._items)
                except StopIteration:
                    item = None
            if self._passes(item):
                return item
        raise StopIteration

    def _passes(self, item):
        if self._known is not None and self._count == len(self._known):
            self._known.append(item)
        if item is None:
            self._over = True
            return False
        last, self._last, self._count = self._last, item, self._count + 1
        names = {"item": item, "last": last, "count": self._count}
        self._over = bool(self._ends) and eval(self._ends, names)
        return not (self._drops and eval(self._drops, names))
"""
_KNOWN = "\n\n_KNOWN = __import__('collections').defaultdict(list)\n"
#: Conditions on an item, by what they say of it.
_DROPPED = ("item == ''", "not item.strip()", "item == last", "item.strip() in ('[DONE]', 'done', 'data:', 'null')")
_LAST = ("item == ''", "item == '[DONE]'", "item == 'done'")
_COUNTS = (16, 100, 255)


def _wrapped(source: Source, mistake: str, helpers: str = _UPSTREAM) -> Changes:
    """Each call of the upstream in a class with this mistake."""
    for call in _openings(source):
        text = source.segment(call)
        key = source.segment(call.args[0]) if call.args else ""
        yield source.replaced(call, f"_Upstream(lambda: {text}, {mistake.format(key=key)})"), source.helper(helpers)


def _openings(source: Source) -> list[ast.Call]:
    return [call for call in source.every(ast.Call) if called_name(call) in ("upstream", "blocking_upstream")]


@operator("skips an item that is empty, like the one before, or a word of the protocol")
def item_skipped(source: Source) -> Changes:
    for condition in _DROPPED:
        yield from _wrapped(source, f'drops="{condition}"')


@operator("takes an item for the end")
def item_taken_for_the_end(source: Source) -> Changes:
    for condition in _LAST:
        yield from _wrapped(source, f'ends="{condition}", drops="{condition}"')


@operator("takes no more than a number of items")
def items_capped(source: Source) -> Changes:
    for count in _COUNTS:
        yield from _wrapped(source, f'ends="count >= {count}"')


@operator("asks a failed upstream once more")
def failure_retried(source: Source) -> Changes:
    yield from _wrapped(source, "failure=__import__('grader.kit').kit.UpstreamError")


@operator("rests before each pull")
def pull_delayed(source: Source) -> Changes:
    yield from _wrapped(source, "rest=0.1")


@operator("blocks the event loop for a moment before each pull")
def pull_blocked(source: Source) -> Changes:
    if any(called_name(call) == "upstream" for call in _openings(source)):
        yield from _wrapped(source, "rest=0.1, blocks=True")


@operator("takes an upstream of the same key for the same items")
def items_cached(source: Source) -> Changes:
    yield from _wrapped(source, "known=_KNOWN[{key}]", _UPSTREAM + _KNOWN)
