"""Who may ask, and what every answer says to browsers.

A page of another site can make a browser send requests here: under another name for this machine
(`Host`), or as that page (`Origin`). Neither is heard. Beyond this machine a token is needed too.
"""

import hashlib
import hmac
import ipaddress
import logging
from collections.abc import Collection
from dataclasses import dataclass
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avel.pipeline.server.bodies import pieces
from avel.pipeline.server.problem import Problem
from avel.pipeline.server.room import Rate

COOKIE = "avel"
LOGIN = "/login"
MOST_FORM_BYTES = 4_096
SAFE = ("GET", "HEAD", "OPTIONS")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
FORM = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>avel</title></head><body>
<h1>avel</h1>
<form method="post" action="/login">
<p>{said}</p>
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus required>
<button>Go on</button>
</form></body></html>
"""


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes:
        token: That must be shown; empty: none.
        names: Names of this machine, in small letters, under which it may be asked.
        any_address: Whether it may be asked under any of its numbers, too: no name can be bound to
            another's number there.
    """

    token: str = ""
    names: Collection[str] = ("localhost", "127.0.0.1", "::1")
    any_address: bool = False


class Guard:
    """Stands before the answers.

    Args:
        app: Answers.
        access: Who may ask.
        rate: Counts requests a minute.
    """

    def __init__(self, app: ASGIApp, access: Access, rate: Rate) -> None:
        self._app, self._access, self._rate = app, access, rate
        self._session = _session(access.token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            answer = await self._judge(scope, receive)
        except Problem as err:
            answer = refusal(err)
        await (answer or self._app)(scope, receive, with_headers)

    async def _judge(self, scope: Scope, receive: Receive) -> Response | None:
        """An answer in the place of the one asked for; None where the asker may have that.

        Raises:
            Problem: nothing is answered.
        """
        headers = Headers(scope=scope)
        self._rate.check((scope.get("client") or ("",))[0])
        self._check_host(headers)
        if scope["method"] not in SAFE:
            _check_origin(headers, scope["scheme"])
        if not self._access.token:
            return None
        if scope["path"] == LOGIN and scope["method"] == "POST":
            return await self._log_in(Request(scope, receive))
        if self._knows(headers):
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            said = "This server asks for the token that it printed when it was started."
            return HTMLResponse(FORM.format(said=said), 401)
        raise Problem(
            *(401, "TOKEN", "this server needs a token: send Authorization: Bearer TOKEN"),
            {"WWW-Authenticate": "Bearer"},
        )

    def _check_host(self, headers: Headers) -> None:
        host = _host_name(headers.get("host", ""))
        if host in self._access.names or (self._access.any_address and _is_number(host)):
            return
        raise Problem(
            403,
            "HOST",
            f"this server is not known as '{host:.80}'; ask it under its own name, or start it "
            "with --name",
        )

    def _knows(self, headers: Headers) -> bool:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and _same(token.strip(), self._access.token):
            return True
        return _same(_cookie(headers.get("cookie", "")), self._session)

    async def _log_in(self, request: Request) -> Response:
        form = bytearray()
        async for piece in pieces(request, 10.0):
            form += piece
            if len(form) > MOST_FORM_BYTES:
                raise Problem(413, "TOO_LARGE", f"the form has over {MOST_FORM_BYTES} bytes")
        given = parse_qs(form.decode("utf-8", "replace")).get("token", [""])[0]
        if not _same(given.strip(), self._access.token):
            logging.getLogger("avel").warning("a wrong token was given")
            return HTMLResponse(FORM.format(said=escape("That is not the token.")), 401)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(COOKIE, self._session, httponly=True, samesite="strict", path="/")
        return answer


def refusal(problem: Problem) -> JSONResponse:
    """The answer that says no."""
    return JSONResponse(problem.document, problem.status, problem.headers)


def _check_origin(headers: Headers, scheme: str) -> None:
    """Let no page of another site change anything.

    Raises:
        Problem: one tries.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    if origin is None and site in ("none", "same-origin"):
        return  # no browser, or the address line
    if origin is not None and _same_origin(origin, headers.get("host", ""), scheme):
        return
    raise Problem(
        403,
        "ORIGIN",
        f"a page of {origin or 'another site'!r:.80} may not change anything here; use this "
        "server's own page",
    )


def _same_origin(origin: str, host: str, scheme: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme == scheme and parts.netloc.lower() == host.lower()


def _host_name(host: str) -> str:
    """Name or number without the port, in small letters."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _same(given: str, right: str) -> bool:
    """Whether two texts are one, in a time that tells nothing of how far they are."""
    return bool(right) and hmac.compare_digest(given.encode(), right.encode())


def _session(token: str) -> str:
    """What a browser keeps in the place of a token, which is not to be had from it."""
    return hmac.new(token.encode(), b"avel session", hashlib.sha256).hexdigest() if token else ""


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
