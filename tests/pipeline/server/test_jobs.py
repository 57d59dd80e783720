import pytest

from avel.pipeline.server.jobs import (
    LEASE_SECONDS,
    LOCALIZE,
    MOST_STARTS,
    NO_WORKER,
    TEACH,
    Jobs,
    Taken,
    iso,
)
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import NOBODY, Clock, add


@pytest.fixture
def jobs(site: Site) -> Jobs:
    return site.jobs


def queue(site: Site, kind: str = TEACH, model: str = "m") -> str:
    with site.database.writing() as write:
        return site.jobs.add(write, kind, "", model)


def taken(site: Site, owner: str = "w") -> Taken:
    found = site.jobs.take(owner)
    assert found is not None
    return found


def state(site: Site, job: str) -> str:
    found = site.jobs.get(job)
    assert found is not None
    return str(found["state"])


def clock(site: Site) -> Clock:
    found = site.jobs._clock
    assert isinstance(found, Clock)
    return found


def test_they_are_taken_in_their_order_each_once(site: Site, jobs: Jobs) -> None:
    queued = [queue(site) for _ in range(3)]
    assert [taken(site, owner).id for owner in "abc"] == queued
    assert jobs.take("d") is None


def test_a_film_is_one_workers_at_a_time(site: Site, jobs: Jobs) -> None:
    film, other = add(site, "a.mp4"), add(site, "b.mp4")
    first = taken(site, "a")
    with site.database.writing() as write:
        again = site.videos.localize(write, film, "taught-1")
    assert (first.video, taken(site, "b").video) == (film, other)
    assert jobs.take("c") is None
    assert jobs.fail(first.id, "a", "DECODE_ERROR", "broken")
    assert taken(site, "c").id == again


def test_what_is_said_of_one(site: Site, jobs: Jobs) -> None:
    job = queue(site, model="taught-1")
    assert jobs.get(job) == {
        "id": job,
        "kind": "teach",
        "video": None,
        "state": "queued",
        "progress": {"stage": "waiting", "done": 0.0, "total": 0.0, "unit": "films"},
        "attempts": 0,
        "error": None,
        "note": "",
        "model": "taught-1",
        "added": iso(clock(site).now),
        "started": None,
        "ended": None,
    }
    assert jobs.get(NOBODY) is None


def test_times_are_iso_in_utc() -> None:
    assert iso(0.5) == "1970-01-01T00:00:00.500+00:00"
    assert iso(None) is None


def test_progress_of_its_owner_alone_is_heard(site: Site, jobs: Jobs) -> None:
    queue(site)
    job = taken(site).id
    assert jobs.progress(job, "w", "teaching", 1.0, 2.0)
    assert not jobs.progress(job, "other", "writing", 2.0, 2.0)
    found = jobs.get(job)
    assert found is not None
    assert found["progress"] == {"stage": "teaching", "done": 1.0, "total": 2.0, "unit": "films"}


def test_it_ends_once(site: Site, jobs: Jobs) -> None:
    queue(site)
    job = taken(site).id
    with site.database.writing() as write:
        assert jobs.end(write, job, "w", "done")
        assert not jobs.end(write, job, "w", "failed", ("X", "late"))
    assert not jobs.fail(job, "w", "X", "late")
    assert state(site, job) == "done"


def test_the_end_of_somebody_elses_is_not_heard(site: Site, jobs: Jobs) -> None:
    queue(site)
    job = taken(site).id
    assert not jobs.fail(job, "other", "X", "not mine")
    assert state(site, job) == "running"


def test_a_failure_says_why(site: Site, jobs: Jobs) -> None:
    queue(site)
    job = taken(site).id
    assert jobs.fail(job, "w", "EMPTY", "a.mp4: holds nothing")
    found = jobs.get(job)
    assert found is not None
    assert found["error"] == {"reason": "EMPTY", "message": "a.mp4: holds nothing"}


