"""What the answers say is what their schemas say."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from avel.pipeline.server.routes import ROUTES, described
from avel.pipeline.server.schemas import SCHEMAS
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import StubHands, add, ask, work_off


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({**described(), "$ref": f"#/components/schemas/{name}"})


@pytest.fixture
def busy(site: Site) -> dict[str, str]:
    """A site in which everything has happened; ids by what they are of."""
    video, bad = add(site), add(site, "bad.mp4")
    work_off(site, StubHands(fails={"bad.mp4"}))
    body = {"revision": 0, "events": [{"label": "Gnome", "onset": 0, "offset": 1}]}
    assert ask(site, "PUT", f"/api/videos/{video}/corrections", json=body).status_code == 200
    site.teach()
    work_off(site, StubHands(fails={"bad.mp4"}))
    upload = ask(site, "POST", "/api/uploads", json={"name": "a", "bytes": 5}).json()["upload"]
    return {
        "videos": video,
        "bad": bad,
        "jobs": site.videos.get(bad)["job"],
        "uploads": upload["id"],
    }


def test_answers_are_as_they_are_described(site: Site, busy: dict[str, str]) -> None:
    checked = set()
    for route in ROUTES:
        name = route.answers.get(200, "")
        if route.method != "GET" or name not in SCHEMAS:
            continue
        room = route.path.split("/")[2] if "{id}" in route.path else ""
        answer = ask(site, "GET", route.path.replace("{id}", busy.get(room, "")))
        assert answer.status_code == 200, route.path
        validator(name).validate(answer.json())
        checked.add(name)
    assert checked >= {"OneUpload", "Videos", "OneVideo", "Corrections", "Jobs", "OneJob", "Models"}


@pytest.mark.parametrize("path", ["/no", "/api/videos/x", "/api/jobs?limit=x"])
def test_refusals_too(site: Site, path: str) -> None:
    validator("Error").validate(ask(site, "GET", path).json())


def test_schemas_let_nothing_else_in(site: Site) -> None:
    video: Any = ask(site, "GET", f"/api/videos/{add(site)}").json()
    video["video"]["path"] = "/etc/passwd"
    assert not validator("OneVideo").is_valid(video)
