"""How a worker is kept; that it is replaced is seen in `test_kills`."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

from avel.pipeline.server import keeper as module
from avel.pipeline.server.keeper import Keeper, Keepers
from avel.pipeline.server.settings import Settings
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import add, ask, reason


def pretend(monkeypatch: pytest.MonkeyPatch, code: str) -> list[Keeper]:
    """Start programs of a line in the place of workers; keepers that did."""
    seen: list[Keeper] = []

    def started(self: Keeper, owner: str) -> "subprocess.Popen[bytes]":
        self.state, self._owner = "starting", owner
        seen.append(self)
        return subprocess.Popen(
            [sys.executable, "-S", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    monkeypatch.setattr(Keeper, "_started", started)
    return seen


async def until(look: Any) -> None:
    for _ in range(2_000):
        if look():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError("it did not come")


def test_it_says_how_it_is(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "import sys; sys.stdout.write('r'); sys.stdout.flush(); sys.stdin.read()")

    async def run() -> list[str]:
        keeper = Keeper(site)
        states = [keeper.workers()[0]["state"]]
        async with keeper.life():
            await until(lambda: keeper.workers()[0]["state"] == "ready")
            states.append("ready")
            process = keeper._process
        assert process is not None
        states.append("gone" if process.returncode is not None else "there")
        return states

    assert asyncio.run(run()) == ["dead", "ready", "gone"]


def test_each_device_has_a_worker_of_its_own(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = pretend(monkeypatch, "import sys; sys.stdin.read()")
    two = Site(replace(site.settings, devices=("cuda:0", "cuda:1")))
    first, second = add(site), add(site)

    async def run() -> list[str]:
        keepers = Keepers(two)
        async with keepers.life():
            await until(lambda: len(seen) == 2 and all(each._process for each in seen))
            for each in seen:
                assert site.jobs.take(each._owner)
            states = [site.videos.get(video)["state"] for video in (first, second)]
        assert [each._process for each in seen] == [None, None]
        return [said["device"] for said in keepers.workers()] + states

    assert asyncio.run(run()) == ["cuda:0", "cuda:1", "running", "running"]
    assert [site.videos.get(video)["state"] for video in (first, second)] == ["queued", "queued"]
    two.close()


def test_no_job_waits_again_before_all_workers_are_gone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = pretend(monkeypatch, "import sys; sys.stdin.read()")
    two = Site(replace(site.settings, devices=("cuda:0", "cuda:1")))
    video, states = add(site), []
    real = Keeper.end

    def end(self: Keeper) -> None:
        real(self)
        states.append(site.videos.get(video)["state"])

    monkeypatch.setattr(Keeper, "end", end)

    async def run() -> None:
        async with Keepers(two).life():
            await until(lambda: len(seen) == 2 and all(each._process for each in seen))
            assert site.jobs.take(seen[0]._owner)

    asyncio.run(run())
    assert states == ["running", "running"]
    assert site.videos.get(video)["state"] == "queued"
    two.close()


def test_what_is_old_is_deleted_by_one_however_many_workers_there_are(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, "import sys; sys.stdin.read()")
    monkeypatch.setattr(module, "EXPIRE_SECONDS", 0.0)
    two = Site(replace(site.settings, devices=("cuda:0", "cuda:1")))
    at_once, most = [], []

    def expire(self: Site) -> None:
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.002)  # long enough for another to come in between
        at_once.pop()

    monkeypatch.setattr(Site, "expire", expire)

    async def run() -> None:
        async with Keepers(two).life():
            await until(lambda: len(most) >= 5)

    asyncio.run(run())
    assert set(most) == {1}
    two.close()


def test_what_breaks_beside_the_workers_is_said(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pretend(monkeypatch, "import sys; sys.stdin.read()")
    monkeypatch.setattr(module, "EXPIRE_SECONDS", 0.0)
    monkeypatch.setattr(Site, "expire", lambda self: 1 / 0)

    async def run() -> None:
        async with Keepers(site).life():
            await until(lambda: caplog.records)

    asyncio.run(run())
    assert "the server has a fault; start it anew" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_worker_is_told_its_own_device(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[str]] = []
    monkeypatch.setattr(module.subprocess, "Popen", lambda words, **how: told.append(words))
    Keeper(site, "cuda:1")._started("owner")
    assert Settings.of_json(json.loads(told[0][3])).devices == ("cuda:1",)


def test_it_rings_at_each_word(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "import sys; sys.stdout.write('rc'); sys.stdout.flush(); sys.stdin.read()")
    rings: list[int] = []
    monkeypatch.setattr(site.bell, "ring", lambda: rings.append(1))

    async def run() -> None:
        async with Keeper(site).life():
            await until(lambda: rings)

    asyncio.run(run())


def test_a_worker_is_told_that_a_job_waits(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(
        monkeypatch,
        "import sys; sys.stdin.read(1); sys.stdout.write('r'); sys.stdout.flush(); sys.stdin.read()",
    )

    async def run() -> None:
        keeper = Keeper(site)
        async with keeper.life():
            await until(lambda: keeper._process)
            await asyncio.to_thread(add, site)
            site.bell.ring()
            await until(lambda: keeper.state == "ready")

    asyncio.run(run())


def test_one_that_dies_before_it_is_ready_is_started_again_after_a_pause(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = pretend(monkeypatch, "raise SystemExit(3)")
    pauses: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds >= 1 and seconds < 100:
            pauses.append(seconds)
            seconds = 0
        await real(seconds)

    monkeypatch.setattr(module.asyncio, "sleep", sleep)

    async def run() -> None:
        async with Keeper(site).life():
            for _ in range(2_000):
                if len(pauses) >= 3:
                    return
                await real(0.005)

    asyncio.run(run())
    assert pauses[:3] == [1.0, 3.0, 7.0]
    assert len(seen) >= 3


def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two starts."""
    monkeypatch.setattr(module, "MOST_PAUSE_SECONDS", 0.0)


