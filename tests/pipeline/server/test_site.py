import json
from dataclasses import replace
from pathlib import Path

import pytest

from avel.pipeline.server.problem import Problem
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import NOBODY, add, make_site, work_off


def test_a_server_that_ended_goes_on_at_its_next_start(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    video = add(site)
    assert site.jobs.take("w")
    site.close()
    again = make_site(tmp_path)
    assert again.videos.get(video)["state"] == "queued"
    work_off(again)
    assert again.videos.get(video)["state"] == "done"


def test_localizing_again(site: Site) -> None:
    video = add(site)
    work_off(site)
    job = site.jobs.get(site.localize(video, None))
    assert job is not None
    assert (job["state"], job["model"]) == ("queued", "everyday")
    with pytest.raises(Problem, match="model 'no' is none"):
        site.localize(video, "no")
    with pytest.raises(Problem, match="is not there"):
        site.localize(NOBODY, None)


def test_teaching_goes_round(site: Site) -> None:
    video, other = add(site), add(site, "b.mp4")
    work_off(site)
    with pytest.raises(Problem, match="no film was corrected"):
        site.teach()
    site.corrections.put(video, 0, [{"label": "Gnome", "onset": 1, "offset": 3}])
    job = site.teach()
    hands = work_off(site)
    said = site.jobs.get(job)
    assert said is not None
    assert (said["state"], said["model"], said["note"]) == (
        "done",
        "taught-1",
        "one film had no sound",
    )
    assert site.models.current == "taught-1"
    assert [film["id"] for film in hands.lessons[0]] == [video]
    assert {site.videos.get(each)["model"] for each in (video, other)} == {"taught-1"}


def test_a_full_queue(tmp_path: Path) -> None:
    site = make_site(tmp_path, queue=1)
    video = add(site)
    site.corrections.put(video, 0, [{"label": "Gnome", "onset": 1, "offset": 3}])
    for ask in (lambda: site.localize(video, None), site.teach):
        with pytest.raises(Problem, match="1 jobs wait, and at most 1 may"):
            ask()


def test_settings_are_the_workers_too(site: Site) -> None:
    said = json.dumps(site.settings.as_json())
    assert str(site.settings.folder) in said
    assert replace(site.settings, devices=("cpu",)).devices == ("cpu",)
