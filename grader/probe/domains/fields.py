"""Fields of a request's header section that a contract does not mention, with values that tempt."""

from __future__ import annotations

from random import Random

from grader.probe.domains.words import word


def every_field(random: Random) -> dict[str, str]:
    """Conditions, ranges, preferences, and what browsers and proxies add; none says what media type a client takes."""
    own = identity(random)
    return {
        **own,
        "User-Agent": f"Mozilla/5.0 ({word(random)})",
        "Accept-Charset": "iso-8859-1",
        "Accept-Language": "de, *;q=0.5",
        "Cookie": f"{own['Cookie']}; stream=true; mode=batch",
        "Cache-Control": "only-if-cached",  # to caches alone (RFC 9111 5.2.1.7)
        "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT",
        "If-None-Match": "*",
        "Range": "bytes=0-9",
        "Prefer": "respond-async",
        "Last-Event-ID": str(random.randint(1, 9)),
        "Save-Data": "on",
        "Sec-Fetch-Dest": "document",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Purpose": "prefetch",
        "X-Requested-With": "XMLHttpRequest",
        "X-HTTP-Method-Override": "DELETE",
    }


def identity(random: Random) -> dict[str, str]:
    """Fields by which an app may take several requests for those of one client, or for one request."""
    return {
        "Authorization": f"Bearer {word(random)}",
        "Cookie": f"session={word(random)}",
        "Idempotency-Key": word(random),
        "Origin": f"https://{word(random)}.example",
        "X-Forwarded-For": "192.0.2.7",  # for documentation (RFC 5737)
        "X-Request-ID": word(random),
    }
