"""One row of the table of routes, and what its function is called with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from avel.pipeline.server.site import Site

BYTES = "application/octet-stream"
Answer = Response | Awaitable[Response]


@dataclass(frozen=True)
class Parameter:
    """A value that is given by name, in the query or a header.

    Attributes:
        name: Its own.
        schema: What it must be.
        says: What it means.
        where: `query` or `header`.
        required: Whether it must be given.
    """

    name: str
    schema: Mapping[str, Any]
    says: str = ""
    where: str = "query"
    required: bool = False


@dataclass(frozen=True)
class Call:
    """A request whose parts are checked.

    Attributes:
        site: All that there is.
        request: As it came.
        id: Of the path, 32 hex digits; or the name there.
        given: Values of the parameters that were given, by name.
        body: Of JSON; empty where there is none.
    """

    site: Site
    request: Request
    id: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """What one method of one path does.

    Attributes:
        method: Of HTTP.
        path: With `{id}` or `{name}` in it.
        name: Of the operation.
        says: What it does, in a sentence.
        handler: Does it, in a thread of its own where it does not await.
        answers: Name of the schema of each status that is no error, else its media type, else
            empty.
        refuses: Statuses of errors.
        body: Schema of the JSON that it takes; None where it takes none.
        raw: Whether it takes bytes.
        parameters: That may be given.
    """

    method: str
    path: str
    name: str
    says: str
    handler: Callable[[Call], Answer]
    answers: Mapping[int, str]
    refuses: tuple[int, ...] = ()
    body: Mapping[str, Any] | None = None
    raw: bool = False
    parameters: tuple[Parameter, ...] = ()


def as_json(document: Mapping[str, Any], status: int = 200) -> JSONResponse:
    """An answer of JSON."""
    return JSONResponse(document, status)


def empty() -> Response:
    """An answer that says nothing but that it is done."""
    return Response(status_code=204)
