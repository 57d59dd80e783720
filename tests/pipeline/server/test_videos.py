import json

import pytest

from avel.pipeline.server.problem import Problem
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import DRAWN, NOBODY, StubHands, add, event, found, work_off


def test_what_is_said_of_one(site: Site) -> None:
    video = add(site, "dog.mp4", b"film!")
    said = site.videos.get(video)
    assert {name: said[name] for name in ("id", "name", "bytes", "seconds", "state")} == {
        "id": video,
        "name": "dog.mp4",
        "bytes": 5,
        "seconds": 10.0,
        "state": "queued",
    }
    assert (said["events"], said["corrected"], said["model"]) == (0, False, None)
    work_off(site)
    said = site.videos.get(video)
    assert (said["state"], said["events"], said["model"]) == ("done", 1, "everyday")
    assert said["summary"] == "1 events"


def test_a_list_reads_nothing_that_is_long(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is right however long corrections and the answer before are, for it reads neither."""
    video = add(site)
    work_off(site)
    site.corrections.put(video, 0, [{"label": "Gnome", "onset": 1, "offset": 3}])
    was = {"model": "everyday", "summary": "2 events", "changed": True}
    with site.database.writing() as write:
        write.execute(
            "UPDATE videos SET was = ?, before = 'no JSON', corrections = 'no JSON'",
            (json.dumps(was),),
        )
    read: list[str] = []
    real = site.database.rows
    monkeypatch.setattr(
        site.database, "rows", lambda query, *given: read.append(query) or real(query, *given)
    )
    (said,) = site.videos.listed()
    assert said == site.videos.get(video)
    assert (said["corrected"], said["untaught"], said["before"]) == (True, True, was)
    assert site.labels() == ["Bark", "Meow", "Gnome"]
    assert not any("*" in query or "before" in query or "corrections" in query for query in read)


def test_one_that_failed_says_why(site: Site) -> None:
    video = add(site, "dog.mp4")
    work_off(site, StubHands(fails={"dog.mp4"}))
    assert site.videos.get(video)["summary"] == "dog.mp4: is broken"


def test_one_that_is_not_there(site: Site) -> None:
    for ask in (site.videos.get, site.videos.row, site.videos.delete, site.videos.result):
        with pytest.raises(Problem, match="is not there"):
            ask(NOBODY)


def test_no_result_yet(site: Site) -> None:
    video = add(site)
    with pytest.raises(Problem, match="has no result yet; its job is queued"):
        site.videos.result(video)
    assert site.videos.page_data(site.videos.row(video)) == ""


def test_deleting_takes_all(site: Site) -> None:
    video, other = add(site), add(site, "b.mp4")
    work_off(site)
    site.videos.delete(video)
    assert [each["id"] for each in site.videos.listed()] == [other]
    assert [job["video"] for job in site.jobs.listed()] == [other]
    assert [path.name for path in (site.folder.root / "videos").iterdir()] == [other]


def test_a_result_of_a_deleted_film_is_dropped(site: Site) -> None:
    video = add(site)
    taken = site.jobs.take("w")
    assert taken is not None
    site.videos.delete(video)
    assert not site.videos.finish(taken, "w", found())
    assert list((site.folder.root / "videos").iterdir()) == []


def test_a_result_is_kept_by_its_worker_alone(site: Site) -> None:
    video = add(site)
    first = site.jobs.take("one")
    assert first is not None
    site.jobs.died("one", "signal 9")
    second = site.jobs.take("two")
    assert second is not None
    assert not site.videos.finish(first, "one", found())
    assert site.videos.get(video)["state"] == "running"
    assert site.videos.finish(second, "two", found(event("Bark", 0, 1)))
    assert site.videos.result(video)["events"][0]["label"] == "Bark"


def test_a_result_that_was_written_before_a_kill_is_taken_as_it_is(site: Site) -> None:
    video = add(site)
    taken = site.jobs.take("one")
    assert taken is not None
    assert not site.videos.finish(taken, "stranger", found(event("Bark", 0, 1)))
    assert site.folder.result(video, taken.id).is_file()
    assert site.videos.finish(taken, "one", None)
    assert site.videos.get(video)["events"] == 1


def test_a_new_result_takes_the_place_of_the_old(site: Site) -> None:
    video = add(site)
    work_off(site)
    before = site.videos.row(video)["result"]
    site.localize(video, None)
    assert site.videos.result(video)["events"]
    work_off(site)
    after = site.videos.row(video)["result"]
    assert after != before
    assert not site.folder.result(video, before).exists()
    assert json.loads(site.videos.page_data(site.videos.row(video))) == DRAWN
    assert (
        sorted(path.name.split(".")[0] for path in site.folder.film(video).glob("*.json"))
        == [after] * 3
    )


def test_a_film_waits_once(site: Site) -> None:
    video = add(site)
    waiting = site.videos.get(video)["job"]
    assert site.localize(video, None) == waiting
    assert site.localize(video, "everyday") == waiting
    assert site.jobs.waiting() == 1


def test_films_and_bytes_in_all(site: Site) -> None:
    add(site, "a.mp4", b"film")
    site.uploads.begin("b.mp4", 1_000)
    assert site.videos.totals() == (2, 1_004)


def test_a_copy_for_browsers(site: Site) -> None:
    video = add(site)
    row = site.videos.row(video)
    assert site.videos.media(row, proxy=False).read_bytes() == b"film"
    with pytest.raises(Problem, match="has no copy for browsers; leave out proxy"):
        site.videos.media(row, proxy=True)
