"""How many connections wait in an app's listener until its server takes them: the kernel tells (sock_diag(7)).

A server takes all of them in one iteration of its event loop. So while one waits, the loop has come to the end of no
more than the iteration in which it was then: evidence from outside, and sharper than a response, which takes three.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import Final

_NETLINK_SOCK_DIAG: Final = 4  # linux/netlink.h
_SOCK_DIAG_BY_FAMILY: Final = 20  # linux/sock_diag.h
_NLM_F_REQUEST: Final = 1  # linux/netlink.h
#: struct nlmsghdr, then struct inet_diag_req_v2 (linux/inet_diag.h): any state, one socket, and no cookie of it.
_REQUEST: Final = struct.Struct("=IHHII BBBxI")
_SOCKET: Final = struct.Struct("!HH4s12x16x4x8s")
_ANY_STATE: Final = 0xFFFFFFFF
_NO_COOKIE: Final = b"\xff" * 8
#: Of struct inet_diag_msg after its header: what it is, and `idiag_rqueue`, which of a listener is this count.
_ANSWER: Final = struct.Struct("=IH66xI")


def diagnosis() -> socket.socket | None:
    """What the kernel can be asked with, about the network of this process; None where it cannot be asked."""
    with suppress(OSError, AttributeError):  # elsewhere than on Linux, and in some containers
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    return None


def waiting(asked: socket.socket, address: tuple[str, int]) -> int:
    """How many connections wait in the listener at ``address``; 0 where that is not known."""
    name = _SOCKET.pack(address[1], 0, socket.inet_aton(address[0]), _NO_COOKIE)
    size = _REQUEST.size + len(name)
    head = _REQUEST.pack(
        size, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0, socket.AF_INET, socket.IPPROTO_TCP, 0, _ANY_STATE
    )
    try:
        asked.send(head + name)
        answer = asked.recv(512, socket.MSG_DONTWAIT)  # the kernel answers within send()
    except OSError:
        return 0
    if len(answer) < _ANSWER.size:
        return 0
    _, kind, count = _ANSWER.unpack_from(answer)
    return int(count) if kind == _SOCK_DIAG_BY_FAMILY else 0
