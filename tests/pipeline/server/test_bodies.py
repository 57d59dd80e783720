import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request

from avel.pipeline.server import bodies
from avel.pipeline.server.bodies import announced, json_of, pieces
from avel.pipeline.server.problem import Problem


def request(
    *given: bytes,
    kind: str | None = "application/json",
    length: str | None = None,
    ends: bool = True,
) -> Request:
    headers = [(b"content-type", kind.encode())] if kind else []
    headers += [(b"content-length", length.encode())] if length else []
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in given
    ]
    messages.append({"type": "http.request", "body": b"", "more_body": False} if ends else {})

    async def receive() -> dict[str, Any]:
        message = messages.pop(0)
        if not message:
            await asyncio.sleep(3_600)
        return message

    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}
    return Request(scope, receive)


def read(asked: Request, most: int = 100, seconds: float = 5.0) -> Any:
    return asyncio.run(json_of(asked, most, seconds))


def test_json() -> None:
    assert read(request(b'{"a": ', b"[1, 2.5]}")) == {"a": [1, 2.5]}
    assert read(request(b"{}", kind="application/json; charset=utf-8")) == {}


def test_no_body_is_an_empty_object() -> None:
    assert read(request(kind=None)) == {}


@pytest.mark.parametrize(
    ("given", "kind", "status", "said"),
    [
        ([b"{}"], "text/plain", 415, "Content-Type 'text/plain' must be application/json"),
        ([b"{}"], None, 415, "Content-Type '' must be application/json"),
        ([b"{"], "application/json", 400, "the body is no JSON"),
        ([b""], "application/json", 400, "the body is no JSON"),
        ([b"\xff"], "application/json", 400, "the body is no JSON"),
        ([b'{"a": NaN}'], "application/json", 400, "NaN is no number of JSON"),
        ([b"[" * 90 + b"]" * 90] * 1, "application/json", 413, "more than 100 bytes"),
        ([b"1" * 60, b"1" * 60], "application/json", 413, "more than 100 bytes"),
    ],
)
def test_what_is_no_json(given: Sequence[bytes], kind: str | None, status: int, said: str) -> None:
    with pytest.raises(Problem, match=said) as err:
        read(request(*given, kind=kind))
    assert err.value.status == status


def test_json_that_is_deep() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(Problem, match="the body is no JSON"):
        read(request(deep), most=1_000_000)


def test_a_length_that_is_too_long_is_refused_before_a_byte_is_read() -> None:
    with pytest.raises(Problem, match="more than 100 bytes"):
        read(request(length="101", ends=False))


@pytest.mark.parametrize("said", ["-5", "1e9", "٣", "9" * 30])
def test_a_length_that_is_none(said: str) -> None:
    asked = request(length=said)
    with pytest.raises(Problem, match="must be a number of bytes"):
        announced(asked)


def test_no_length() -> None:
    assert announced(request()) == -1
    assert announced(request(length="12")) == 12


def collect(asked: Request, seconds: float) -> list[bytes]:
    async def run() -> list[bytes]:
        return [piece async for piece in pieces(asked, seconds)]

    return asyncio.run(run())


def test_a_body_that_does_not_come() -> None:
    with pytest.raises(Problem, match=r"less than 256 KiB of the body came in 0\.01 s") as err:
        collect(request(b"abc", ends=False), 0.01)
    assert err.value.status == 408
    assert err.value.headers == {"Connection": "close"}


def test_a_body_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte is soon enough, and all together are not."""
    asked = request()

    async def drip() -> Any:
        while True:
            await asyncio.sleep(0.01)
            yield b"x"

    monkeypatch.setattr(asked, "stream", drip)
    with pytest.raises(Problem, match=r"of the body came in 0\.1 s"):
        collect(asked, 0.1)


def test_who_sends_enough_may_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PORTION", 2)
    asked = request()

    async def steady() -> Any:
        for _ in range(10):
            await asyncio.sleep(0.02)
            yield b"xx"

    monkeypatch.setattr(asked, "stream", steady)
    assert len(collect(asked, 0.15)) == 10


def test_who_hangs_up_has_sent_what_came_and_no_whole() -> None:
    messages = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    asked = Request({"type": "http", "method": "POST", "headers": []}, receive)

    async def run() -> list[bytes]:
        came = []
        with pytest.raises(Problem, match=r"CUT_OFF.*the sender was gone before the body ended"):
            async for piece in pieces(asked, 1.0):
                came.append(piece)
        return came

    assert asyncio.run(run()) == [b"ab"]
