"""FILL IN: what this specification is about, and by which standards."""

from grader.spec import Client, Draw, Upstream, check

PATH = "/items"


@check(
    points=2,
    requirement=(
        "WHATWG HTML 9.2.2: Otherwise, if res's status is not 200, or if res's `Content-Type` is not "
        "`text/event-stream`, then fail the connection."
    ),
)
def test_is_an_event_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """it responds with an event stream"""
    upstream.give_all(draw.texts(2))
    response = client.get(PATH, params={"name": upstream.key})
    assert (response.status, response.content_type) == (200, "text/event-stream"), "status and media type"


@check(points=2, after=test_is_an_event_stream, requirement="Each item is one event, whose data is a JSON object")
def test_one_event_an_item(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each item is one event, as JSON"""
    items = [*draw.texts(2), *draw.awkward_texts()]
    upstream.give_all(items)
    events = client.get(PATH, params={"name": upstream.key}).events()
    assert [event.json(schema="item")["item"] for event in events] == items, "items of the events"


@check(
    points=3,
    after=test_one_event_an_item,
    requirement="responds with the items that the upstream has for `name`, as a stream",
)
def test_each_item_leaves_before_the_next_exists(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each item reaches the client before the next one exists"""
    with client.get(PATH, params={"name": upstream.key}) as response:
        for item in draw.texts(4):
            upstream.give(item)
            assert response.next_event().json(schema="item")["item"] == item, "item of the next event"
