"""Answers about jobs, models, labels, and the server itself.

What each does is said by its row of `routes`.
"""

from starlette.responses import Response

from avel.pipeline.server.problem import Problem, missing
from avel.pipeline.server.route import Call, as_json


def labels(call: Call) -> Response:
    return as_json({"labels": call.site.labels()})


def teach(call: Call) -> Response:
    return _job(call, call.site.teach())


def models(call: Call) -> Response:
    return as_json({"models": call.site.models.listed(), "current": call.site.models.current})


def choose(call: Call) -> Response:
    call.site.models.choose(call.body["name"])
    return models(call)


def jobs(call: Call) -> Response:
    given = call.given
    return as_json({"jobs": call.site.jobs.listed(given.get("state"), given.get("limit", 1_000))})


def job(call: Call) -> Response:
    found = call.site.jobs.get(call.id)
    if found is None:
        raise missing("job", call.id)
    return as_json({"job": found})


def cancel(call: Call) -> Response:
    state = call.site.jobs.cancel(call.id)
    if not state:
        raise missing("job", call.id)
    if state in ("done", "failed"):
        raise Problem(409, "ENDED", f"job '{call.id}' is {state}; there is nothing to cancel")
    return _job(call, call.id)


def health(call: Call) -> Response:
    workers = call.site.workers()
    return as_json({"status": "ok", "jobs": call.site.jobs.waiting(), "workers": workers})


def _job(call: Call, job: str) -> Response:
    return as_json({"job": call.site.jobs.get(job)}, 202)
