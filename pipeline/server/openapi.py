"""The OpenAPI document, made of the table of routes."""

from collections.abc import Iterable, Mapping
from typing import Any

from avel.pipeline.server.route import BYTES, Parameter, Route
from avel.pipeline.server.schemas import SCHEMAS

ALWAYS = (401, 403, 429)
"""Errors that any route may answer."""
SAID = {
    200: "What was asked for.",
    201: "Made.",
    202: "Taken, to be done.",
    204: "Done.",
    206: "A part of the bytes.",
    400: "The request cannot be read.",
    401: "A token is needed.",
    403: "From a page or under a name that is not allowed.",
    404: "Not there.",
    408: "The body came too slowly.",
    409: "Not in this state.",
    412: "Somebody saved meanwhile.",
    413: "Too large.",
    415: "Not of this type.",
    422: "A value or a film that cannot be used.",
    429: "Too much at once; `Retry-After` says when to come again.",
    503: "Nobody is there to do it; try again later.",
    507: "No room for it.",
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """OpenAPI 3.1 of the routes; quantities in bytes and seconds."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "avel",
            "version": "1",
            "description": "Audio-visual events of films: hand in, watch, correct, teach.",
        },
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.says,
        "parameters": [*_of_path(route.path), *map(_parameter, route.parameters)],
        "responses": {
            **{str(status): _answer(status, what) for status, what in route.answers.items()},
            **{
                str(status): _answer(status, "Error")
                for status in sorted({*route.refuses, *ALWAYS})
            },
        },
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": bool(route.body.get("required")),
            "content": {"application/json": {"schema": route.body}},
        }
    elif route.raw:
        operation["requestBody"] = {"required": True, "content": {BYTES: {"schema": {}}}}
    return operation


def _of_path(path: str) -> list[dict[str, Any]]:
    """Ids have 32 hex digits; any other is not there."""
    names = [name for name in ("id", "name") if f"{{{name}}}" in path]
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.required,
        "description": parameter.says,
        "schema": parameter.schema,
    }


def _answer(status: int, what: str) -> Mapping[str, Any]:
    said: dict[str, Any] = {"description": SAID[status]}
    if not what:
        return said
    schema = {} if "/" in what else {"$ref": f"#/components/schemas/{what}"}
    content: dict[str, Any] = {what if "/" in what else "application/json": {"schema": schema}}
    if what == "Result":
        content |= {"text/*": {"schema": {}}}
    if what == BYTES:
        content |= {"*/*": {"schema": {}}}
    return {**said, "content": content}
