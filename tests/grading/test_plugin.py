"""From a specification's tests to outcomes: small katas, graded by the command itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import Graded
from tests.tiny import app_with, write_kata

if TYPE_CHECKING:
    from tests.conftest import Grade


def finding(done: Graded, check: str) -> Any:
    return next(item["finding"] for item in done.report["checks"] if item["id"] == check)


OUTCOMES = '''
    import pytest
    from grader.errors import Inconclusive

    @check(points=1)
    def test_passes(client: Client) -> None:
        """it passes"""
        assert client.get("/").status == 200

    @check(points=2, after=test_passes, requirement="RFC 9110 15.5.5: 404 means: not found.")
    def test_compares(client: Client) -> None:
        """what it compares differs"""
        assert client.get("/").body() == b"goodbye"

    @check(points=4, after=test_compares)
    def test_is_blocked(client: Client) -> None:
        """it comes after what failed"""
        raise SystemExit("must not run")

    @check(points=4, after=(test_passes, test_is_blocked))
    def test_is_blocked_as_well(client: Client) -> None:
        """it comes after what was blocked"""
        raise SystemExit("must not run")

    @check(points=8)
    def test_says_it_in_words() -> None:
        """it is said in words"""
        assert False, "these are the words\\nand these are not"

    @check(points=8)
    def test_says_nothing() -> None:
        """nothing is said"""
        found = []
        assert found

    @check(points=8, requirement="RFC 9110 15: A status code is a number.")
    def test_violates(client: Client) -> None:
        """the requirement of a violation stands above the check's"""
        client.get("/").next_event()

    @check(points=8)
    def test_points_at_a_byte(client: Client) -> None:
        """a violation points at a byte"""
        response = client.get("/events")
        response.next_event()
        response.next_event().json(schema="thing")

    @check(points=8)
    def test_breaks() -> None:
        """the specification itself is broken"""
        {}["nothing"]

    @check(points=8)
    def test_asks_for_what_is_not_there(nothing: object) -> None:
        """there is no such fixture"""

    @check(points=8)
    def test_cannot_tell() -> None:
        """nobody can tell"""
        raise Inconclusive("the machine is asleep")

    @check(points=8)
    def test_skips() -> None:
        """it is skipped"""
        pytest.skip("not today")

    @check(points=8, after=test_breaks)
    def test_is_blocked_by_what_is_inconclusive() -> None:
        """it comes after what is inconclusive"""

    @check(points=16)
    def test_compares_no_longer(client: Client) -> None:
        """an earlier comparison is forgotten"""
        try:
            assert client.get("/").status == 404
        except AssertionError:
            pass
