"""Responses as bytes, for a scripted app to send."""

from __future__ import annotations

SSE = "text/event-stream"


def head(kind: str = SSE, status: str = "200 OK", *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *([f"Content-Type: {kind}"] if kind else []), *more]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def sized(body: bytes, kind: str = SSE, status: str = "200 OK", *more: str) -> bytes:
    return head(kind, status, *more, f"Content-Length: {len(body)}") + body


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head(SSE, "200 OK", "Transfer-Encoding: chunked") + chunks + (b"0\r\n\r\n" if end else b"")


def event(*lines: str) -> bytes:
    return "\n".join(lines).encode() + b"\n\n"
