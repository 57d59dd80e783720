"""Answers about films on their way."""

from starlette.responses import Response

from avel.pipeline.server.bodies import announced, pieces
from avel.pipeline.server.route import Call, as_json, empty
from avel.pipeline.server.uploads import shown_name


def begin(call: Call) -> Response:
    """Make room for a film of so many bytes."""
    uploads = call.site.uploads
    upload = uploads.begin(call.body["name"], call.body["bytes"])
    return as_json(uploads.get(upload), 201)


def get(call: Call) -> Response:
    """How many bytes of it are there."""
    return as_json(call.site.uploads.get(call.id))


async def append(call: Call) -> Response:
    """Add bytes where it broke off."""
    body = pieces(call.request, call.site.settings.limits.body_seconds)
    document, whole = await call.site.uploads.append(call.id, call.given["Upload-Offset"], body)
    return as_json(document, 201 if whole else 200)


def delete(call: Call) -> Response:
    """Forget it."""
    call.site.uploads.delete(call.id)
    return empty()


async def whole(call: Call) -> Response:
    """Take a film in one step."""
    size = announced(call.request)
    body = pieces(call.request, call.site.settings.limits.body_seconds)
    name = shown_name(call.given.get("name", "film"))
    document = await call.site.uploads.whole(name, size if size >= 0 else None, body)
    return as_json({name: document[name] for name in ("video", "job")}, 201)
