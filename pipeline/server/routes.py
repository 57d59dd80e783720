"""Every route in one table: the server answers by it, and the OpenAPI document is made of it."""

from avel.pipeline.server import answer_others, answer_pages, answer_uploads, answer_videos
from avel.pipeline.server.openapi import document
from avel.pipeline.server.route import BYTES, Parameter, Route, as_json
from avel.pipeline.server.schemas import (
    AGAIN,
    CHOICE,
    COUNT,
    FORMAT,
    NAME,
    NEW_UPLOAD,
    NOTHING,
    ONE,
    SAVE,
    STATE,
)

UPLOAD, VIDEO = "/api/uploads/{id}", "/api/videos/{id}"
OFFSET = Parameter("Upload-Offset", COUNT, "bytes that are there", "header", required=True)
LAST = Parameter("Last-Event-ID", COUNT, "of the last change that was heard", "header")
AFTER = Parameter("after", COUNT, "number of a change, from which to go on")
LIMIT = Parameter("limit", {**COUNT, "minimum": 1, "maximum": 10_000}, "of rows")
TAKEN = (400, 408, 409, 413, 422, 503, 507)
"""What may be wrong with a film that comes."""

ROUTES: tuple[Route, ...] = (
    Route(
        *("POST", "/api/uploads", "begin_upload", "Make room for a film."),
        *(answer_uploads.begin, {201: "OneUpload"}, (400, 408, 413, 415, 422, 503, 507)),
        body=NEW_UPLOAD,
    ),
    Route(
        *("GET", UPLOAD, "get_upload", "How many bytes of a film are there."),
        *(answer_uploads.get, {200: "OneUpload"}, (404,)),
    ),
    Route(
        *("PATCH", UPLOAD, "append_to_upload", "Add bytes where it broke off."),
        *(answer_uploads.append, {200: "OneUpload", 201: "OneUpload"}, (404, *TAKEN)),
        raw=True,
        parameters=(OFFSET,),
    ),
    Route(
        *("DELETE", UPLOAD, "delete_upload", "Forget an upload."),
        *(answer_uploads.delete, {204: ""}, (404,)),
    ),
    Route(
        *("POST", "/api/videos", "add_video", "Take a film in one step."),
        *(answer_uploads.whole, {201: "OneVideo"}, TAKEN),
        raw=True,
        parameters=(Parameter("name", NAME, "of the file"),),
    ),
    Route(
        *("GET", "/api/videos", "list_videos", "All films, the newest first."),
        *(answer_videos.everything, {200: "Videos"}),
    ),
    Route(
        *("GET", VIDEO, "get_video", "One film."),
        *(answer_videos.get, {200: "OneVideo"}, (404,)),
    ),
    Route(
        *("DELETE", VIDEO, "delete_video", "Delete a film and all that was made of it."),
        *(answer_videos.delete, {204: ""}, (404,)),
    ),
    Route(
        *("POST", f"{VIDEO}/localize", "localize_video", "Find its events again."),
        *(answer_videos.localize, {202: "OneJob"}, (400, 404, 408, 413, 415, 422, 503)),
        body=AGAIN,
    ),
    Route(
        *("GET", f"{VIDEO}/result", "get_result", "What was found, or what is right."),
        *(answer_videos.result, {200: "Result"}, (404, 422)),
        parameters=(
            Parameter("format", FORMAT, "of a file to download"),
            Parameter("corrected", ONE, "with corrected events in the place of those found"),
        ),
    ),
    Route(
        *("GET", f"{VIDEO}/media", "get_media", "The film, or a range of its bytes."),
        *(answer_videos.media, {200: BYTES, 206: BYTES}, (404, 422)),
        parameters=(Parameter("proxy", ONE, "the copy that browsers play"),),
    ),
    Route(
        *("GET", f"{VIDEO}/corrections", "get_corrections", "What is right in it."),
        *(answer_videos.corrections, {200: "Corrections"}, (404,)),
    ),
    Route(
        *("PUT", f"{VIDEO}/corrections", "put_corrections", "Say what is right in it."),
        *(answer_videos.correct, {200: "Corrections"}, (400, 404, 408, 412, 413, 415, 422)),
        body=SAVE,
    ),
    Route(
        *("DELETE", f"{VIDEO}/corrections", "delete_corrections", "Go back to what was found."),
        *(answer_videos.forget_corrections, {204: ""}, (404, 412)),
    ),
    Route(
        *("GET", "/api/labels", "list_labels", "Names of events."),
        *(answer_others.labels, {200: "Labels"}),
    ),
    Route(
        *("POST", "/api/teach", "teach", "Learn from what was corrected, and run all again."),
        *(answer_others.teach, {202: "OneJob"}, (400, 408, 413, 415, 422, 503)),
        body=NOTHING,
    ),
    Route(
        *("GET", "/api/models", "list_models", "Models, and the current."),
        *(answer_others.models, {200: "Models"}),
    ),
    Route(
        *("PUT", "/api/models/current", "choose_model", "Make a model the current."),
        *(answer_others.choose, {200: "Models"}, (400, 408, 413, 415, 422)),
        body=CHOICE,
    ),
    Route(
        *("GET", "/api/jobs", "list_jobs", "Jobs, the newest first."),
        *(answer_others.jobs, {200: "Jobs"}, (422,)),
        parameters=(Parameter("state", STATE, "of all jobs"), LIMIT),
    ),
    Route(
        *("GET", "/api/jobs/{id}", "get_job", "One job."),
        *(answer_others.job, {200: "OneJob"}, (404,)),
    ),
    Route(
        *("DELETE", "/api/jobs/{id}", "cancel_job", "Cancel a job."),
        *(answer_others.cancel, {202: "OneJob"}, (404, 409)),
    ),
    Route(
        *("GET", "/api/events", "events", "Changes as they come, as server-sent events."),
        *(answer_pages.events, {200: "text/event-stream"}, (422,)),
        parameters=(LAST, AFTER),
    ),
    Route(
        *("GET", "/api/health", "health", "Whether the server works."),
        *(answer_others.health, {200: "Health"}),
    ),
    Route(
        *("GET", "/openapi.json", "openapi", "This document."),
        *(lambda call: as_json(described()), {200: "Document"}),
    ),
    Route(
        *("GET", "/", "home", "The page of all films."),
        *(answer_pages.home, {200: "text/html"}),
    ),
    Route(
        *("GET", "/videos/{id}", "video_page", "The page of one film."),
        *(answer_pages.video, {200: "text/html"}, (404,)),
    ),
    Route(
        *("GET", "/static/{name}", "static", "A file of the pages."),
        *(answer_pages.static, {200: BYTES}, (404,)),
    ),
)


def described() -> dict[str, object]:
    """The OpenAPI document of the table."""
    return document(ROUTES)
