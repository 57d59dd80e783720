"""The whole table against its own document, by requests that schemathesis makes up."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from avel.pipeline.server.routes import ROUTES, described
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import add, ask, make_site, work_off

CHECKS: list[Callable[..., Any]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
schema = schemathesis.openapi.from_dict(described())


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that has films, which requests may delete."""
    site = make_site(tmp_path_factory.mktemp("routes"), requests=10**9, films=10**6, queue=10**6)
    for number in range(3):
        add(site, f"{number}.mp4")
    work_off(site)
    site.bell.end()  # streams end at once
    return site


def _answer(site: Site, case: Any) -> httpx.Response:
    given = case.as_transport_kwargs(base_url="http://127.0.0.1")
    kept = {
        k: given[k]
        for k in ("headers", "params", "json", "data", "content")
        if given.get(k) is not None
    }
    data = kept.pop("data", None)
    if isinstance(data, bytes | str):
        kept["content"] = data
    elif data is not None:
        kept["data"] = data
    return ask(site, given["method"], given["url"], **kept)


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_route_answers_as_its_document_says(crowded: Site, case: Any) -> None:
    known = crowded.videos.listed()
    if "id" in (case.path_parameters or {}) and known and len(str(case.body)) % 2:
        case.path_parameters["id"] = known[0]["id"]
    case.validate_response(schemathesis.Response.from_any(_answer(crowded, case)), checks=CHECKS)


def test_the_document_is_had(site: Site) -> None:
    assert ask(site, "GET", "/openapi.json").json() == described()


def test_paths_and_methods_are_told_apart() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
