import threading

import pytest

from avel.pipeline.server.job_work import Beating, Film, Tell
from avel.pipeline.server.site import Site
from avel.pipeline.server.videos import Found
from tests.pipeline.server.material import StubHands, add, found, work_of, work_off


def test_one_after_the_other(site: Site) -> None:
    videos = [add(site, name) for name in ("a.mp4", "b.mp4")]
    hands = StubHands()
    work = work_of(site, hands)
    assert work.next()
    assert [site.videos.get(video)["state"] for video in videos] == ["done", "queued"]
    assert work.next()
    assert not work.next()
    assert hands.seen == ["a.mp4", "b.mp4"]


def test_what_hands_are_told_of_a_film(site: Site) -> None:
    told: list[tuple[Film, str]] = []

    class Looking(StubHands):
        def localize(self, film: Film, place: str, tell: Tell) -> Found:
            told.append((film, place))
            return found()

    video = add(site, "dog.mp4")
    work_off(site, Looking())
    film = Film(video, site.folder.media(video, ".mp4"), "dog.mp4", 10.0, "")
    assert told == [(film, "everyday")]


def test_progress_is_told_as_it_is_made(site: Site) -> None:
    video, told = add(site), list[dict[str, object]]()

    class Telling(StubHands):
        def localize(self, film: Film, place: str, tell: Tell) -> Found:
            for second in (3.0, 7.0):
                tell("decoding", second, 10.0)
                job = site.jobs.get(site.videos.get(video)["job"])
                assert job is not None
                told.append(job["progress"])
            return found()

    work_off(site, Telling())
    assert [(each["stage"], each["done"], each["total"]) for each in told] == [
        ("decoding", 3.0, 10.0),
        ("decoding", 7.0, 10.0),
    ]


def test_a_film_that_is_deleted_while_it_is_read_ends_no_worker(site: Site) -> None:
    gone, other = add(site, "a.mp4"), add(site, "b.mp4")

    class Deleting(StubHands):
        def localize(self, film: Film, place: str, tell: Tell) -> Found:
            if film.video == gone:
                site.videos.delete(gone)
                film.path.read_bytes()
            return found()

    work_off(site, Deleting())
    assert [video["id"] for video in site.videos.listed()] == [other]
    assert site.videos.get(other)["state"] == "done"


def test_a_cancelled_one_stops_at_its_next_word(site: Site) -> None:
    video, after = add(site), list[str]()

    class Cancelled(StubHands):
        def localize(self, film: Film, place: str, tell: Tell) -> Found:
            site.jobs.cancel(site.videos.get(video)["job"])
            tell("decoding", 1.0, 10.0)
            after.append("went on")
            return found()

    work_off(site, Cancelled())
    assert after == []
    assert site.videos.get(video)["state"] == "cancelled"


def test_one_that_was_cancelled_before_its_last_word(site: Site) -> None:
    """It is done all the same: the answer is there."""
    video = add(site)

    class Late(StubHands):
        def localize(self, film: Film, place: str, tell: Tell) -> Found:
            site.jobs.cancel(site.videos.get(video)["job"])
            return found()

    work_off(site, Late())
    assert site.videos.get(video)["state"] == "done"


def test_a_broken_film_fails_and_the_next_is_done(site: Site) -> None:
    bad, good = add(site, "bad.mp4"), add(site, "good.mp4")
    work_off(site, StubHands(fails={"bad.mp4"}))
    job = site.jobs.get(site.videos.get(bad)["job"])
    assert job is not None
    assert job["error"] == {"reason": "DECODE_ERROR", "message": "bad.mp4: is broken"}
    assert site.videos.get(good)["state"] == "done"


def test_a_fault_ends_the_worker_and_leaves_its_reason(site: Site) -> None:
    video = add(site)
    for owner in ("one", "two"):
        with pytest.raises(RuntimeError, match="no more memory"):
            work_of(site, StubHands(dies=True), owner).next()
        site.jobs.died(owner, "exit code 1")
    said = site.videos.get(video)
    assert said["state"] == "failed"
    assert "died 2 times (RuntimeError: no more memory)" in said["summary"]


def test_what_was_found_before_a_kill_is_not_looked_for_again(site: Site) -> None:
    video = add(site)
    taken = site.jobs.take("one")
    assert taken is not None
    site.videos.finish(taken, "nobody", found())  # written, and killed before it was said
    site.jobs.recover()
    assert work_off(site).seen == []
    assert site.videos.get(video)["state"] == "done"


def test_a_model_that_went_away(site: Site) -> None:
    video = add(site)
    with site.database.writing() as write:
        write.execute("DELETE FROM models")
    work_off(site)
    assert "model 'everyday' is not there any more" in site.videos.get(video)["summary"]


def test_corrections_that_went_away_before_they_were_taught(site: Site) -> None:
    video = add(site)
    site.corrections.put(video, 0, [{"label": "Gnome", "onset": 1, "offset": 3}])
    job = site.teach()
    site.corrections.delete(video)
    work_off(site)
    said = site.jobs.get(job)
    assert said is not None
    assert said["error"]["message"].startswith("no film was corrected")


def test_the_current_model_is_loaded_and_its_events_are_known(site: Site) -> None:
    hands = StubHands()
    work_of(site, hands).warm()
    assert hands.places == ["everyday"]
    assert site.models.labels("everyday") == ["Bark", "Meow"]


def test_others_are_told_of_each_change(site: Site) -> None:
    rings: list[int] = []
    work = work_of(site)
    work._changed = lambda: rings.append(1)
    add(site)
    work.next()
    assert len(rings) >= 3


def test_a_lease_is_made_longer_while_a_job_is_worked_on(site: Site) -> None:
    add(site)
    job = site.jobs.take("w")
    assert job is not None
    beaten = threading.Event()

    class Jobs:
        def beat(self, name: str, owner: str) -> bool:
            assert (name, owner) == (job.id, "w")
            beaten.set()
            return True

    with Beating(Jobs(), job.id, "w", 0.001) as beating:  # type: ignore[arg-type]
        assert beaten.wait(10)
    assert not beating._thread.is_alive()
