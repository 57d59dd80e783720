from pathlib import Path

from avel.pipeline.server.site import Site
from tests.pipeline.server.material import NOBODY, add, ask, reason, work_off


def test_labels_of_the_model_and_of_people(site: Site) -> None:
    assert ask(site, "GET", "/api/labels").json() == {"labels": ["Bark", "Meow"]}
    site.corrections.put(
        add(site), 0, [{"label": name, "onset": 0, "offset": 1} for name in ("Meow", "Elf")]
    )
    assert ask(site, "GET", "/api/labels").json() == {"labels": ["Bark", "Meow", "Elf"]}


def test_teaching(site: Site) -> None:
    assert reason(ask(site, "POST", "/api/teach")) == (422, "NOTHING_TO_TEACH")
    video = add(site)
    site.corrections.put(video, 0, [{"label": "Gnome", "onset": 0, "offset": 1}])
    answer = ask(site, "POST", "/api/teach", json={})
    assert (answer.status_code, answer.json()["job"]["kind"]) == (202, "teach")
    work_off(site)
    said = ask(site, "GET", "/api/models").json()
    assert said["current"] == "taught-1"
    known = {model["name"]: model["events"] for model in said["models"]}
    assert known == {"everyday": ["Bark", "Meow"], "taught-1": ["Gnome"]}


def test_choosing_a_model(site: Site) -> None:
    with site.database.writing() as write:
        site.models.add(write, "taught-1", Path("/m"), ["Gnome"])
    answer = ask(site, "PUT", "/api/models/current", json={"name": "everyday"})
    assert (answer.status_code, answer.json()["current"]) == (200, "everyday")
    assert reason(ask(site, "PUT", "/api/models/current", json={"name": "no"})) == (422, "NO_MODEL")


def test_jobs(site: Site) -> None:
    add(site)
    video = add(site, "b.mp4")
    jobs = ask(site, "GET", "/api/jobs").json()["jobs"]
    assert jobs[0]["video"] == video
    assert ask(site, "GET", f"/api/jobs/{jobs[0]['id']}").json()["job"] == jobs[0]
    assert len(ask(site, "GET", "/api/jobs?limit=1").json()["jobs"]) == 1
    assert ask(site, "GET", "/api/jobs?state=done").json()["jobs"] == []
    assert reason(ask(site, "GET", "/api/jobs?state=no")) == (422, "WRONG_VALUE")
    assert reason(ask(site, "GET", "/api/jobs?limit=0")) == (422, "WRONG_VALUE")


def test_cancelling(site: Site) -> None:
    video = add(site)
    job = site.videos.get(video)["job"]
    answer = ask(site, "DELETE", f"/api/jobs/{job}")
    assert (answer.status_code, answer.json()["job"]["state"]) == (202, "cancelled")
    assert ask(site, "DELETE", f"/api/jobs/{job}").status_code == 202
    assert site.videos.get(video)["state"] == "cancelled"
    assert reason(ask(site, "DELETE", f"/api/jobs/{NOBODY}")) == (404, "NOT_FOUND")


def test_what_has_ended_is_not_cancelled(site: Site) -> None:
    job = site.videos.get(add(site))["job"]
    work_off(site)
    answer = ask(site, "DELETE", f"/api/jobs/{job}")
    assert reason(answer) == (409, "ENDED")
    assert "is done; there is nothing to cancel" in answer.json()["error"]["message"]


def test_health(site: Site) -> None:
    site.workers = lambda: [{"device": "cpu", "state": "ready"}]
    add(site)
    said = ask(site, "GET", "/api/health").json()
    assert said == {"status": "ok", "jobs": 1, "workers": [{"device": "cpu", "state": "ready"}]}
