"""Servers and workers that are killed at any moment: nothing is lost, nothing is done twice."""

import asyncio
import hashlib
import os
import random
import signal
from pathlib import Path

import httpx
import pytest

from tests.pipeline.server.process import PATIENCE, Served, is_alive, until

FILMS, KILLS, PIECES = 50, 4, 3
BROKEN = (httpx.TransportError, httpx.TimeoutException)


def film(number: int) -> bytes:
    return random.Random(number).randbytes(3_000 + number)


async def retried(
    client: httpx.AsyncClient, method: str, path: str, **given: object
) -> httpx.Response:
    while True:
        try:
            answer = await client.request(method, path, **given)  # type: ignore[arg-type]
        except BROKEN:
            await asyncio.sleep(0.02)
            continue
        if answer.status_code != 429:
            return answer
        await asyncio.sleep(0.02)


async def hand_in(client: httpx.AsyncClient, number: int) -> str:
    """What a patient visitor does, whose server dies in between: the film's id."""
    content = film(number)
    about = {"name": f"{number}.mp4", "bytes": len(content)}
    begun = await retried(client, "POST", "/api/uploads", json=about)
    path = f"/api/uploads/{begun.json()['upload']['id']}"
    step = len(content) // PIECES
    while True:
        said = (await retried(client, "GET", path)).json()
        if "video" in said:
            video: str = said["video"]["id"]
            return video
        at = said["upload"]["received"]
        try:
            await client.patch(
                path, headers={"upload-offset": str(at)}, content=content[at : at + step]
            )
        except BROKEN:
            await asyncio.sleep(0.02)


async def crowd(served: Served) -> list[str]:
    """Fifty visitors at once, and a server that is killed again and again between them."""
    chance, done = random.Random(7), 0

    async with httpx.AsyncClient(base_url=served.address, timeout=PATIENCE) as client:

        async def visitor(number: int) -> str:
            nonlocal done
            await asyncio.sleep(chance.random())
            video = await hand_in(client, number)
            done += 1
            return video

        visitors = [asyncio.create_task(visitor(number)) for number in range(FILMS)]
        for kill in range(KILLS):
            while done < (kill + 1) * FILMS // (KILLS + 2):
                await asyncio.sleep(0.005)
            served.kill()
            await asyncio.to_thread(served.start)
        return await asyncio.gather(*visitors)


def test_fifty_at_once_and_kills_between_them(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:
        videos = asyncio.run(crowd(served))
        served.kill()
        served.start()
        jobs = served.ended()
        assert len({*videos}) == FILMS
        assert sorted(job["video"] for job in jobs) == sorted(videos)
        assert {job["state"] for job in jobs} == {"done"}
        assert {each["id"] for each in served.get("/api/videos")["videos"]} == {*videos}
        for number, video in enumerate(videos):
            result = served.get(f"/api/videos/{video}/result")
            assert result["file"] == f"{number}.mp4"
            assert result["message"] == hashlib.sha256(film(number)).hexdigest()
        begun = served.audit()
        assert len(begun) <= FILMS + KILLS + 1  # a kill costs the one that ran, at most
        assert {line.split()[1] for line in begun} == {*videos}


def test_a_worker_does_not_outlive_its_server(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:
        video = served.add(b"slow")
        served.state(video, "running")
        worker = served.worker
        served.kill()
        until(lambda: not is_alive(worker))
        served.start()
        served.go()
        assert [job["state"] for job in served.ended()] == ["done"]
        assert served.get("/api/jobs")["jobs"][0]["attempts"] == 2


def test_a_worker_that_is_killed_is_replaced_and_its_job_tried_again(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:
        video = served.add(b"slow")
        served.state(video, "running")
        os.kill(served.worker, signal.SIGKILL)
        served.go()
        assert [(job["state"], job["attempts"]) for job in served.ended()] == [("done", 2)]


def test_a_film_that_kills_costs_itself_alone(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:
        bad, good = served.add(b"crash", "bad.mp4"), served.add(b"good", "good.mp4")
        jobs = {job["video"]: job for job in served.ended()}
        assert jobs[good]["state"] == "done"
        assert (jobs[bad]["state"], jobs[bad]["attempts"]) == ("failed", 2)
        assert jobs[bad]["error"]["reason"] == "WORKER_CRASH"
        assert "died 2 times (exit code 7)" in jobs[bad]["error"]["message"]


def test_a_job_that_runs_is_cancelled(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:
        video = served.add(b"slow")
        served.state(video, "running")
        job = served.get(f"/api/videos/{video}")["video"]["job"]
        assert served.client.delete(f"/api/jobs/{job}").status_code == 202
        assert [each["state"] for each in served.ended()] == ["cancelled"]


def test_a_film_is_deleted_while_it_is_worked_on(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:
        video = served.add(b"slow")
        served.state(video, "running")
        assert served.client.delete(f"/api/videos/{video}").status_code == 204
        other = served.add(b"other")
        served.state(other, "done")
        assert [path.name for path in (served.folder / "videos").iterdir()] == [other]


def test_a_kill_while_it_teaches(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:
        videos = [served.add(bytes([number])) for number in range(3)]
        served.ended()
        gnome = {"revision": 0, "events": [{"label": "Gnome", "onset": 1, "offset": 3}]}
        assert (
            served.client.put(f"/api/videos/{videos[0]}/corrections", json=gnome).status_code == 200
        )
        served.client.post("/api/teach")
        until(lambda: "teach taught-1" in served.audit())
        served.kill()
        served.start()
        served.go()
        jobs = until(lambda: (found := served.ended()) and len(found) == 7 and found)
        assert {job["state"] for job in jobs} == {"done"}
        assert served.get("/api/models")["current"] == "taught-1"
        assert {each["model"] for each in served.get("/api/videos")["videos"]} == {"taught-1"}
        assert len(served.get("/api/models")["models"]) == 2


def test_ctrl_c_ends_it_gently_with_a_stream_open(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:
        served.add(b"slow")
        with served.client.stream("GET", "/api/events") as stream:
            assert next(stream.iter_lines()) == "retry: 1000"
            code = served.end()
        assert code in (0, 1, 130, -signal.SIGINT)
        served.start()
        served.go()
        assert [job["state"] for job in served.ended()] == ["done"]


def test_two_servers_of_one_folder(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:
        other = Served(served.folder)
        with pytest.raises(AssertionError):
            other.start()
        assert other.process.wait() == 1
        assert served.get("/api/health")["status"] == "ok"


@pytest.mark.slow
def test_memory_is_flat_over_500_jobs(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:

        def resident() -> int:
            pages = [
                int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                for pid in (served.process.pid, served.worker)
            ]
            return sum(pages) * os.sysconf("SC_PAGE_SIZE")

        for number in range(100):
            served.add(film(number % 10) + bytes([number]))
        served.ended()
        before = resident()
        for number in range(400):
            served.add(film(number % 10) + number.to_bytes(2, "big"))
            if number % 50 == 0:
                served.get("/api/videos")
        assert len(served.ended()) == 500
        grown = resident() - before
        assert grown < 8 << 20, f"{grown / 2**20:.1f} MB"
