"""Answers for browsers: the pages, their files, and the changes as they come.

What each does is said by its row of `routes`.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response, StreamingResponse

from avel.pipeline.formats.choice import NAMES
from avel.pipeline.server import pages
from avel.pipeline.server.corrections import corrections_of
from avel.pipeline.server.database import changes_after, newest
from avel.pipeline.server.pages import Home, Shown
from avel.pipeline.server.problem import Problem, missing, too_many
from avel.pipeline.server.route import Call
from avel.pipeline.server.site import Site
from avel.pipeline.server.static import STATIC
from avel.pipeline.server.videos import as_document

PORTION = 200
"""Changes that are read at once."""
LOOK_SECONDS, QUIET_SECONDS = 1.0, 15.0
"""Between two looks where no bell rang, and between two signs of life."""


def home(call: Call) -> Response:
    site = call.site
    sequence = newest(site.database)
    limits = asdict(site.settings.limits)
    return HTMLResponse(
        pages.home(Home(site.videos.listed(), site.models.current, sequence, limits))
    )


def video(call: Call) -> Response:
    site = call.site
    sequence, row = newest(site.database), site.videos.row(call.id)
    result = site.videos.found(row)
    here = f"/api/videos/{call.id}/media"
    media = f"{here}?proxy=1" if row["proxy"] else "" if row["cannot"] else here
    shown = Shown(
        video=as_document(row),
        result=result,
        data=site.videos.page_data(row),
        media=media,
        cannot=row["cannot"],
        corrections=corrections_of(row, result),
        labels=site.labels(),
        formats=NAMES,
        before=json.loads(row["before"]) if row["before"] else None,
        sequence=sequence,
    )
    return HTMLResponse(pages.video(shown))


def static(call: Call) -> Response:
    found = STATIC.get(call.id)
    if found is None:
        raise missing("file", call.id)
    kept = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(found.content, media_type=found.kind, headers=kept)


async def events(call: Call) -> Response:
    site, given = call.site, call.given
    if site.listeners >= site.settings.limits.listeners:
        raise too_many("TOO_MANY_LISTENERS", f"{site.listeners} connections listen; close one", 5)
    kind = "text/event-stream"
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if call.request.method == "HEAD":  # whose answer nobody reads would never end
        return Response(media_type=kind, headers=headers)
    after = given.get("Last-Event-ID", given.get("after", 0))
    return StreamingResponse(stream(site, int(after)), media_type=kind, headers=headers)


async def stream(site: Site, after: int) -> AsyncIterator[str]:
    """Server-sent events after a number, counted from 1; a comment every 15 s of silence.

    All that is there comes after a number that no change has had yet: who heard it heard another
    table, in whose place an earlier one was put back.
    """
    site.listeners += 1
    quiet = 0.0
    try:
        yield "retry: 1000\n: avel\n\n"
        if after > await run_in_threadpool(newest, site.database):
            after = 0
        while not site.bell.is_over:
            waiting = site.bell.waiting()
            told, after = await run_in_threadpool(_told, site, after)
            for text in told:
                yield text
            if told:
                quiet = 0.0
                continue
            quiet = 0.0 if await waiting(LOOK_SECONDS) else quiet + LOOK_SECONDS
            if quiet >= QUIET_SECONDS:
                quiet = 0.0
                yield ": still here\n\n"
    finally:
        site.listeners -= 1


def _told(site: Site, after: int) -> tuple[list[str], int]:
    """What changed after a number, and the newest number of it."""
    told = []
    for row in changes_after(site.database, after, PORTION):
        after, kind, key = row["sequence"], row["kind"], row["id"]
        if kind == "video":
            try:
                data = site.videos.get(key)
            except Problem:
                continue
        else:
            found = site.jobs.get(key) if kind == "job" else {"id": key}
            if found is None:
                continue
            data = found
        told.append(f"event: {kind}\nid: {after}\ndata: {json.dumps(data)}\n\n")
    return told, after