def test_a_dead_worker_costs_a_start_and_then_the_job(site: Site, jobs: Jobs) -> None:
    job = queue(site)
    taken(site, "one")
    jobs.died("one", "signal 9")
    assert state(site, job) == "queued"
    assert taken(site, "two").id == job
    jobs.note(job, "two", "RuntimeError: no more memory")
    jobs.died("two", "exit code 1")
    found = jobs.get(job)
    assert found is not None
    assert found["state"] == "failed"
    assert found["attempts"] == 2
    assert found["error"]["reason"] == "WORKER_CRASH"
    assert "died 2 times (RuntimeError: no more memory)" in found["error"]["message"]


def test_all_that_wait_are_given_up(site: Site, jobs: Jobs) -> None:
    first, other = queue(site), queue(site)
    assert taken(site, "one").id == first
    assert jobs.give_up("no GPU") == 1
    assert [state(site, job) for job in (first, other)] == ["running", "failed"]
    found = jobs.get(other)
    assert found is not None
    assert found["ended"] is not None
    assert found["error"] == {"reason": "WORKER_CRASH", "message": NO_WORKER.format("no GPU")}
    assert jobs.give_up("no GPU") == 0


def test_a_worker_that_died_has_no_more_to_say(site: Site, jobs: Jobs) -> None:
    job = queue(site)
    taken(site, "one")
    jobs.died("one", "signal 9")
    taken(site, "two")
    assert not jobs.beat(job, "one")
    assert not jobs.fail(job, "one", "X", "late")
    assert jobs.beat(job, "two")


def test_the_end_of_the_server_is_no_fault_of_a_job(site: Site, jobs: Jobs) -> None:
    job = queue(site)
    for _ in range(MOST_STARTS - 1):
        taken(site)
        assert jobs.recover() == 1
        assert state(site, job) == "queued"
    taken(site)
    jobs.recover()
    found = jobs.get(job)
    assert found is not None
    assert found["state"] == "failed"
    assert f"the server ended {MOST_STARTS} times" in found["error"]["message"]


def test_one_that_waits_is_cancelled_at_once(site: Site, jobs: Jobs) -> None:
    job = queue(site)
    assert jobs.cancel(job) == "cancelled"
    assert jobs.take("w") is None
    assert jobs.cancel(NOBODY) == ""


def test_one_that_runs_is_asked_to_stop(site: Site, jobs: Jobs) -> None:
    queue(site)
    job = taken(site).id
    assert jobs.cancel(job) == "running"
    assert not jobs.beat(job, "w")
    assert not jobs.progress(job, "w", "teaching", 1.0, 2.0)
    jobs.died("w", "signal 9")
    assert state(site, job) == "cancelled"


def test_one_that_was_to_stop_when_the_server_ended(site: Site, jobs: Jobs) -> None:
    queue(site)
    job = taken(site).id
    jobs.cancel(job)
    jobs.recover()
    assert state(site, job) == "cancelled"


def test_who_is_silent_or_does_not_stop_is_overdue(site: Site, jobs: Jobs) -> None:
    queue(site)
    job = taken(site).id
    time = clock(site)
    time.now += LEASE_SECONDS - 1
    assert not jobs.overdue("w", 5.0)
    time.now += 2
    assert jobs.overdue("w", 5.0)
    assert not jobs.overdue("other", 5.0)
    assert jobs.beat(job, "w")
    assert not jobs.overdue("w", 5.0)
    jobs.cancel(job)
    time.now += 6
    assert jobs.overdue("w", 5.0)


def test_the_list_is_of_a_state_and_the_newest_first(site: Site, jobs: Jobs) -> None:
    first, second, third = (queue(site) for _ in range(3))
    jobs.cancel(second)
    assert [job["id"] for job in jobs.listed()] == [third, second, first]
    assert [job["id"] for job in jobs.listed("queued")] == [third, first]
    assert [job["id"] for job in jobs.listed(None, 1)] == [third]
    assert jobs.waiting() == 2
    assert jobs.are_queued()


def test_a_films_newest_job_is_its_own(site: Site, jobs: Jobs) -> None:
    video = add(site)
    with site.database.writing() as write:
        again = jobs.add(write, LOCALIZE, video, "everyday")
    assert site.videos.get(video)["job"] == again
