import logging
import sqlite3
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


def test_the_head_of_what_never_ends_ends(site: Site) -> None:
    answer = ask(site, "HEAD", "/api/events")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert site.listeners == 0


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


def test_a_table_that_has_no_room(site: Site) -> None:
    video = add(site)
    pages = site.database.value("PRAGMA page_count")
    site.database.value(f"PRAGMA max_page_count = {pages}")
    event = {"label": "x" * 100, "onset": 0, "offset": 1}
    path = f"/api/videos/{video}/corrections"
    answer = ask(site, "PUT", path, json={"revision": 0, "events": [event] * 2_000})
    assert reason(answer) == (507, "DISK_FULL")
    assert "free it, and ask again" in answer.text
    assert ask(site, "PUT", path, json={"revision": 0, "events": [event]}).status_code == 200


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_SNAPSHOT])
def test_a_table_that_another_holds(site: Site, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def held(*_: object) -> None:
        err = sqlite3.OperationalError("database is locked")
        err.sqlite_errorcode = code
        raise err

    monkeypatch.setattr(site.database, "rows", held)
    answer = ask(site, "GET", "/api/videos")
    assert (*reason(answer), answer.headers["retry-after"]) == (503, "BUSY", "5")


def test_a_table_that_is_broken_is_a_fault(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("no such table: videos")

    monkeypatch.setattr(site.database, "rows", broken)
    assert reason(ask(site, "GET", "/api/videos")) == (500, "FAULT")
    assert "no such table" in caplog.text
    caplog.clear()  # it is what is wanted here