'''

EVENTS = """
    async def more(path, answer):
        if path == "/events":
            await answer(b'data: {}\\n\\nevent: thing\\ndata: {"n": "x"}\\n\\n', "text/event-stream")
            return True
"""


def test_every_end_of_a_test_is_one_outcome(tmp_path: Path, grade: Grade) -> None:
    schemas = {"thing": {"properties": {"n": {"type": "integer"}}}}
    done = grade(write_kata(tmp_path, OUTCOMES, app=app_with(EVENTS), schemas=schemas), json_report=True)
    assert (done.code, done.err) == (1, "")
    assert done.outcomes() == {
        "passes": "passed",
        "compares": "failed",
        "is_blocked": "blocked",
        "is_blocked_as_well": "blocked",
        "says_it_in_words": "failed",
        "says_nothing": "failed",
        "violates": "failed",
        "points_at_a_byte": "failed",
        "breaks": "inconclusive",
        "asks_for_what_is_not_there": "inconclusive",
        "cannot_tell": "inconclusive",
        "skips": "inconclusive",
        "is_blocked_by_what_is_inconclusive": "blocked",
        "compares_no_longer": "passed",
    }
    assert (done.report["points"], done.report["possible"]) == (None, 99)  # not final: some are inconclusive

    compared = finding(done, "compares")
    assert (compared["expected"], compared["seen"]) == ("goodbye", "hello")
    assert compared["requirement"] == {
        "source": "RFC 9110 15.5.5",
        "text": "404 means: not found.",
        "url": "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.5",
    }
    assert finding(done, "is_blocked")["expected"] == "first “what it compares differs”"
    assert finding(done, "says_it_in_words")["expected"] == "that it is said in words"
    assert finding(done, "says_it_in_words")["seen"] == "these are the words"
    assert finding(done, "says_nothing")["seen"]

    violated = finding(done, "violates")
    assert (violated["expected"], violated["requirement"]["source"]) == ("200 text/event-stream", "WHATWG HTML 9.2.2")
    pointed = finding(done, "points_at_a_byte")
    assert "at $.n: 'x' is not of type 'integer'" in pointed["seen"]
    assert pointed["spot"]["excerpt"][pointed["spot"]["caret"] :].startswith("event: thing")
    assert pointed["spot"]["offset"] == len("data: {}\n\n")
    assert pointed["spot"]["request"] == 1

    assert "KeyError: 'nothing' (test_tiny.py:" in finding(done, "breaks")["seen"]
    asked = finding(done, "asks_for_what_is_not_there")["seen"]
    assert asked == "it asks for 'nothing', which does not exist: a check is given client, upstream and draw"
    assert finding(done, "cannot_tell")["seen"] == "the machine is asleep"


PARTING = """
    @check(points=1)
    def test_passes(client: Client) -> None:
        \"\"\"it passes\"\"\"
        with client.get("/") as response:
            assert response.status == 200

    @check(points=1)
    def test_parts_within(client: Client) -> None:
        \"\"\"it fails before the client leaves\"\"\"
        with client.get("/") as response:
            assert response.status == 201

    @check(points=1)
    def test_parts_afterwards(client: Client) -> None:
        \"\"\"it fails when the client has left\"\"\"
        with client.get("/") as response:
            status = response.status
        assert status == 201
"""


def test_a_failure_tells_when_expectation_and_observation_parted(tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, PARTING), json_report=True)
    checks = {check["id"]: check for check in done.report["checks"]}
    assert checks["passes"]["diverged_ms"] is None
    for name, parts_first in (("parts_within", True), ("parts_afterwards", False)):
        left = next(entry["ms"] for entry in checks[name]["transcript"] if entry["act"] == "disconnected")
        assert (checks[name]["diverged_ms"] <= left) is parts_first


def test_a_report_tells_the_first_hint_alone(tmp_path: Path, grade: Grade) -> None:
    hints = {"parts_within": ["think", "do"], "parts_afterwards": ["the only one"]}
    done = grade(write_kata(tmp_path, PARTING, hints=hints), json_report=True)
    assert [check["hints"] for check in done.report["checks"]] == [[], ["think", "do"], ["the only one"]]
    assert finding(done, "parts_within")["hint"] == "think"


def test_without_a_failure_what_is_inconclusive_leaves_the_grade_open(tmp_path: Path, grade: Grade) -> None:
    spec = '''
        @check(points=1)
        def test_passes(client: Client) -> None:
            """it passes"""
            assert client.get("/").status == 200

        @check(points=1)
        def test_breaks() -> None:
            """the specification itself is broken"""
            raise RuntimeError("no fault of the app")
    '''
    done = grade(write_kata(tmp_path, spec), json_report=True)
    assert done.code == 3
    assert done.outcomes() == {"passes": "passed", "breaks": "inconclusive"}


def test_nothing_that_a_check_leaves_behind_disturbs_the_next(tmp_path: Path, grade: Grade) -> None:
    spec = '''
        @check(points=1)
        def test_leaves_a_stream_open(client: Client, upstream: Upstream) -> None:
            """it hangs up nowhere"""
            client.get("/hold", params={"key": upstream.key})
            upstream.wait_for_pull()

        @check(points=1)
        def test_finds_nothing_held(client: Client) -> None:
            """the next one finds nothing held"""
            assert client.get("/answers_when_nothing_is_held").body() == b"nothing"
    '''
    app = """
        import urllib.parse
        from grader.kit import UpstreamError, upstream
        held, free = [], asyncio.Event()

        async def more(path, answer):
            if path == "/answers_when_nothing_is_held":
                await free.wait()
                await answer(b"nothing")
                return True

        plain = app
        async def app(scope, receive, send):
            if scope.get("path") != "/hold":
                return await plain(scope, receive, send)
            key = urllib.parse.parse_qs(scope["query_string"].decode())["key"][0]
            try:
                async for item in upstream(key):
                    pass
            except UpstreamError:
                free.set()
    """
    done = grade(write_kata(tmp_path, spec, app=app_with(app)), json_report=True)
    assert done.outcomes() == {"leaves_a_stream_open": "passed", "finds_nothing_held": "passed"}


def test_an_app_that_crashes_is_booted_anew_for_the_next_check(tmp_path: Path, grade: Grade) -> None:
    spec = '''
        @check(points=1)
        def test_first(client: Client) -> None:
            """it crashes"""
            assert client.get("/crash").status == 200

        @check(points=1)
        def test_second(client: Client) -> None:
            """it finds a living app"""
            assert client.get("/").status == 200

        @check(points=1, after=test_first)
        def test_third(client: Client) -> None:
            """it is blocked"""
    '''
    app = """
        async def more(path, answer):
            if path == "/crash":
                os._exit(9)
    """
    kata = write_kata(tmp_path, spec, app=app_with(app))
    done = grade(kata, json_report=True)
    assert done.outcomes() == {"first": "failed", "second": "passed", "third": "blocked"}
    assert "the app's process exited with status 9" in done.seen("first")

    once = Path(kata, "app.py")
    once.write_text(once.read_text("utf-8") + "\nos.mkdir('booted')\n", "utf-8")
    done = grade(kata, "--jail", "none", json_report=True)  # a jailed app cannot write into its folder
    assert done.outcomes() == {"first": "failed", "second": "failed", "third": "blocked"}
    assert "FileExistsError" in done.seen("second")
    assert done.report["boot_failure"] is None
    assert done.code == 1


def test_a_schema_that_is_missing_is_the_katas_fault(tmp_path: Path, grade: Grade) -> None:
    spec = '''
        @check(points=1)
        def test_it(client: Client) -> None:
            """it needs a schema"""
            client.get("/events").next_event().json(schema="thing")
    '''
    done = grade(write_kata(tmp_path, spec, app=app_with(EVENTS)))
    assert done.code == 3
    assert "schemas/thing.json, a JSON Schema" in done.err
    assert done.out == ""


LATE = """
    @check(points=1)
    def test_first(client: Client) -> None:
        \"\"\"more comes while the next check runs\"\"\"
        assert client.get("/says more later").body() == b"hello"


    @check(points=1)
    def test_second(client: Client) -> None:
        \"\"\"nothing comes\"\"\"
        client.get("/now").body()
        assert client.get("/").body() == b"hello"  # by then the bytes have been sent


    @check(points=1)
    def test_third(client: Client) -> None:
        \"\"\"more has come before the check ends\"\"\"
        assert client.get("/says more").body() == b"hello"
        client.get("/").body()


    @check(points=1, after=test_third)
    def test_last(client: Client) -> None:
        \"\"\"it comes after one that failed\"\"\"
"""


def test_bytes_after_the_end_of_a_response_are_found_when_they_come_later(tmp_path: Path, grade: Grade) -> None:
    app = app_with(
        """
        now = asyncio.Event()

        async def more(path, answer):
            if path.startswith("/says"):
                transport = next(cell.cell_contents for cell in answer.__closure__).__self__.transport
                await answer(b"hello")
                if path.endswith("later"):
                    await now.wait()
                transport.write(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
                return True
            if path == "/now":
                now.set()
        """
    )
    done = grade(write_kata(tmp_path, LATE, app=app), json_report=True)
    assert done.outcomes() == {"first": "failed", "second": "passed", "third": "failed", "last": "blocked"}
    for check in ("first", "third"):
        assert "more bytes follow after the end of the response" in done.seen(check)
