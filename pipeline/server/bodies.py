"""Bodies of requests, read no further and no slower than they may be."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import ClientDisconnect, Request

from avel.pipeline.server.problem import Problem

PORTION = 1 << 18
"""Bytes that may take `Limits.body_seconds`."""


async def pieces(request: Request, seconds: float) -> AsyncIterator[bytes]:
    """A body as it comes, each 256 KiB within so many seconds.

    Raises:
        Problem: it is too slow, or its sender is gone before its end, so that nobody takes the
            half of a film that did not say its length for a whole one.
    """
    loop, stream = asyncio.get_running_loop(), request.stream()
    until, left = loop.time() + seconds, PORTION
    while True:
        try:
            async with asyncio.timeout_at(until):
                piece = await anext(stream, b"")
        except ClientDisconnect:
            raise Problem(
                400,
                "CUT_OFF",
                "the sender was gone before the body ended; go on where it broke off",
            ) from None
        except TimeoutError:
            raise Problem(
                408,
                "SLOW_BODY",
                f"less than {PORTION >> 10} KiB of the body came in {seconds:g} s; go on where it "
                "broke off",
                {"Connection": "close"},
            ) from None
        if not piece:
            return
        yield piece
        left -= len(piece)
        if left <= 0:
            until, left = loop.time() + seconds, PORTION


async def json_of(request: Request, most: int, seconds: float) -> Any:
    """A body of JSON of at most so many bytes; an empty body is an empty object.

    Raises:
        Problem: it is of another type, too long, too slow, or no JSON.
    """
    text = bytearray()
    if announced(request) > most:
        raise _too_long(most)
    async for piece in pieces(request, seconds):
        text += piece
        if len(text) > most:
            raise _too_long(most)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not text and not kind:
        return {}
    if kind != "application/json":
        raise Problem(
            415, "NOT_JSON", f"Content-Type {kind!r:.60} must be application/json: send JSON"
        )
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as err:
        raise Problem(400, "NOT_JSON", f"the body is no JSON ({err!s:.80})") from err


def announced(request: Request) -> int:
    """Bytes that a body says it has; -1 where it does not say.

    Raises:
        Problem: what it says is no number.
    """
    said = request.headers.get("content-length")
    if said is None:
        return -1
    if not (said.isascii() and said.isdigit() and len(said) < 19):
        raise Problem(400, "WRONG_LENGTH", f"Content-Length {said!r:.40} must be a number of bytes")
    return int(said)


def _too_long(most: int) -> Problem:
    return Problem(413, "TOO_LARGE", f"the body has more than {most} bytes; send less at once")


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")
