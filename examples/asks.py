"""The requests of example 2: which signals each of them carries."""

from typing import NamedTuple

import httpx


class Ask(NamedTuple):
    """One request of the show: the signals that it carries."""

    accept: str = ""
    query: str = ""
    flag: bool | None = None
    key: str = ""
    poem: str = "rain"

    def send(self, http: httpx.Client) -> httpx.Response:
        """Send it: as a POST if it has a flag, else as a GET."""
        given = {"Accept": self.accept, "X-API-Key": self.key}
        headers = {name: value for name, value in given.items() if value}
        params = {"mode": self.query} if self.query else {}
        if self.flag is None:
            return http.get(f"/poems/{self.poem}", headers=headers, params=params)
        return http.post("/poems", headers=headers, params=params, json={"poem": self.poem, "stream": self.flag})

    def __str__(self) -> str:
        """Name the signals."""
        flag = "" if self.flag is None else f"stream: {str(self.flag).lower()}"
        poem = "" if self.poem == "rain" else f"/poems/{self.poem}"
        query = self.query and f"?mode={self.query}"
        accept = self.accept and f"Accept: {self.accept}"
        key = self.key and f"key {self.key}"
        return "  ".join(filter(None, (poem, query, flag, accept, key))) or "(no signal at all)"


ASKS = [
    Ask(),
    Ask(accept="*/*"),
    Ask(accept="text/event-stream"),
    Ask(accept="text/*, application/json;q=0.9"),
    Ask(accept="text/event-stream;q=0.1, */*"),
    Ask(accept="*/*, application/json;q=0"),
    Ask(accept="image/png"),
    Ask(accept="*/*", key="ann-1"),
    Ask(accept="*/*", key="bob-1"),
    Ask(accept="application/json", key="ann-1"),
    Ask(accept="application/json", flag=True),
    Ask(query="batch", flag=True),
    Ask(accept="text/event-stream", poem="sun"),
]
