"""A server that browsers ask, in a thread of the test's own process, and hands that tests can hold."""

import json
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn

from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.report.page_data import page_data
from avel.pipeline.report.preview import Preview
from avel.pipeline.report.words import summary
from avel.pipeline.server.app import application
from avel.pipeline.server.guard import Access
from avel.pipeline.server.job_work import Film, Lesson, Tell, Work
from avel.pipeline.server.run import listen
from avel.pipeline.server.settings import Limits, Settings
from avel.pipeline.server.site import Site
from avel.pipeline.server.videos import Found
from tests.pipeline.report.material import everyday

LABELS = ["Bark", "Meow", "Speech"]
LONG = "long"
"""Films whose names begin so last two hours and have 3,000 events."""
WAIT_SECONDS = 20.0


@dataclass
class HeldHands:
    """Finds a bark and speech in every film, and what it was taught in the place of the bark."""

    open: threading.Event = field(default_factory=threading.Event)
    """Set where jobs may go on."""

    def warm(self, place: str) -> list[str]:
        return [*LABELS, *([_taught(place)] if "taught" in place else [])]

    def localize(self, film: Film, place: str, tell: Tell) -> Found:
        tell("decoding", 1.0, 4.0)
        self._wait(tell)
        result = _result(film.name, place)
        data = page_data(result, None, _preview(), None)
        return Found(
            json.dumps(result.document()),
            json.dumps(data),
            len(result.events),
            summary(result).headline,
            seconds=result.duration,
        )

    def teach(self, films: Sequence[Mapping[str, Any]], out: Path, tell: Tell) -> Lesson:
        tell("teaching", 0.0, float(len(films)))
        self._wait(tell)
        out.mkdir(parents=True, exist_ok=True)
        new = [e["label"] for film in films for e in film["events"] if e["label"] not in LABELS]
        (out / "taught").write_text(new[0] if new else "Meow")
        return Lesson(self.warm(str(out)))

    def _wait(self, tell: Tell) -> None:
        while not self.open.wait(0.02):
            tell("decoding", 1.0, 4.0)


def _taught(place: str) -> str:
    return (Path(place) / "taught").read_text()


def _result(name: str, place: str) -> Result:
    if name.startswith(LONG):
        events = [Event(k * 2.4, k * 2.4 + 3.0, LABELS[k % 3], 0.9) for k in range(2999)]
        return everyday(name, events=tuple(events), duration=7200.0, segments=7200)
    found = everyday(name, segments=4, duration=4.0)
    bark = Event(0.0, 2.0, _taught(place) if "taught" in place else "Bark", 0.9)
    return everyday(name, segments=4, duration=4.0, events=(bark, *found.events[1:]))


def _preview() -> Preview:
    pictures = np.full((4, 80, 142, 3), 90, np.uint8)
    return Preview(None, pictures, 1.0, np.arange(64, dtype=np.uint8), None)


class Desk:
    """A server with its address, and what tests want of it."""

    def __init__(self, site: Site, hands: HeldHands, address: str) -> None:
        self.site, self.hands, self.address = site, hands, address
        self.http = httpx.Client(base_url=address)

    def ask(self, method: str, path: str, **given: Any) -> Any:
        answer = self.http.request(method, path, **given)
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    def add(self, path: Path, name: str, *, wait: bool = True) -> str:
        """A film, by its id, when it is done."""
        params, content = {"name": name}, path.read_bytes()
        film: str = self.ask("POST", "/api/videos", params=params, content=content)["video"]["id"]
        if wait:
            self.until(film, "done")
        return film

    def until(self, film: str, state: str) -> dict[str, Any]:
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            found = self.site.videos.get(film)
            if found["state"] == state:
                return found
            time.sleep(0.01)
        raise AssertionError(f"{found} is not {state}")

    def events(self, film: str) -> list[tuple[str, float, float]]:
        """What is saved of a film."""
        told = self.ask("GET", f"/api/videos/{film}/corrections")["events"]
        return [(e["label"], e["onset"], e["offset"]) for e in told]

    def clear(self) -> None:
        """No film, and the model as it was."""
        self.hands.open.set()
        for film in self.ask("GET", "/api/videos")["videos"]:
            self.ask("DELETE", f"/api/videos/{film['id']}")
        self.ask("PUT", "/api/models/current", json={"name": "everyday"})


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """A server, until the block ends."""
    settings = Settings(folder / "served", folder / "cache", limits=Limits(free_bytes=0))
    site, hands, over = Site(settings), HeldHands(), threading.Event()
    hands.open.set()
    site.begin()
    site.models.learn("everyday", LABELS)

    @asynccontextmanager
    async def life() -> AsyncIterator[None]:
        import asyncio

        loop = asyncio.get_running_loop()
        work = Work(
            site.database,
            site.folder,
            hands,
            "desk",
            lambda: loop.call_soon_threadsafe(site.bell.ring),
        )
        thread = threading.Thread(target=_work, args=(work, over))
        thread.start()
        yield
        over.set()
        await asyncio.to_thread(thread.join)

    listening = listen("127.0.0.1", 0)
    app = application(site, Access(), life)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    made = Desk(site, hands, f"http://127.0.0.1:{listening.getsockname()[1]}")
    try:
        yield made
    finally:
        hands.open.set()
        site.bell.is_over = True
        server.should_exit = True
        thread.join()
        made.http.close()
        site.close()


def _work(work: Work, over: threading.Event) -> None:
    while not over.is_set():
        if not work.next():
            over.wait(0.02)
