"""A law judges every response of a grade that it covers, whichever check asked for it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Graded
from tests.tiny import app_with, write_kata

if TYPE_CHECKING:
    from tests.conftest import Grade


def finding(done: Graded, check: str) -> Any:
    return next(item["finding"] for item in done.report["checks"] if item["id"] == check)


#: An event stream with the items of the key in the address, and a closing event; it ends at the first failure.
STREAMS = """
    from urllib.parse import unquote

    async def more(path, answer):
        return False

    async def streams(scope, receive, send):
        if scope["type"] != "http":
            return
        kind = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        count = 0
        try:
            async for item in upstream(unquote(scope["query_string"].decode()).partition("=")[2].replace("+", " ")):
                count += 1
                part = f"data: {item}\\n\\n".encode()
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except UpstreamError:
            count = -1
        last = b"event: done\\ndata: \\n\\n" if count != MISSING else b""
        await send({"type": "http.response.body", "body": last})

    app = streams
"""

LAW = '''
    def streams(asked) -> bool:
        return "key" in asked.params

    def read(client: Client, key: str) -> None:
        client.get("/", params={"key": key}).events()

    @law(points=2, of=streams, requirement="RFC 9110 15: A status code is a number.")
    def test_each_ends_with_done(response: Recorded) -> None:
        """each stream ends with an event of type done"""
        assert [event.type for event in response.events()][-1:] == ["done"], "type of the last event"

    @check(points=1)
    def test_one(client: Client, upstream: Upstream) -> None:
        """a stream of one"""
        upstream.give_all(["a"])
        read(client, upstream.key)

    @check(points=1)
    def test_three(client: Client, upstream: Upstream) -> None:
        """a stream of three"""
        upstream.give_all(["a", "b", "c"])
        read(client, upstream.key)
        client.get("/elsewhere").body()

    @check(points=1)
    def test_failure(client: Client, upstream: Upstream) -> None:
        """a stream that fails"""
        upstream.give("a")
        upstream.fail()
        read(client, upstream.key)
'''


def app(missing: int) -> str:
    return app_with(STREAMS.replace("MISSING", str(missing)))


def test_a_law_holds_for_all_responses_that_it_covers_and_says_nothing_of_others(tmp_path: Path, grade: Grade) -> None:
    """It would fail for the response of "/elsewhere", and for the stream whose upstream fails."""
    done = grade(write_kata(tmp_path, LAW, app=app(-1)), json_report=True)
    assert done.outcomes() == dict.fromkeys(["each_ends_with_done", "one", "three", "failure"], "passed")
    assert (done.report["points"], done.report["possible"]) == (5, 5)


def test_the_response_that_breaks_a_law_is_shown_with_the_check_that_asked_for_it(tmp_path: Path, grade: Grade) -> None:
    kata = write_kata(tmp_path, LAW, app=app(3))
    done = grade(kata, json_report=True)
    assert done.outcomes() == {
        "each_ends_with_done": "failed",
        "one": "passed",
        "three": "passed",
        "failure": "passed",
    }
    found = finding(done, "each_ends_with_done")
    assert (found["expected"], found["seen"]) == ('["done"]', '["message"]')
    assert found["note"] == "seen in the check “a stream of three”"
    assert found["headline"].endswith('; expected: ["done"]. Seen in the check “a stream of three”')
    law = done.report["checks"][0]
    assert [entry["act"] for entry in law["transcript"]].count("gave") == 3
    assert [request.count("key=") for request in law["requests"]] == [1]


RAISING = """
    async def more(path, answer):
        if path == "/raises":
            raise KeyError("the name")
        return False
