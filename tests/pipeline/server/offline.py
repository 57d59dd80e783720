"""Ends a process of ours that would speak to another machine, or ask for one's number."""

import os
import sys
from typing import Any

HERE = ("127.0.0.1", "::1", "localhost", "", None)
ASKING = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex")
CODE = 99
"""Of a process that did."""


def hear(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook."""
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and address[0] not in HERE:
            _end(event, address)
    elif event in ASKING and arguments[0] not in HERE:
        _end(event, arguments[0])


def forbid() -> None:
    """From now on, in this process."""
    sys.addaudithook(hear)


def _end(event: str, what: object) -> None:
    os.write(2, f"{event} {what!r}: leaves the machine\n".encode())
    os._exit(CODE)
