"""Each operator makes the mistakes that it is named after, and leaves everything else as it is."""

# ruff: noqa: E501 - a table reads best a case a line

from __future__ import annotations

import pytest

from grader.verify.mutation.operators import OPERATORS
from grader.verify.mutation.source import Source

#: By operator: what is right, and all that the operator makes of it.
CASES: dict[str, list[tuple[str, list[str]]]] = {
    "media-type-changed": [
        ('f(media_type="text/event-stream")', ['f(media_type="text/plain")']),
        ('f([(b"content-type", b"text/event-stream; charset=utf-8")])', ['f([(b"content-type", b"text/plain; charset=utf-8")])']),
        ('"""text/event-stream"""', []),
    ],
    "media-type-dropped": [("f(g(), media_type=kind)", ["f(g(), **{})"]), ("f(kind)", [])],
    "blank-line-dropped": [
        (r'f("data: x\n\n")', [r'f("data: x\n")']),
        (r'f(f"data: {x}\r\n\r\n")', [r'f(f"data: {x}\r\n")']),
        (r'f(b"\n\n", "\n")', [r'f(b"\n", "\n")']),
    ],
    "field-name-dropped": [(r'f(f"id: {n}\ndata:{x}")', [r'f(f"{n}\ndata:{x}")', r'f(f"id: {n}\n{x}")'])],
    "field-name-changed": [(r'f("event: done\ndata: 1")', [r'f("xevent: done\ndata: 1")', r'f("event: done\nxdata: 1")'])],
    "data-doubled": [('f(f"data: {x}")', ['f(f"data: data: {x}")']), ('f("metadata: 1")', []), (r'f(b"id: 1\r\ndata:x")', [r'f(b"id: 1\r\ndata:data:x")'])],
    "event-field-dropped": [('E(data=x, event="done", id=1)', ["E(data=x, **{}, id=1)", 'E(data=x, event="done", **{})'])],
    "repr-for-json": [
        ("json.dumps(x, indent=1)", ["str(x)"]),
        ("chunk.model_dump_json()", ["str(chunk.model_dump())"]),
    ],
    "blocking-pull": [],  # see below
    "blocking-sleep": [("async def f():\n    await asyncio.sleep(1)", ["async def f():\n    __import__('time').sleep(1)"])],
    "thread-dropped": [("async def f():\n    x = await asyncio.to_thread(next, items, None)", ["async def f():\n    x = (next)(items, None)"])],
    "collected": [
        ("async def f():\n    async for x in items:\n        yield x", ["async def f():\n    for x in [_item async for _item in items]:\n        yield x"]),
        ("def f():\n    for x in items: yield x", ["def f():\n    for x in list(items): yield x"]),
        ("def f():\n    for x in range(3): yield x", []),
        ("for x in items: pass", []),
    ],
    "queue-unbounded": [
        ("q = asyncio.Queue(1)", ["q = asyncio.Queue()"]),
        ("q = Queue(maxsize=2)", ["q = Queue()"]),
        ("q = Queue()", []),
        ("a, b = anyio.create_memory_object_stream(0)", ["a, b = anyio.create_memory_object_stream(float('inf'))"]),
    ],
    "task-forgotten": [
        ("def f():\n    t = create_task(g())\n    t.cancel()", ["def f():\n    create_task(g())\n    pass"]),
        ("def f():\n    t = create_task(g())\n    return t", []),
    ],
    "finally-dropped": [("try:\n    f()\nfinally:\n    g()\n    h()", ["try:\n    f()\nfinally:\n    pass"])],
    "context-dropped": [
        ("async def f():\n    async with g(1) as x:\n        x()", ["async def f():\n    if (x := g(1)) is not None:\n        x()"]),
        ("with lock:\n    f()", ["if (lock) is not None:\n    f()"]),
        ("with a, b:\n    f()", []),
    ],
    "closing-dropped": [("with closing(x): f()", ["with __import__('contextlib').nullcontext(x): f()"])],
    "close-dropped": [("async def f():\n    await x.aclose()", ["async def f():\n    pass"]), ("x.close()", ["pass"])],
    "cancel-dropped": [("t.cancel()", ["pass"]), ("stop.set()", ["pass"])],
    "cancellation-swallowed": [
        ("try:\n    f()\nexcept asyncio.CancelledError:\n    g()\n    raise", ["try:\n    f()\nexcept asyncio.CancelledError:\n    g()\n    pass"]),
        ("try:\n    f()\nexcept ValueError:\n    raise", []),
    ],
    "except-widened": [
        ("try:\n    f()\nexcept ValueError:\n    g()", ["try:\n    f()\nexcept BaseException:\n    g()"]),
        ("try:\n    f()\nexcept:\n    g()", []),
    ],
    "except-dropped": [("try:\n    f()\nexcept (A, B) as e:\n    g()", ["try:\n    f()\nexcept ZeroDivisionError as e:\n    g()"])],
    "disconnect-ignored": [
        ("async def f():\n    if await request.is_disconnected(): return", ["async def f():\n    if False: return"]),
        ('m["type"] == "http.disconnect"', ['m["type"] == "http.never"']),
    ],
    "return-dropped": [("def f():\n    if x:\n        return\n    return 1", ["def f():\n    if x:\n        pass\n    return 1"])],
    "send-dropped": [
        ("def f():\n    yield 1", ["def f():\n    if False: yield"]),
        ("async def f():\n    await send(m)", ["async def f():\n    pass"]),
        ("def f():\n    x = yield 1", []),
    ],
    "sends-swapped": [("def f():\n    yield 1\n    yield 2", ["def f():\n    yield 2\n    yield 1"]), ("def f():\n    yield 1\n    g()", [])],
    "off-by-one": [
        ("n + 1", ["n"]),
        ("n -= 1", ["n -= 2"]),
        ("enumerate(x, 1)", ["enumerate(x)"]),
        ("enumerate(x)", ["enumerate(x, 1)"]),
        ("range(n)", ["range(n + 1)"]),
        ("len(x)", ["(len(x) + 1)"]),
        ("n + 2", []),
    ],
    "comparison-changed": [("a < b", ["a <= b"]), ("a == b", ["a != b"]), ("a < b < c", []), ("a in b", [])],
    "condition-negated": [("x = a if b else c", ["x = a if (not (b)) else c"]), ("if a: f()", ["if (not (a)): f()"])],
    "boolean-as-text": [("def f(stream: bool): pass", ["def f(stream: str): pass"]), ("class A:\n    stream: bool", ["class A:\n    stream: str"])],
    "default-flipped": [
        ("def f(a=False, *, b=True): pass", ["def f(a=True, *, b=True): pass", "def f(a=False, *, b=False): pass"]),
        ("class A:\n    stream: bool = False", ["class A:\n    stream: bool = True"]),
        ("def f(a=None): pass", []),
    ],
    "status-changed": [("R(200, 1000)", ["R(201, 1000)"]), ("R(status_code=502)", ["R(status_code=500)"]), ("R(500)", ["R(400)"])],
    "content-constant": [('{"a": x, "b": 1}', ['{"a": "constant", "b": 1}'])],
    "content-changed": [('{"a": "stop", "b": x}', ["{\"a\": 'stopx', \"b\": x}"])],
    "entry-dropped": [('{"a": x, **y}', ['{**{}, **y}'])],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "right", "mistakes"), [(name, *case) for name, cases in CASES.items() for case in cases]
)
def test_an_operator_makes_its_mistake_at_each_place(name: str, right: str, mistakes: list[str]) -> None:
    operator = next(operator for operator in OPERATORS if operator.name == name)
    source = Source(right)
    assert [source.edited(*edits) for edits in operator.changes(source)] == mistakes


def test_a_blocking_upstream_takes_the_place_of_an_asynchronous_one() -> None:
    operator = next(operator for operator in OPERATORS if operator.name == "blocking-pull")
    source = Source("items = upstream(key)\n")
    [edits] = operator.changes(source)
    changed = source.edited(*edits)
    assert changed.startswith("items = _Blocking(key)\n")
    assert "class _Blocking:" in changed


def test_each_operator_is_tried_here() -> None:
    assert {operator.name for operator in OPERATORS} == set(CASES)


def test_each_operator_says_what_the_app_does_wrong() -> None:
    assert all(operator.mistake[0].islower() and operator.mistake[-1] != "." for operator in OPERATORS)