"""

STATUSES = '''
    @law(points=1, requirement="RFC 9110 15: A status code is a number.")
    def test_each_is_200(response: Recorded) -> None:
        """each response is a 200"""
        assert response.status == 200, "status"

    @check(points=1)
    def test_one(client: Client) -> None:
        """a response"""
        client.get("/").body()

    @check(points=1)
    def test_another(client: Client) -> None:
        """another one"""
        client.get("/PATH").body()
'''


def test_what_the_app_raised_instead_of_a_response_is_the_cause_also_where_a_law_finds_it(
    tmp_path: Path, grade: Grade
) -> None:
    app = app_with(RAISING)
    done = grade(write_kata(tmp_path / "raises", STATUSES.replace("PATH", "raises"), app=app), json_report=True)
    headline = finding(done, "each_is_200")["headline"]
    assert headline.startswith("The app raised KeyError: 'the name' in app.py:")
    assert headline.endswith("So: status: 500; expected: 200. Seen in the check “another one”")


def test_a_law_alone_runs_all_checks_and_reports_itself(tmp_path: Path, grade: Grade) -> None:
    kata = write_kata(tmp_path, LAW, app=app(3))
    done = grade(kata, "--only", "each_ends_with_done", json_report=True)
    assert done.outcomes() == {"each_ends_with_done": "failed"}


ASKING = """
    def above(client: Client, upstream: Upstream, draw: Draw) -> None:
        client.get("/above").body()

    def below(client: Client, upstream: Upstream, draw: Draw) -> None:
        client.get("/below").body()

    def not_found(client: Client, upstream: Upstream, draw: Draw) -> None:
        client.get("/one").body()
        assert client.get("/two").status == 404

    @check(points=1)
    def test_answers(client: Client) -> None:
        '''it answers'''
        response = client.get("/")
        response.wait_for_end()
        assert response.status == 200

    @law(points=1, asks=(above,))
    def test_asks(response: Recorded) -> None:
        '''a law that asks'''

    @law(points=1)
    def test_judges(responses: list[Recorded]) -> None:
        '''a law that judges'''
        assert [response.asked.path for response in responses][:4] == []

    @law(points=1, asks=(below,))
    def test_below(response: Recorded) -> None:
        '''a law below it'''

    @law(points=1, asks=(not_found,), after=test_answers)
    def test_finds_nothing(response: Recorded) -> None:
        '''a law whose own request fails'''
