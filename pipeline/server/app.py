"""The server as one ASGI application: a request finds its route, is checked, and is answered."""

import inspect
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Place
from starlette.types import ASGIApp

from avel.pipeline.server.bodies import json_of
from avel.pipeline.server.checks import check, parsed
from avel.pipeline.server.folder import ID
from avel.pipeline.server.guard import SAFE, Access, Guard, refusal
from avel.pipeline.server.problem import Problem, missing
from avel.pipeline.server.room import Rate
from avel.pipeline.server.route import Call, Route
from avel.pipeline.server.routes import ROUTES
from avel.pipeline.server.site import Site

Endpoint = Callable[[Request], Awaitable[Response]]
Life = Callable[[], Any]


def application(site: Site, access: Access, life: Life | None = None) -> ASGIApp:
    """What uvicorn runs.

    Args:
        site: All that there is.
        access: Who may ask.
        life: Makes the asynchronous context in which it runs, such as that of its workers.
    """
    paths: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = route
    places = [
        Place(path, _endpoint(site, by_method), methods=None)
        for path, by_method in sorted(paths.items(), key=lambda item: "{" in item[0])
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if life is None:
            yield
        else:
            async with life():
                yield

    inner = Starlette(
        routes=places,
        lifespan=lifespan,
        exception_handlers={
            HTTPException: _not_there,
            Problem: _refused,
            sqlite3.OperationalError: _not_kept,
            Exception: _broken,
        },
    )
    inner.router.redirect_slashes = False
    return Guard(inner, access, Rate(site.settings.limits.requests))


def _endpoint(site: Site, by_method: Mapping[str, Route]) -> type:
    """What answers one path, by all methods: starlette calls a class for each request."""

    class Endpoint:
        def __init__(self, scope: Any, receive: Any, send: Any) -> None:
            self._line = scope, receive, send

        def __await__(self) -> Any:
            return self._answer().__await__()

        async def _answer(self) -> None:
            scope, receive, send = self._line
            answer = await _answered(site, by_method, Request(scope, receive))
            await answer(scope, receive, send)

    return Endpoint


async def _answered(site: Site, by_method: Mapping[str, Route], request: Request) -> Response:
    method = "GET" if request.method == "HEAD" else request.method
    route = by_method.get(method)
    if route is None:
        allowed = ", ".join(sorted(by_method))
        return refusal(
            Problem(
                405,
                "METHOD",
                f"{request.method:.20} does nothing here; there is {allowed}",
                {"Allow": allowed},
            )
        )
    try:
        call = await _checked(site, route, request)
        if inspect.iscoroutinefunction(route.handler):
            answer: Response = await route.handler(call)
        else:
            answer = await run_in_threadpool(route.handler, call)  # type: ignore[arg-type]
        return answer
    except Problem as err:
        return refusal(err)
    finally:
        if request.method not in SAFE:
            site.bell.ring()


async def _checked(site: Site, route: Route, request: Request) -> Call:
    """The request's parts.

    Raises:
        Problem: one of them is not what it must be.
    """
    given = {}
    for parameter in route.parameters:
        source = request.headers if parameter.where == "header" else request.query_params
        text = source.get(parameter.name)
        if text is not None:
            given[parameter.name] = parsed(text, parameter.schema, parameter.name)
        elif parameter.required:
            raise Problem(422, "WRONG_VALUE", f"{parameter.name} ({parameter.says}) must be given")
    body: Any = {}
    if route.body is not None:
        limits = site.settings.limits
        body = await json_of(request, limits.json_bytes, limits.body_seconds)
        check(body, route.body, "body")
    return Call(site, request, _id_of(request), given, body)


def _id_of(request: Request) -> str:
    """The id in the path, 32 hex digits, or the name.

    Raises:
        Problem: nothing has such an id.
    """
    found = request.path_params.get("id")
    if found is None:
        return str(request.path_params.get("name", ""))
    if not ID.fullmatch(found):
        raise missing("id", found)
    return str(found)


async def _not_there(request: Request, err: Exception) -> Response:
    assert isinstance(err, HTTPException)
    said = f"{request.url.path:.200} is not there; /openapi.json says what is"
    return refusal(Problem(err.status_code, "NOT_FOUND", said))


async def _refused(request: Request, err: Exception) -> Response:
    assert isinstance(err, Problem)
    return refusal(err)


async def _not_kept(request: Request, err: Exception) -> Response:
    """What the table of jobs cannot take now, and has not taken in part."""
    assert isinstance(err, sqlite3.OperationalError)
    code = getattr(err, "sqlite_errorcode", 0) & 0xFF  # above are details
    if code == sqlite3.SQLITE_FULL:
        said = "the disk is full, and nothing was changed; free it, and ask again"
        return refusal(Problem(507, "DISK_FULL", said))
    if code == sqlite3.SQLITE_BUSY:
        said = "another process holds the table of jobs; nothing was changed, ask again"
        return refusal(Problem(503, "BUSY", said, {"Retry-After": "5"}))
    return await _broken(request, err)


async def _broken(request: Request, err: Exception) -> Response:
    logging.getLogger("avel").error("%s %s", request.method, request.url.path, exc_info=err)
    said = "the server has a fault; what it printed says more"
    return refusal(Problem(500, "FAULT", said))