DIES = "import sys; sys.stdout.write('c!RuntimeError: no GPU: r'); sys.stdout.flush(); sys.exit(1)"


def test_what_waits_fails_where_no_worker_can_be_started(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen = pretend(monkeypatch, DIES.replace("c!", "!"))
    hurried(monkeypatch)
    video = add(site)

    async def run() -> None:
        async with Keepers(site).life():
            await until(lambda: site.videos.get(video)["state"] == "failed")
            assert len(seen) >= module.MOST_EARLY

    asyncio.run(run())
    job = site.videos.get(video)["job"]
    error = (site.jobs.get(job) or {})["error"]
    assert error["reason"] == "WORKER_CRASH"
    assert "can be started (exit code 1: RuntimeError: no GPU: r); what `avel" in error["message"]
    assert "1 jobs that waited have failed" in caplog.text


def test_nothing_is_taken_where_no_worker_can_be_started(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = add(site)
    upload = site.uploads.begin("b.mp4", 4)
    site.folder.part(upload).write_bytes(b"film")
    keepers = Keepers(site)
    (keeper,) = keepers._all
    keeper._early, keeper._how = module.MOST_EARLY, "exit code 1: no GPU"
    for method, path, given in (
        ("POST", "/api/videos?name=c.mp4", {"content": b"film"}),
        ("POST", "/api/uploads", {"json": {"name": "c.mp4", "bytes": 4}}),
        ("PATCH", f"/api/uploads/{upload}", {"headers": {"upload-offset": "4"}}),
        ("POST", f"/api/videos/{video}/localize", {}),
    ):
        answer = ask(site, method, path, **given)
        assert reason(answer) == (503, "NO_WORKER"), path
        assert answer.headers["retry-after"] == "30"
        assert "(exit code 1: no GPU)" in answer.json()["error"]["message"]
    assert [path.name for path in (site.folder.root / "uploads").iterdir()] == [upload]
    keeper.state = "ready"
    answer = ask(site, "PATCH", f"/api/uploads/{upload}", headers={"upload-offset": "4"})
    assert answer.status_code == 201


def test_jobs_wait_while_one_of_the_workers_may_work(site: Site) -> None:
    two = Site(replace(site.settings, devices=("cuda:0", "cuda:1")))
    keepers = Keepers(two)
    first, second = keepers._all
    first._early, first._how = module.MOST_EARLY, "no first"
    assert keepers.why_none() == ""
    second._early, second._how = module.MOST_EARLY, "no second"
    assert keepers.why_none() == "no first"
    second.state = "ready"
    assert keepers.why_none() == ""
    two.close()


def test_one_that_did_something_did_not_die_early(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = pretend(monkeypatch, DIES)
    hurried(monkeypatch)

    async def run() -> int:
        keeper = Keeper(site)
        async with keeper.life():
            await until(lambda: len(seen) > module.MOST_EARLY)
        return keeper._early

    assert asyncio.run(run()) == 0


def test_a_process_that_cannot_be_made_is_a_death(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: Any, **__: Any) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(module.subprocess, "Popen", started)
    hurried(monkeypatch)
    video = add(site)

    async def run() -> None:
        async with Keepers(site).life():
            await until(lambda: site.videos.get(video)["state"] == "failed")

    asyncio.run(run())
    assert "cannot be started: Cannot allocate memory" in site.videos.get(video)["summary"]


def test_one_that_is_never_ready_is_killed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = pretend(monkeypatch, "import sys; sys.stdin.read()\nwhile True: pass")
    monkeypatch.setattr(module, "START_SECONDS", -1.0)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    hurried(monkeypatch)

    async def run() -> str:
        keeper = Keeper(site)
        async with keeper.life():
            await until(lambda: len(seen) == 2)
        return keeper._how

    assert asyncio.run(run()) == "signal 9"


def test_what_it_was_about_waits_again_when_the_server_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = pretend(monkeypatch, "import sys; sys.stdin.read()")
    video = add(site)

    async def run() -> None:
        async with Keepers(site).life():
            await until(lambda: seen and seen[0]._process)
            assert site.jobs.take(seen[0]._owner)

    asyncio.run(run())
    assert site.videos.get(video)["state"] == "queued"


def test_one_that_does_not_stop_is_killed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = pretend(
        monkeypatch,
        "import sys; sys.stdout.write('r'); sys.stdout.flush(); sys.stdin.read()\nwhile True: pass",
    )
    monkeypatch.setattr(module, "PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    video = add(site)

    async def run() -> None:
        keeper = Keeper(site)
        async with keeper.life():
            await until(lambda: keeper.state == "ready")
            job = site.jobs.take(keeper._owner)
            assert job is not None
            site.jobs.cancel(job.id)
            await until(lambda: site.videos.get(video)["state"] == "cancelled")
            await until(lambda: len(seen) == 2)

    asyncio.run(run())


def failing_at_first(real: Any, times: list[int]) -> Any:
    """What a full disk does to the table until there is room again."""

    def use(*given: Any) -> Any:
        times.append(1)
        if len(times) <= 2:
            raise sqlite3.OperationalError("database or disk is full")
        return real(*given)

    return use


def test_a_full_disk_loses_no_job_of_a_worker_that_died(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    video, times, looks = add(site), list[int](), list[int]()
    seen = pretend(monkeypatch, "import sys; sys.stdin.read()")
    hurried(monkeypatch)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(site.jobs, "died", failing_at_first(site.jobs.died, times))
    monkeypatch.setattr(site.jobs, "overdue", failing_at_first(site.jobs.overdue, looks))

    async def run() -> None:
        async with Keepers(site).life():
            await until(lambda: seen and seen[0]._process)
            assert site.jobs.take(seen[0]._owner)
            process = seen[0]._process
            assert process is not None
            await until(lambda: len(looks) > 2)  # it is looked at all the same
            process.kill()
            await until(lambda: site.videos.get(video)["state"] == "queued" and len(seen) == 2)

    asyncio.run(run())
    assert "the table of jobs cannot be used now (database or disk is full)" in caplog.text


def test_what_is_old_is_deleted_when_it_can_be(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    times: list[int] = []
    pretend(monkeypatch, "import sys; sys.stdin.read()")
    monkeypatch.setattr(module, "EXPIRE_SECONDS", 0.0)
    monkeypatch.setattr(site, "expire", failing_at_first(lambda: None, times))

    async def run() -> None:
        async with Keepers(site).life():
            await until(lambda: len(times) > 2)

    asyncio.run(run())
    assert "what is old cannot be deleted now (database or disk is full)" in caplog.text