"""


@pytest.mark.parametrize("only", ["", "judges"])
def test_a_law_judges_what_all_laws_ask_wherever_they_stand(tmp_path: Path, grade: Grade, only: str) -> None:
    done = grade(write_kata(tmp_path, ASKING), *(["--only", only] if only else []), json_report=True)
    assert done.outcomes()["judges"] == "failed"
    assert finding(done, "judges")["seen"] == '4 items: ["/", "/above", "/below", "/one"]'


def test_a_law_fails_by_its_own_requests(tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, ASKING), json_report=True)
    assert {name: done.outcomes()[name] for name in ("asks", "below", "finds_nothing")} == {
        "asks": "passed",
        "below": "passed",
        "finds_nothing": "failed",
    }
    law = done.report["checks"][-1]
    assert (law["finding"]["seen"], law["finding"]["expected"]) == ("200", "404")
    assert len(law["requests"]) == 2


def test_what_a_request_of_a_law_has_compared_is_not_said_of_another_law(tmp_path: Path, grade: Grade) -> None:
    spec = ASKING.replace("a law that asks'''", "a law that asks'''\n        assert not response.status, 'a status'")
    done = grade(write_kata(tmp_path, spec), json_report=True)
    assert done.outcomes()["asks"] == "failed"
    assert "404" not in str(finding(done, "asks"))


def test_a_law_asks_nothing_where_a_check_before_it_has_failed(tmp_path: Path, grade: Grade) -> None:
    spec = ASKING.replace("response.status == 200", "response.status == 201")
    done = grade(write_kata(tmp_path, spec), json_report=True)
    assert done.outcomes()["finds_nothing"] == "blocked"
    assert '"/one"' not in finding(done, "judges")["seen"]


PARTS = '''
    def all_of(asked) -> bool:
        return True

    @check(points=1)
    def test_leaves(client: Client, upstream: Upstream) -> None:
        """a client leaves"""
        upstream.give("a", "b")
        with client.get("/", params={"key": upstream.key}) as response:
            response.next_event()
            response.next_event()

    @law(points=1, of=all_of, whole=False)
    def test_cut_short(response: Recorded) -> None:
        """what is cut short"""
        assert (response.is_whole, response.items, response.failure, response.openings) == (False, ["a", "b"], None, 1)
        assert [event.data for event in response.events()] == ["a", "b"]
        assert response.asked.params["key"] and response.asked.path == "/" and response.asked.json is None

    @law(points=1, of=all_of)
    def test_whole(response: Recorded) -> None:
        """what is whole"""

    def own(client: Client, upstream: Upstream, draw: Draw) -> None:
        for key in ("", " of one's own ", "Ä", "e", "key"):
            other = upstream.another(key)
            other.give(key)
            other.fail("a failure")
            client.get("/", params={"key": other.key}).events()

    @law(points=1, of=all_of, failing=True, asks=(own,))
    def test_failing(responses: list[Recorded]) -> None:
        """what fails, with requests of its own"""
        assert [(one.items, one.failure) for one in responses] == [
            ([key], "a failure") for key in ("", " of one's own ", "Ä", "e", "key")
        ]
        assert all(one.began <= one.ended_at for one in responses)
'''


def test_a_law_covers_by_end_and_failure_and_may_ask_itself(tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, PARTS, app=app(-2)), json_report=True)
    assert done.outcomes() == {
        "leaves": "passed",
        "cut_short": "passed",
        "whole": "inconclusive",
        "failing": "passed",
    }
    assert finding(done, "whole")["seen"] == "no response of the grade is one that this law covers"


def test_a_law_without_a_response_is_blocked_by_what_failed(tmp_path: Path, grade: Grade) -> None:
    spec = '''
        @check(points=1)
        def test_fails(client: Client) -> None:
            """it fails"""
            assert client.get("/").status == 201

        @law(points=1, of=lambda asked: asked.path == "/other")
        def test_other(response: Recorded) -> None:
            """others hold"""
    '''
    done = grade(write_kata(tmp_path, spec), json_report=True)
    assert done.outcomes() == {"fails": "failed", "other": "blocked"}
    assert finding(done, "other")["headline"].startswith("Blocked by the checks that did not pass")


def test_of_requests_for_one_key_one_that_was_left_is_the_one_without_the_upstream(
    tmp_path: Path, grade: Grade
) -> None:
    """A client may leave between the head of a response and the moment at which the app opens the upstream."""
    spec = '''
        @check(points=1)
        def test_one_leaves(client: Client, upstream: Upstream) -> None:
            """one leaves"""
            upstream.give_all(["a"])
            with client.get("/", params={"key": upstream.key, "later": "1"}) as left:
                assert left.status == 200
            client.get("/", params={"key": upstream.key}).events()
            with client.get("/", params={"key": upstream.key, "later": "1"}) as left:
                assert left.status == 200

        @law(points=1, whole=None)
        def test_opened_once(response: Recorded) -> None:
            """the upstream is opened for what came to its end"""
            assert response.openings == int(response.is_whole), "upstream connections"
    '''
    late = """
    async def later(scope, receive, send):
        if scope["type"] != "http" or b"later" not in scope["query_string"]:
            return await streams(scope, receive, send)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b":\\n\\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    app = later
    """
    done = grade(write_kata(tmp_path, spec, app=app(-2) + textwrap.dedent(late)), json_report=True)
    assert done.outcomes() == {"one_leaves": "passed", "opened_once": "passed"}


def test_requests_for_one_key_are_told_apart_by_their_order(tmp_path: Path, grade: Grade) -> None:
    """Where they overlap, nobody knows which stream was whose: the law is not asked about them."""
    spec = '''
        @check(points=1)
        def test_in_turn(client: Client, upstream: Upstream) -> None:
            """one after the other"""
            upstream.give("a")
            upstream.end()
            for _ in range(2):
                client.get("/", params={"key": upstream.key}).events()

        @check(points=1)
        def test_at_once(client: Client, upstream: Upstream) -> None:
            """both at once"""
            first = client.get("/", params={"key": upstream.key})
            upstream.wait_for_pull(1)
            second = client.get("/", params={"key": upstream.key})
            upstream.wait_for_pull(2)
            upstream.give("a")
            upstream.end()
            first.events(), second.events()

        @law(points=1)
        def test_items(responses: list[Recorded]) -> None:
            """items are known"""
            assert [response.items for response in responses] == [["a"], []]

        @law(points=1)
        def test_each(response: Recorded) -> None:
            """one after the other"""
            assert [event.data for event in response.events()][:-1] == response.items
    '''
    done = grade(write_kata(tmp_path, spec, app=app(-2)), json_report=True)
    assert set(done.outcomes().values()) == {"passed"}


def test_what_was_opened_twice_or_not_at_all_is_nothing_of_the_next_request(tmp_path: Path, grade: Grade) -> None:
    spec = '''
        @check(points=1)
        def test_in_turn(client: Client, upstream: Upstream) -> None:
            """one after the other"""
            upstream.give("a")
            upstream.end()
            client.get("/", params={"key": upstream.key, "times": "2"}).events()
            client.get("/", params={"key": upstream.key}).events()

        @check(points=1)
        def test_not_at_all(client: Client, upstream: Upstream) -> None:
            """one asks for nothing"""
            upstream.give("b")
            upstream.end()
            client.get("/", params={"key": upstream.key, "times": "0"}).events()
            client.get("/", params={"key": upstream.key}).events()

        @law(points=1)
        def test_items(responses: list[Recorded]) -> None:
            """items are known"""
            assert [response.items for response in responses] == [["a"], [], [], ["b"]]
            assert [response.upstream_ended for response in responses] == [True, True, False, True]
    '''
    times = """
    from urllib.parse import parse_qs

    async def several(scope, receive, send):
        if scope["type"] != "http":
            return
        query = parse_qs(scope["query_string"].decode())
        for _ in range(int(query.get("times", ["1"])[0])):
            async for item in upstream(query["key"][0]):
                pass
        kind = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        await send({"type": "http.response.body", "body": b""})

    app = several
    """
    done = grade(write_kata(tmp_path, spec, app=app(-2) + textwrap.dedent(times)), json_report=True)
    assert set(done.outcomes().values()) == {"passed"}


def test_a_law_is_asked_about_what_had_arrived_though_its_check_did_not_wait_for_it(
    tmp_path: Path, grade: Grade
) -> None:
    spec = '''
        @check(points=1)
        def test_head_alone(client: Client) -> None:
            """a head"""
            held = client.get("/held")
            assert held.status == 200
            assert client.get("/rest").body() == b"the rest is sent"

        @law(points=1, of=lambda asked: asked.path == "/held")
        def test_body(response: Recorded) -> None:
            """it has a body"""
            assert response.body == b"held back"
    '''
    held = """
    import asyncio

    asked, sent = asyncio.Event(), asyncio.Event()

    async def held(scope, receive, send):
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/held":
            await asked.wait()
            await send({"type": "http.response.body", "body": b"held back"})
            sent.set()
        else:
            asked.set()
            await sent.wait()
            await send({"type": "http.response.body", "body": b"the rest is sent"})

    app = held
    """
    done = grade(write_kata(tmp_path, spec, app=app(-2) + textwrap.dedent(held)), json_report=True)
    assert done.outcomes() == {"head_alone": "passed", "body": "passed"}


def test_authors_are_told_what_a_law_is(tmp_path: Path, grade: Grade) -> None:
    spec = '''
        @law(points=1)
        def test_it(client: Client) -> None:
            """it takes an end"""
    '''
    done = grade(write_kata(tmp_path, spec))
    assert "check it: a law takes one parameter, response, responses or pace" in " ".join(done.err.split())
    spec = '''
        @law(points=1)
        def test_it(response: Recorded) -> None:
            """it holds"""

        @check(points=1, after=test_it)
        def test_later() -> None:
            """it comes after a law"""
    '''
    (tmp_path / "b").mkdir()
    done = grade(write_kata(tmp_path / "b", spec))
    assert "it comes after it, which is a law, and laws are judged after all checks" in " ".join(done.err.split())


PACE = '''
    @check(points=1)
    def test_one(client: Client, upstream: Upstream) -> None:
        """a request"""
        client.get("/").wait_for_end()

    @law(points=1)
    def test_rests(pace: Pace) -> None:
        """no rests"""
        pace.has_no_rests()

    @law(points=1)
    def test_blocks(pace: Pace) -> None:
        """no blockages"""
        pace.never_blocks()
'''


def test_a_law_is_given_the_pace_of_the_grade(tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, PACE), json_report=True)
    assert done.outcomes() == dict.fromkeys(["one", "rests", "blocks"], "passed"), done.out


LATE = '''
    from grader.grading import delays

    delays.MOST_LATE = 0.1

    @law(points=1)
    def test_rests(pace: Pace) -> None:
        """no rests"""
        pace.has_no_rests()

    @check(points=1)
    def test_one(client: Client, upstream: Upstream) -> None:
        """a request"""
        assert client.get("/").body() == b"hello"

    @check(points=1)
    def test_another(client: Client, upstream: Upstream) -> None:
        """another request"""
        assert client.get("/").body() == b"hello"

    @law(points=1, after=test_another)
    def test_blocks(pace: Pace) -> None:
        """no blockages"""
        pace.never_blocks()
'''


SLEEPS = """
    async def more(path, answer):
        await asyncio.sleep(0.4)
