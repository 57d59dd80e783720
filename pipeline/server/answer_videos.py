"""Answers about films, what was found in them, and what was corrected.

What each does is said by its row of `routes`.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import FileResponse, Response

from avel.pipeline.formats.read import result_of
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.table import FORMATS
from avel.pipeline.media.apart import Apart, footage_of
from avel.pipeline.server.corrections import corrections_of
from avel.pipeline.server.database import newest
from avel.pipeline.server.problem import missing
from avel.pipeline.server.route import Call, as_json, empty

TYPES = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".vtt": "text/vtt",
}
"""Of downloads; others are plain text."""


def everything(call: Call) -> Response:
    site = call.site
    sequence = newest(site.database)  # before the films, so that nothing is missed
    return as_json(
        {"videos": site.videos.listed(), "model": site.models.current, "sequence": sequence}
    )


def get(call: Call) -> Response:
    return as_json({"video": call.site.videos.get(call.id)})


def delete(call: Call) -> Response:
    call.site.videos.delete(call.id)
    return empty()


def localize(call: Call) -> Response:
    job = call.site.localize(call.id, call.body.get("model"))
    return as_json({"job": call.site.jobs.get(job)}, 202)


def result(call: Call) -> Response:
    row = call.site.videos.row(call.id)
    document = call.site.videos.result_of(row)
    if call.given.get("corrected"):
        events = corrections_of(row, document)["events"]
        document = {**document, "events": [_as_event(event) for event in events]}
    if "format" not in call.given:
        return as_json(document)
    return _download(call, document, call.given["format"])


def _as_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """What a person says is certain."""
    score = 1.0 if event["score"] is None else event["score"]
    return {**{name: event[name] for name in ("onset", "offset", "label")}, "score": score}


def _download(call: Call, document: Mapping[str, Any], name: str) -> Response:
    form, found = FORMATS[name], result_of(document)
    entry = Entry(found, footage=_footage(call) if form.counts_frames else None)
    text = form.write([entry])
    kind = TYPES.get(form.suffix, "text/plain")
    stem = found.file.rpartition(".")[0] or found.file
    return Response(
        text.encode("utf-8", "replace"),
        media_type=kind,
        headers={"Content-Disposition": disposition(f"{stem}{form.suffix}")},
    )


def _footage(call: Call) -> Any:
    row = call.site.videos.row(call.id)
    with Apart() as apart:
        return footage_of(apart, call.site.videos.media(row, proxy=False))


def disposition(name: str) -> str:
    """The header by which a download has a name, as RFC 6266 has it.

    Browsers take the second, which can say every name; what is not plain in the first is left out.
    """
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def media(call: Call) -> Response:
    row = call.site.videos.row(call.id)
    proxy = bool(call.given.get("proxy"))
    path = call.site.videos.media(row, proxy=proxy)
    kind = "video/mp4" if proxy else row["kind"]
    try:
        return FileResponse(path, media_type=kind, stat_result=path.stat())
    except FileNotFoundError:  # somebody deletes the film just now
        raise missing("film of video", call.id) from None


def corrections(call: Call) -> Response:
    return as_json(call.site.corrections.get(call.id))


def correct(call: Call) -> Response:
    body = call.body
    return as_json(call.site.corrections.put(call.id, body["revision"], body["events"]))


def forget_corrections(call: Call) -> Response:
    call.site.corrections.delete(call.id)
    return empty()
