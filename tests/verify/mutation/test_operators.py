"""Each operator makes the mistakes that it is named after, and leaves everything else as it is."""

# ruff: noqa: E501 - a table reads best a case a line

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from grader.kit import UpstreamError
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
    "text-stripped": [
        ("def f(a: str, b: int): g(a, b, k=a)", ["def f(a: str, b: int): g(a.strip(), b, k=a)", "def f(a: str, b: int): g(a, b, k=a.strip())"]),
        ("class A:\n    model: str\ng(a.model)", ["class A:\n    model: str\ng(a.model.strip())"]),
        ("class A:\n    def prompt(self) -> str: ...\ng(a.prompt)", ["class A:\n    def prompt(self) -> str: ...\ng(a.prompt.strip())"]),
        ("for x in items:\n    yield {'a': x, 'b': len(x)}", ["for x in items:\n    yield {'a': x.strip(), 'b': len(x)}"]),
        ("async def f():\n    return [x async for x in items]", ["async def f():\n    return [x.strip() async for x in items]"]),
        ("async def f():\n    x = await anext(items)\n    yield x", ["async def f():\n    x = await anext(items)\n    yield x.strip()"]),
        ("async def f():\n    a.append(await anext(items))", ["async def f():\n    a.append((await anext(items)).strip())"]),
        ("def f():\n    a.append(step.result())", ["def f():\n    a.append(step.result().strip())"]),
        ("for x in range(3): g(x)", []),
    ],
    "text-folded": [("def f(a: str | None): g(a)", ["def f(a: str | None): g(a.lower())"])],
    "text-normalised": [("def f(a: str): g(a)", ["def f(a: str): g(__import__('unicodedata').normalize('NFC', a))"])],
    "text-cut": [("def f(a: str): g(a)", ["def f(a: str): g(a[:4096])"])],
    "text-replaced": [
        ("def f(a: str): g(a)", [r"def f(a: str): g(a.replace('\r\n', '\n'))", r"def f(a: str): g(a.replace('\0', ''))", "def f(a: str): g(__import__('html').escape(a))"]),
    ],
    "local-shared": [
        ("def f(a):\n    'Doc.'\n    count, b, a = 0, x, 0\n    all: list[str] = []; yield", ["def f(a):\n    'Doc.'\n    global count\n    count, b, a = 0, x, 0\n    all: list[str] = []; yield", "def f(a):\n    'Doc.'\n    global all\n    count, b, a = 0, x, 0\n    all = []; yield"]),
        ("def f(): x = Answer(1); y = {'a': x}; z = {'a': 1}; yield h(1)", ["def f(): global x; x = Answer(1); y = {'a': x}; z = {'a': 1}; yield h(1)", "def f(): global y; x = Answer(1); y = {'a': x}; z = {'a': 1}; yield h(1)"]),
        ("async def f():\n    count = 0; await g()", ["async def f():\n    global count\n    count = 0; await g()"]),
        ("def f():\n    count = 0", []),
        ("async def f():\n    await g(); count = 0", []),
        ("def f():\n    for x in y:\n        all = []; yield all", []),
        ("def f():\n    count = 0\n    def g():\n        nonlocal count\n        own = 0", []),
    ],
    "local-kept": [
        ("def f():\n    count = 0\n    for x in y:\n        last = 0", ["def f():\n    global count\n    for x in y:\n        last = 0\n\ncount = 0\n"]),
        ("def f():\n    all: list[str] = []", ["def f():\n    global all\n\nall = []\n"]),
        ("def f():\n    all = g()", []),
    ],
    "statements-swapped": [
        ("def f():\n    yield g(n)\n    n += 1", ["def f():\n    n += 1\n    yield g(n)"]),
        ("def f():\n    yield 1\n    items.close()", ["def f():\n    items.close()\n    yield 1"]),
        ("def f():\n    yield 1\n    yield 2", []),
        ("def f():\n    a = 1\n    b = 2\n    yield b", []),
        ("n = n + 1\ng(n)", []),
    ],
    "try-narrowed": [
        ("def f():\n    try:\n        a = g()\n        h()\n    except E:\n        pass", ["def f():\n    a = g()\n    try:\n        pass\n        h()\n    except E:\n        pass"]),
        ("try:\n    a = g()\n    h()\nfinally:\n    pass", []),
        ("try:\n    a = g()\nexcept E:\n    pass", []),
    ],
    "except-narrowed": [
        ("try: f()\nexcept (A, B): pass", ["try: f()\nexcept A: pass", "try: f()\nexcept B: pass"]),
        ("try: f()\nexcept Exception: pass", ["try: f()\nexcept ValueError: pass"]),
        ("try: f()\nexcept A: pass", []),
    ],
    "close-delayed": [
        ("async def f():\n    await x.aclose()", ["async def f():\n    await __import__('asyncio').sleep(1)\n    await x.aclose()"]),
        ("def f(): x.close()", ["def f(): __import__('time').sleep(1); x.close()"]),
    ],
    "counter-wraps": [
        ("def f(): n += 1", [f"def f(): n = (n + 1) % {size}" for size in (10, 100, 256)]),
        ("def f(): n = n + 1", [f"def f(): n = (n + 1) % {size}" for size in (10, 100, 256)]),
        ("def f(): n -= 1; n += 2", []),
    ],
    # These add classes; see below.
    "item-skipped": [], "item-taken-for-the-end": [], "items-capped": [], "failure-retried": [], "pull-delayed": [],
    "pull-blocked": [], "items-cached": [], "requests-limited": [], "sending-delayed": [], "sending-blocked": [],
}  # fmt: skip