"""


def test_an_app_that_adds_too_many_delays_is_judged_by_its_laws_alone(tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, LATE, app=app_with(SLEEPS)), json_report=True)
    assert done.outcomes() == {"rests": "failed", "one": "passed", "another": "blocked", "blocks": "passed"}, done.out
    assert "blocked by the delays that the app adds" in finding(done, "another")["headline"].lower()


ENDLESS = """
    from grader.grading import delays

    delays.MOST_LATE = 0.5

    @check(points=1)
    def test_many(client: Client, upstream: Upstream) -> None:
        \"""many requests\"""
        for _ in range(1000):
            client.get("/").wait_for_end()

    @law(points=1)
    def test_each_is_ok(response: Recorded) -> None:
        \"""each response has status 200\"""
        assert response.status == 200, "status"
"""

RESTS = """
    @law(points=1)
    def test_rests(pace: Pace) -> None:
        \"""no rests\"""
        pace.has_no_rests()
"""


def test_too_many_delays_end_a_check_of_many_requests(tmp_path: Path, grade: Grade) -> None:
    """A law that holds so far has not been shown to hold: what would have been asked for was not."""
    done = grade(write_kata(tmp_path, ENDLESS + RESTS, app=app_with(SLEEPS)), json_report=True)
    assert done.outcomes() == {"rests": "failed", "many": "blocked", "each_is_ok": "blocked"}, done.out
    assert next(iter(done.outcomes())) == "rests"  # the cause comes first
    assert "2 checks blocked by “no rests”, 2 points" in done.out
    assert "blocked by the delays that the app adds" in finding(done, "many")["headline"].lower()


