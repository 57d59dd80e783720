import logging
from dataclasses import replace

import pytest

from avel.pipeline.server import app as module
from avel.pipeline.server.route import Call
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import NOBODY, add, ask, reason


@pytest.mark.parametrize(
    "path",
    [
        "/no",
        "/api",
        "/api/",
        "/api/videos/",
        "/static/",
        "/static/../../etc/passwd",
        "/static/..%2f..%2fetc%2fpasswd",
        "/api/videos/%2e%2e",
        "/api/uploads/" + "A" * 32,
        "/api/videos/" + "0" * 33,
        f"/api/videos/{NOBODY}%00",
    ],
)
def test_what_is_not_there(site: Site, path: str) -> None:
    assert reason(ask(site, "GET", path)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/api/videos/{}", "/api/uploads/{}", "/api/jobs/{}", "/api/videos/{}/corrections"]
)
def test_an_id_of_nothing(site: Site, method: str, path: str) -> None:
    assert reason(ask(site, method, path.format(NOBODY))) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/videos", "GET, POST"),
        ("POST", f"/api/videos/{NOBODY}", "DELETE, GET"),
        ("POST", "/", "GET"),
        ("TRACE", "/api/health", "GET"),
        ("OPTIONS", "/api/videos", "GET, POST"),
        ("PUT", f"/api/uploads/{NOBODY}", "DELETE, GET, PATCH"),
    ],
)
def test_methods_that_do_nothing(site: Site, method: str, path: str, allowed: str) -> None:
    answer = ask(site, method, path)
    assert reason(answer) == (405, "METHOD")
    assert answer.headers["allow"] == allowed
    assert f"there is {allowed}" in answer.json()["error"]["message"]


def test_the_head_of_what_can_be_had(site: Site) -> None:
    video = add(site, content=b"film1234")
    answer = ask(site, "HEAD", f"/api/videos/{video}/media")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "8", b"")


def test_a_parameter_that_must_be_given(site: Site) -> None:
    upload = site.uploads.begin("a", 4)
    answer = ask(site, "PATCH", f"/api/uploads/{upload}", content=b"film")
    assert reason(answer) == (422, "WRONG_VALUE")
    assert "Upload-Offset (bytes that are there) must be given" in answer.json()["error"]["message"]


def test_a_fault_of_ours_says_nothing_of_itself(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(call: Call) -> None:
        raise RuntimeError("a secret")

    routes = [
        replace(route, handler=broken) if route.name == "health" else route
        for route in module.ROUTES
    ]
    monkeypatch.setattr(module, "ROUTES", routes)
    with caplog.at_level(logging.ERROR), pytest.raises(RuntimeError, match="a secret"):
        ask(site, "GET", "/api/health")  # to the log, once it is answered
    assert "GET /api/health" in caplog.text


def test_the_bell_rings_when_something_may_have_changed(site: Site) -> None:
    rings: list[str] = []
    site.bell.ring = lambda: rings.append("ring")  # type: ignore[method-assign]
    ask(site, "GET", "/api/videos")
    assert rings == []
    add(site)
    assert rings == ["ring"]
