"""The main path: what a report holds, whatever became of the app."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tiny import app_with, write_kata

if TYPE_CHECKING:
    from tests.conftest import Grade

DRAWS = '''
    @check(points=1)
    def test_draws(client: Client, draw: Draw) -> None:
        """it asks for what was drawn"""
        assert client.get(f"/{draw.word()}", params={"n": draw.number(0, 10**9)}).status == 200

    @check(points=2)
    def test_draws_again(client: Client, draw: Draw) -> None:
        """another check draws otherwise"""
        assert client.get(f"/{draw.word()}").status == 200
'''


def test_a_report_holds_what_was_graded(tmp_path: Path, grade: Grade) -> None:
    kata = write_kata(tmp_path, DRAWS, app=app_with("print('hello from the app')"))
    began = time.monotonic()
    done = grade(kata, "--seed", "my seed", json_report=True)
    report = done.report
    assert (done.code, done.err) == (0, "")
    assert (report["kata"], report["title"], report["seed"]) == ("kata-1-tiny", "Tiny", "my seed")
    assert report["app"] == f"{Path(kata).name}/app.py"
    assert (report["points"], report["possible"], report["exit_code"]) == (3, 3, 0)
    assert report["counts"] == {"passed": 2, "failed": 0, "blocked": 0, "inconclusive": 0}
    assert report["log"] == "hello from the app\n"
    assert report["notes"] == []
    assert report["boot_failure"] is None
    assert 0 < report["seconds"] < time.monotonic() - began
    assert {"python", "fastapi", "uvicorn"} <= set(report["versions"])
    assert [entry["act"] for entry in report["checks"][0]["transcript"]][:2] == ["sent", "head"]


def test_a_seed_repeats_a_grade_and_another_does_not(tmp_path: Path, grade: Grade) -> None:
    kata = write_kata(tmp_path, DRAWS)
    first = grade(kata, json_report=True).report
    again = grade(kata, "--seed", first["seed"], json_report=True).report
    other = grade(kata, json_report=True).report
    asked = [[check["requests"] for check in report["checks"]] for report in (first, again, other)]
    assert asked[0] == asked[1]
    assert again["seed"] == first["seed"] != other["seed"]
    assert asked[0][0] != asked[0][1] != asked[2][1]


def test_an_app_that_does_not_start_has_failed_everything(tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, DRAWS, app="app = undefined"), json_report=True)
    assert done.code == 1
    assert set(done.outcomes().values()) == {"failed"}
    assert "NameError" in done.report["boot_failure"]["headline"]
    (frame,) = done.report["boot_failure"]["frames"]
    assert (frame["file"], frame["line"], frame["text"]) == ("app.py", 1, "app = undefined")
    assert (done.report["points"], done.report["possible"]) == (0, 3)


def test_a_grade_that_takes_too_long_is_no_verdict(tmp_path: Path, grade: Grade) -> None:
    """The app goes on as long as it is listened to, so that only the limit of the whole grade ends it."""
    spec = '''
        @check(points=1)
        def test_listens(client: Client) -> None:
            """it listens to the end"""
            client.get("/").wait_for_end()

        @check(points=1)
        def test_asks_on(client: Client, upstream: Upstream) -> None:
            """it waits for what does not come"""
            upstream.wait_for_pull()
    '''
    app = """
        import asyncio
        async def app(scope, receive, send):
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                while scope["path"] == "/":
                    await send({"type": "http.response.body", "body": b"x" * 1024, "more_body": True})
                    await asyncio.sleep(0.01)
                await send({"type": "http.response.body", "body": b""})
    """
    done = grade(write_kata(tmp_path, spec, app=app), "--total-limit", "1", json_report=True)
    assert done.code == 3
    assert done.outcomes() == {"listens": "inconclusive", "asks_on": "inconclusive"}
    assert done.seen("listens") == "the time limit of the whole grade is over"


FORKS = """
    def fork(status):
        child = os.fork()
        if child == 0:
            os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    print("at import:", fork(7))

    async def more(path, answer):
        print("in a request:", await asyncio.to_thread(fork, 8))
        return False
"""


def test_an_app_may_fork_and_its_children_live_their_own_lives(tmp_path: Path, grade: Grade) -> None:
    spec = '''
        @check(points=1)
        def test_answers(client: Client) -> None:
            """it answers"""
            assert client.get("/").status == 200
    '''
    done = grade(write_kata(tmp_path, spec, app=app_with(FORKS)), json_report=True)
    assert done.code == 0
    assert {"at import: 7", "in a request: 8"} <= set(done.report["log"].splitlines())


ASKS = """
    @check(points=1)
    def test_asks(client: Client) -> None:
        \"\"\"it answers\"\"\"
        assert client.get("/").status == 200
"""


@pytest.mark.parametrize("raises", [True, False])
def test_a_memory_error_of_a_request_is_noted_and_the_word_in_the_log_is_not(
    tmp_path: Path, grade: Grade, raises: bool
) -> None:
    app = f"""
        print("MemoryError is what I teach")
        async def app(scope, receive, send):
            if scope["type"] == "http" and {raises}:
                raise MemoryError
    """
    notes = grade(write_kata(tmp_path, ASKS, app=app), json_report=True).report["notes"]
    assert any("MemoryError" in note for note in notes) is raises


BLOCKS = """
    async def more(path, answer):
        __import__("time").sleep(0.4)
        return False
"""
BLOCKED = """
    @law(points=1)
    def test_blocks(pace: Pace) -> None:
        \"\"\"nothing blocks\"\"\"
        pace.never_blocks()
"""


@pytest.mark.parametrize("law", ["", BLOCKED], ids=["no check says it", "a check says it"])
def test_a_blocked_event_loop_is_said_once(law: str, tmp_path: Path, grade: Grade) -> None:
    report = grade(write_kata(tmp_path, ASKS + law, app=app_with(BLOCKS)), json_report=True).report
    headlines = [check["finding"]["headline"] for check in report["checks"] if check["outcome"] == "failed"]
    said = [text for text in (*report["notes"], *headlines) if text.startswith("The event loop was blocked for ")]
    assert len(said) == 1
    assert (said == headlines) is bool(law)


def test_a_batch_is_waited_for_while_the_app_pulls(tmp_path: Path, grade: Grade) -> None:
    """Its first byte comes after its last item, however long the items take."""
    spec = '''
        @check(points=1)
        def test_all(client: Client, upstream: Upstream) -> None:
            """all items arrive"""
            upstream.another("any").give_all(["x"] * 20)
            assert client.get("/").body() == b"x" * 20
    '''
    app = app_with("""
        async def more(path, answer):
            found = []
            async for item in upstream("any"):
                found.append(item)
                await asyncio.sleep(0.05)
            await answer("".join(found).encode())
            return True
    """)
    done = grade(write_kata(tmp_path, spec, app=app), json_report=True)
    assert done.outcomes() == {"all": "passed"}
