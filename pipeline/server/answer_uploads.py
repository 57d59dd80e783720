"""Answers about films on their way.

What each does is said by its row of `routes`.
"""

from starlette.responses import Response

from avel.pipeline.server.bodies import announced, pieces
from avel.pipeline.server.route import Call, as_json, empty
from avel.pipeline.server.uploads import shown_name


def begin(call: Call) -> Response:
    uploads = call.site.uploads
    upload = uploads.begin(call.body["name"], call.body["bytes"])
    return as_json(uploads.get(upload), 201)


def get(call: Call) -> Response:
    return as_json(call.site.uploads.get(call.id))


async def append(call: Call) -> Response:
    body = pieces(call.request, call.site.settings.limits.body_seconds)
    document, whole = await call.site.uploads.append(call.id, call.given["Upload-Offset"], body)
    return as_json(document, 201 if whole else 200)


def delete(call: Call) -> Response:
    call.site.uploads.delete(call.id)
    return empty()


async def whole(call: Call) -> Response:
    size = announced(call.request)
    body = pieces(call.request, call.site.settings.limits.body_seconds)
    name = shown_name(call.given.get("name", "film"))
    document = await call.site.uploads.whole(name, size if size >= 0 else None, body)
    return as_json({name: document[name] for name in ("video", "job")}, 201)