#: What becomes of ``upstream(key)``, by operator.
WRAPPED = {
    "item-skipped": [
        "drops=\"item == ''\"",
        'drops="not item.strip()"',
        'drops="item == last"',
        "drops=\"item.strip() in ('[DONE]', 'done', 'data:', 'null')\"",
    ],
    "item-taken-for-the-end": [
        f'ends="{test}", drops="{test}"' for test in ("item == ''", "item == '[DONE]'", "item == 'done'")
    ],
    "items-capped": [f'ends="count >= {count}"' for count in (16, 100, 255)],
    "failure-retried": ["failure=__import__('grader.kit').kit.UpstreamError"],
    "pull-delayed": ["rest=0.1"],
    "pull-blocked": ["rest=0.1, blocks=True"],
    "items-cached": ["known=_KNOWN[key]"],
}
#: The last line of a module with an app, by operator.
AROUND = {
    "requests-limited": [f"places={places}" for places in (1, 2, 4, 8, 16)],
    "sending-delayed": [f'before="{moment}"' for moment in ("start", "part", "end")],
    "sending-blocked": [f'before="{moment}", blocks=True' for moment in ("start", "part", "end")],
}


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


def edited(name: str, text: str) -> list[str]:
    operator = next(operator for operator in OPERATORS if operator.name == name)
    source = Source(text)
    return [source.edited(*edits) for edits in operator.changes(source)]


@pytest.mark.parametrize("name", WRAPPED)
def test_an_upstream_is_wrapped_in_one_with_a_mistake(name: str) -> None:
    changed = edited(name, "items = upstream(key)\n")
    assert [text.splitlines()[0] for text in changed] == [
        f"items = _Upstream(lambda: upstream(key), {mistake})" for mistake in WRAPPED[name]
    ]
    assert edited(name, "items = others(key)\n") == []
    assert bool(edited(name, "blocking_upstream(key)\n")) == (name != "pull-blocked")


@pytest.mark.parametrize("name", AROUND)
def test_an_app_is_put_into_one_with_a_mistake(name: str) -> None:
    changed = edited(name, '"""Doc."""\nfrom __future__ import annotations\napp = FastAPI()\n')
    assert [text.splitlines()[-1] for text in changed] == [f"app = _Around(app, {mistake})" for mistake in AROUND[name]]
    assert all(compile(text, "app", "exec") for text in changed)
    assert edited(name, "other = FastAPI()\n") == []
    assert edited(name, "async def app(scope, receive, send): ...\n")


def upstream_with(name: str, number: int, items: list[object]) -> Any:
    """A changed upstream over these items; an exception among them is raised."""
    opened: list[list[object]] = []

    def given(key: str) -> Iterator[object]:
        opened.append(items)
        for item in items if len(opened) == 1 else ["again"]:
            if isinstance(item, Exception):
                raise item
            yield item

    namespace: dict[str, Any] = {"blocking_upstream": given}
    exec(compile(edited(name, "def app(key): return blocking_upstream(key)\n")[number], "app", "exec"), namespace)
    return namespace["app"]


@pytest.mark.parametrize(
    ("name", "number", "given", "taken"),
    [
        ("item-skipped", 0, ["a", "", " "], ["a", " "]),
        ("item-skipped", 1, ["a", "", " ", "b"], ["a", "b"]),
        ("item-skipped", 2, ["a", "a", "b", "a"], ["a", "b", "a"]),
        ("item-skipped", 3, ["[DONE]", "done ", "data:", "do"], ["do"]),
        ("item-taken-for-the-end", 1, ["a", "[DONE]", "b"], ["a"]),
        ("items-capped", 0, list(map(str, range(20))), list(map(str, range(16)))),
        ("failure-retried", 0, ["a", UpstreamError("no"), "b"], ["a", "again"]),
        ("pull-delayed", 0, ["a"], ["a"]),
        ("items-cached", 0, ["a", "b"], ["a", "b"]),
    ],
)
def test_a_changed_upstream_has_its_mistake_and_no_other(
    name: str, number: int, given: list[object], taken: list[str]
) -> None:
    assert list(upstream_with(name, number, given)("key")) == taken


def test_a_cached_upstream_gives_the_same_key_the_same_items() -> None:
    app = upstream_with("items-cached", 0, ["a", "b"])
    assert [list(app(key)) for key in ("one", "two", "one")] == [["a", "b"], ["again"], ["a", "b"]]


def test_each_operator_is_tried_here() -> None:
    assert {operator.name for operator in OPERATORS} == set(CASES)


def test_each_operator_says_what_the_app_does_wrong() -> None:
    assert all(operator.mistake[0].islower() and operator.mistake[-1] != "." for operator in OPERATORS)