def test_with_stop_early_the_law_that_names_the_delays_is_judged_as_well(tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, ENDLESS + RESTS, app=app_with(SLEEPS)), "--stop-early", json_report=True)
    assert done.outcomes() == {"rests": "failed", "many": "blocked", "each_is_ok": "blocked"}, done.out


def test_the_law_that_names_the_delays_is_judged_whatever_it_comes_after(tmp_path: Path, grade: Grade) -> None:
    spec = ENDLESS + RESTS.replace("@law(points=1)", "@law(points=1, after=test_fails)")
    fails = """
    @check(points=1)
    def test_fails(client: Client, upstream: Upstream) -> None:
        \"""it fails\"""
        assert client.get("/").status == 500
    """
    done = grade(write_kata(tmp_path, fails + spec, app=app_with(SLEEPS)), json_report=True)
    assert done.outcomes() == {"rests": "failed", "fails": "failed", "many": "blocked", "each_is_ok": "blocked"}


def test_delays_explain_why_there_was_no_time(tmp_path: Path, grade: Grade) -> None:
    spec = ENDLESS.replace("delays.MOST_LATE = 0.5", "delays.MOST_LATE = 1000") + RESTS
    done = grade(write_kata(tmp_path, spec, app=app_with(SLEEPS)), "--total-limit", "10", json_report=True)
    assert done.outcomes() == {"many": "blocked", "each_is_ok": "blocked", "rests": "failed"}, done.out
    assert done.code == 1


BLOCKS_ONLY = RESTS.replace("test_rests", "test_blocks").replace("has_no_rests", "never_blocks")


def test_delays_that_the_kata_allows_end_nothing(tmp_path: Path, grade: Grade) -> None:
    """Its only law about the pace is about blocking, and this app does not block."""
    spec = ENDLESS.replace("range(1000)", "range(4)") + BLOCKS_ONLY
    done = grade(write_kata(tmp_path, spec, app=app_with(SLEEPS)), json_report=True)
    assert done.outcomes() == {"many": "passed", "each_is_ok": "passed", "blocks": "passed"}, done.out


def test_delays_of_which_no_law_speaks_block_nothing(tmp_path: Path, grade: Grade) -> None:
    spec = ENDLESS.replace("range(1000)", "range(4)")
    done = grade(write_kata(tmp_path, spec, app=app_with(SLEEPS)), json_report=True)
    assert done.outcomes() == {"many": "passed", "each_is_ok": "passed"}, done.out


ASKS = """
    def one_more(client: Client, upstream: Upstream, draw) -> None:
        assert client.get("/").status == 500, "status"

    @law(points=1, asks=(one_more,))
    def test_asks(response: Recorded) -> None:
        \"""it asks for more\"""
"""


def test_no_law_asks_for_more_where_delays_have_ended_the_checks(tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, ENDLESS + RESTS + ASKS, app=app_with(SLEEPS)), json_report=True)
    assert done.outcomes() == {"rests": "failed", "many": "blocked", "each_is_ok": "blocked", "asks": "blocked"}
