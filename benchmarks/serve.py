"""How long a person waits for `avel serve`, on this machine.

    python -m benchmarks.serve FILM... [--jobs 1000]

Films are real ones of about ten seconds, each of another content; the everyday model's weights are
where weights are kept. Printed are: seconds from the first byte of a film to its events, with a
server that is warm; the status of many jobs, by HTTP, in milliseconds; and seconds from `kill -9`,
with a film in work, until the server answers again and until the film's job has ended.

Without films the status alone is measured.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from avel.pipeline.server.before import before, short
from avel.pipeline.server.database import Database
from avel.pipeline.server.folder import Folder, new_id
from avel.pipeline.server.jobs import LOCALIZE, Jobs
from avel.pipeline.server.videos import Looked, Videos
from benchmarks.watch import Watch

ASKED = 20
"""Times that the status is asked for."""
PATIENCE = 300.0
EVENTS, LABELS = 1_000, ("Bark", "Meow", "Speech")
"""Of each film that there is for the status."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--jobs", type=int, default=1_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if args.films:
            first = Served(folder / "films", folder / "cache")
            with first.running():
                drop(first, args.films)
                kill(first, args.films[-1])
        many = folder / "many"
        fill(many, args.jobs)
        second = Served(many, folder / "cache")
        with second.running():
            status(second, args.jobs)


class Served:
    """`avel serve` as a process of its own."""

    def __init__(self, folder: Path, cache: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        where = ["--folder", str(folder), "--port", str(port), "--cache-dir", str(cache)]
        self._words = [sys.executable, "-m", "avel.pipeline", "serve", *where, "--no-open"]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE)

    def start(self) -> None:
        self.process = subprocess.Popen(self._words, stdout=subprocess.DEVNULL)
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, "the server has ended"
        try:
            return self.client.get("/api/health").status_code == 200
        except httpx.TransportError:
            return False

    def is_ready(self) -> bool:
        workers = self.client.get("/api/health").json()["workers"]
        return all(worker["state"] == "ready" for worker in workers)

    @contextmanager
    def running(self) -> Iterator[None]:
        self.start()
        try:
            until(self.is_ready)
            yield
        finally:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()

    def add(self, content: bytes, name: str) -> dict[str, Any]:
        answer = self.client.post("/api/videos", params={"name": name}, content=content)
        assert answer.status_code == 201, answer.text
        video: dict[str, Any] = answer.json()["video"]
        return video

    def await_end(self, video: str, after: int) -> dict[str, Any]:
        """The film as it is when its job has ended, heard as a page hears it."""
        with self.client.stream("GET", "/api/events", params={"after": after}) as stream:
            for line in stream.iter_lines():
                if not line.startswith("data: "):
                    continue
                said = json.loads(line.removeprefix("data: "))
                if said["id"] == video and said["state"] not in ("queued", "running"):
                    found: dict[str, Any] = said
                    return found
        raise AssertionError("the stream has ended")


def drop(served: Served, films: list[Path]) -> None:
    """From a film's first byte to its events, one film after the other."""
    for path in films:
        content, after = path.read_bytes(), served.client.get("/api/videos").json()["sequence"]
        with Watch() as watch:
            began = time.perf_counter()
            video = served.add(content, path.name)
            taken = time.perf_counter() - began
            said = served.await_end(video["id"], after)
            events = served.client.get(f"/api/videos/{video['id']}/result").json()["events"]
            seconds = time.perf_counter() - began
        print(
            f"drop to events: {seconds:.2f} s ({taken:.2f} s until it was taken; {watch.cpu_s:.2f} s "
            f"of processors) for {said['seconds']:.1f} s of {path.name}: {len(events)} events"
        )


def kill(served: Served, path: Path) -> None:
    """From `kill -9` in the middle of a job to its end."""
    content = path.read_bytes() + bytes(1)  # another content: nothing of it is cached
    video = served.add(content, path.name)["id"]
    until(lambda: served.client.get(f"/api/videos/{video}").json()["video"]["state"] == "running")
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.wait()
    began = time.perf_counter()
    served.start()
    answers = time.perf_counter() - began
    said = served.await_end(video, 0)
    ended = time.perf_counter() - began
    print(f"after kill -9: answers in {answers:.2f} s, the job is {said['state']} in {ended:.2f} s")


def fill(folder: Path, count: int) -> None:
    """A server's folder with so many films whose jobs have ended.

    Of each film 1,000 events were found before, by another model, and 1,000 were corrected.
    """
    events = [{"label": LABELS[k % 3], "onset": k, "offset": k + 0.9} for k in range(EVENTS)]
    said = before("everyday", f"{EVENTS} events", {"events": events}, {"events": []})
    told = (said, short(said), json.dumps(events), json.dumps(sorted(LABELS)))
    place = Folder(folder)
    place.make()
    database = Database(folder)
    jobs = Jobs(database)
    videos = Videos(database, place, jobs)
    with database.writing() as write:
        for number in range(count):
            job, video = new_id(), new_id()
            jobs.add(write, LOCALIZE, "", "everyday", job)
            videos.add(write, video, f"{number}.mp4", 1_000, Looked(10.0, ".mp4"), job)
            write.execute(
                "UPDATE jobs SET video = ?, state = 'cancelled' WHERE id = ?", (video, job)
            )
            write.execute(
                "UPDATE videos SET before = ?, was = ?, corrections = ?, labels = ?, revision = 1 "
                "WHERE id = ?",
                (*told, video),
            )
            place.film(video).mkdir()
    database.close()


def status(served: Served, count: int) -> None:
    """The list of all jobs, of all films and of all names, again and again."""
    print(f"status: each film with {EVENTS} events of before and {EVENTS} that were corrected")
    for path in (f"/api/jobs?limit={count}", "/api/videos", "/api/labels"):
        spent = []
        for _ in range(ASKED):
            began = time.perf_counter()
            said = served.client.get(path).json()
            spent.append(1_000 * (time.perf_counter() - began))
        found = len(next(value for value in said.values() if isinstance(value, list)))
        print(
            f"status: GET {path}: {found} in {statistics.median(spent):.1f} ms "
            f"(median of {ASKED}; worst {max(spent):.1f} ms)"
        )


def until(look: Callable[[], bool]) -> None:
    over = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < over, "it did not come"
        time.sleep(0.02)


if __name__ == "__main__":
    main()
