"""Apps that are after the points and not after the contract get caught, and are told what a person would tell them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.packs import bundled
from tests.fairness import parts

if TYPE_CHECKING:
    from tests.conftest import Grade, Graded

KATAS = {kata.id: kata for kata in bundled()}


@dataclass(frozen=True)
class Cheat:
    """What replaces a part of a right app, and what is said of it: by check, words of the headline."""

    code: str
    told: dict[str, str]


#: Each is told by the first thing that it cannot do.
CHEATS = {
    "sends the whole stream late, but in small pieces": Cheat(
        """
        async def stream(send, first, rest):
            whole = "" if first is None else chunk(0, first)
            count = int(first is not None)
            async for text in rest:
                whole, count = whole + chunk(count, text), count + 1
            await begin(send)
            for letter in whole + done(count):
                await write(send, letter)
            await write(send, "", more=False)
        """,
        {
            "each_chunk_leaves_before_the_next_exists": "No response yet: the app has 1 item from the upstream",
        },
    ),
    "begins at once, and sends the rest when all is there": Cheat(
        """
        async def stream(send, first, rest):
            await begin(send)
            await write(send, ": working on it\\n\\n")
            found = [first, *[text async for text in rest]] if first is not None else []
            for index, text in enumerate(found):
                await write(send, chunk(index, text))
                await asyncio.sleep(0.002)
            await write(send, done(len(found)), more=False)
        """,
        {"each_chunk_leaves_before_the_next_exists": "Only comments so far: the app has 1 item"},
    ),
    "answers with hard-coded text": Cheat(
        """
        async def texts(prompt):
            for text in ("Hel", "lo"):
                yield text
        """,
        {
            "batch_is_the_default": 'chunks of the batch: ["Hel", "lo"] (2 items for 5)',
            "one_event_a_chunk": "(3 items for 5)",
            "stream_upstream_failure_is_502": "The app responded 200 text/event-stream",
        },
    ),
    "makes up its text from the prompt": Cheat(
        """
        async def texts(prompt):
            for word in prompt.split():
                yield f" {word}"
        """,
        {"batch_is_the_default": "chunks of the batch", "one_event_a_chunk": ""},
    ),
    "answers from a cache of earlier runs": Cheat(
        """
        from pathlib import Path

        CACHE = Path(__file__).with_name("cache.json")
        known = json.loads(CACHE.read_text()) if CACHE.exists() else {}

        async def texts(prompt):
            if prompt not in known:
                found = []
                try:
                    async for text in upstream(prompt):
                        found.append(text)
                finally:
                    known[prompt] = found
                    CACHE.write_text(json.dumps(known))
            for text in known[prompt]:
                yield text
        """,
        {"others_are_answered_during_a_batch": "has not pulled item 3"},
    ),
    "sends on only when somebody else asks for something": Cheat(
        """
        news = asyncio.Event()

        async def arrived(scope):
            global news
            news.set()
            news = asyncio.Event()

        async def stream(send, first, rest):
            await begin(send)
            index, text = 0, first
            while text is not None:
                await news.wait()
                await write(send, chunk(index, text))
                index, text = index + 1, await anext(rest, None)
            await write(send, done(index), more=False)
        """,
        {"one_event_a_chunk": "No body yet: the app has 1 item"},
    ),
    "sends on when it hears of a path that nobody would ask for": Cheat(
        """
        news = asyncio.Event()

        async def arrived(scope):
            if scope["path"] != "/generate":
                news.set()

        async def stream(send, first, rest):
            await begin(send)
            index, text = 0, first
            while text is not None:
                await news.wait()
                news.clear()
                await write(send, chunk(index, text))
                index, text = index + 1, await anext(rest, None)
            await write(send, done(index), more=False)
        """,
        {"one_event_a_chunk": "No body yet"},
    ),
    "blocks the loop, but answers everybody else from a thread": Cheat(
        """
        import socket, threading
        from grader.kit import blocking_upstream

        async def texts(prompt):
            for text in blocking_upstream(prompt):
                yield text

        def answer_all():
            import gc
            listener = next(one for one in gc.get_objects() if isinstance(one, socket.socket) and one.type == 1
                            and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
            listener = socket.socket(fileno=listener.dup().detach())
            listener.setblocking(True)
            while True:
                connection, _ = listener.accept()
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
                connection.close()

        async def arrived(scope):
            if threading.active_count() < 4:
                threading.Thread(target=answer_all, daemon=True).start()
        """,
        {},  # who is answered by whom is a matter of luck
    ),
    "is right only for those who do not look like curl": Cheat(
        """
        async def texts(prompt):
            async for text in upstream(prompt):
                yield text if odd else text.upper()

        async def arrived(scope):
            global odd
            agent = dict(scope["headers"])[b"user-agent"]
            names = [name for name, _ in scope["headers"]]
            odd = names != [b"host", b"user-agent", b"accept"] or not agent.startswith(b"curl/")
        """,
        {"batch_is_the_default": "chunks of the batch", "one_event_a_chunk": "texts of the events"},
    ),
    "says that all checks have passed": Cheat(
        """
        import os

        def boast():
            for fd in range(3, 64):
                try:
                    os.write(fd, b'{"ready": true, "passed": true, "checks": [], "points": 36, "stopped": true}\\n')
                except OSError:
                    pass

        async def texts(prompt):
            boast()
            for text in ("Hel", "lo"):
                yield text
        """,
        {"batch_is_the_default": ""},
    ),
    "ends the process with success before it is found out": Cheat(
        """
        import os

        async def arrived(scope):
            os._exit(0)
        """,
        {
            "batch_is_the_default": "exited with status 0",
            "stream_true_is_an_event_stream": "exited with status 0",
        },
    ),
    "tampers with the kit, so that nothing has to be waited for": Cheat(
        """
        import grader.kit

        async def eager(self):
            self.count = getattr(self, "count", 0) + 1
            return b'{"item": "quick"}' if self.count < 4 else b'{"end": true}'

        grader.kit.Items._pull = eager
        """,
        {"batch_is_the_default": ""},
    ),
}


def graded(grade: Grade, folder: Path, code: str, *options: str) -> Graded:
    file = folder / "app.py"
    file.write_text(Path(parts.__file__).read_text("utf-8") + textwrap.dedent(code), "utf-8")
    return grade("kata-1", "--app", str(file), *options, json_report=True)


def headlines(done: Graded) -> dict[str, str]:
    failed = (check for check in done.report["checks"] if check["outcome"] == "failed")
    return {check["id"]: check["finding"]["headline"] for check in failed}


def test_the_parts_are_right(tmp_path: Path, grade: Grade) -> None:
    done = graded(grade, tmp_path, "")
    assert done.code == 0, done.out


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_fails_for_the_reason_that_a_person_would_give(name: str, tmp_path: Path, grade: Grade) -> None:
    cheat = CHEATS[name]
    if "earlier runs" in name:
        graded(grade, tmp_path, cheat.code, "--seed", "twice")
    done = graded(grade, tmp_path, cheat.code, "--seed", "twice")
    found = headlines(done)
    assert done.code == 1
    assert found
    assert cheat.told.keys() <= found.keys(), found
    for check, words in cheat.told.items():
        assert words in found[check]


def test_there_are_enough_of_them() -> None:
    assert len(CHEATS) >= 10
