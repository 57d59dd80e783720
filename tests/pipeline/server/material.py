"""A server in the test's own process: its tables, a film that is none, and hands that do nothing."""

import asyncio
import io
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from avel.pipeline.reasons import MediaError, Reason
from avel.pipeline.server.app import application
from avel.pipeline.server.guard import Access
from avel.pipeline.server.job_work import Film, Lesson, Tell, Work
from avel.pipeline.server.problem import Problem
from avel.pipeline.server.settings import Limits, Settings
from avel.pipeline.server.site import Site
from avel.pipeline.server.videos import Found, Looked

NOBODY = "0" * 32
LOCAL = "http://127.0.0.1"


class Clock:
    """A time that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def make_site(folder: Path, *, clock: Clock | None = None, **limits: Any) -> Site:
    """A site that takes every file for a film of 10 s, unless it begins with `bad`."""
    settings = Settings(
        folder / "served", folder / "cache", limits=Limits(**{"free_bytes": 0, **limits})
    )
    site = Site(settings, clock or Clock())
    site.looker.look = look  # type: ignore[method-assign]
    site.begin()
    site.models.learn("everyday", ["Bark", "Meow"])
    return site


def look(path: Path, name: str) -> Looked:
    if path.read_bytes().startswith(b"bad"):
        raise Problem(422, "DECODE_ERROR", f"{name}: is no film; give another film")
    return Looked(10.0, ".mp4", "video/mp4")


def ask(
    site: Site, method: str, path: str, *, access: Access | None = None, **given: Any
) -> httpx.Response:
    """One request and its answer."""
    return asks(site, [(method, path, given)], access=access)[0]


def asks(
    site: Site, requests: Sequence[tuple[str, str, dict[str, Any]]], *, access: Access | None = None
) -> list[httpx.Response]:
    """Requests one after the other, of one visitor."""

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(application(site, access or Access()))
        async with httpx.AsyncClient(transport=transport, base_url=LOCAL) as client:
            return [await client.request(*each[:2], **each[2]) for each in requests]

    return asyncio.run(run())


def reason(answer: httpx.Response) -> tuple[int, str]:
    """The status and the reason of a refusal."""
    return answer.status_code, answer.json()["error"]["reason"]


def add(site: Site, name: str = "a.mp4", content: bytes = b"film") -> str:
    """A film in the site; its id."""
    answer = ask(site, "POST", f"/api/videos?name={name}", content=content)
    assert answer.status_code == 201, answer.text
    video: str = answer.json()["video"]["id"]
    return video


def event(label: str, onset: float, offset: float, score: float = 0.9) -> dict[str, Any]:
    return {"onset": onset, "offset": offset, "label": label, "score": score, "evidence": None}


DRAWN = {"labels": [], "pictures": None, "peaks": "", "mel": "", "truth": None, "attention": None}
"""What the page of a film draws, of a film of which nothing is to be seen."""


def found(*events: Mapping[str, Any], name: str = "a.mp4") -> Found:
    """What was found in a film: the document as `Result.document` has it."""
    import json

    document = {
        "schema": "avel.result/2",
        **{"file": name, "status": "ok", "reasons": [], "message": "", "duration": 10.0},
        **{"segments": 10, "events": list(events), "disagreements": [], "sounds": [], "notes": []},
    }
    said = f"{len(events)} events"
    return Found(json.dumps(document), json.dumps(DRAWN), len(events), said, False, 10.0)


@dataclass
class StubHands:
    """Finds a bark in every film from 1 s to 3 s; fails and stops where it is told to."""

    fails: set[str] = field(default_factory=set)
    dies: bool = False
    seen: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    lessons: list[Sequence[Mapping[str, Any]]] = field(default_factory=list)

    def warm(self, place: str) -> list[str]:
        self.places.append(place)
        return ["Bark", "Meow"]

    def localize(self, film: Film, place: str, tell: Tell) -> Found:
        tell("decoding", 5.0, 10.0)
        self.seen.append(film.name)
        if film.name in self.fails:
            raise MediaError(Reason.DECODE_ERROR, f"{film.name}: is broken")
        if self.dies:
            raise RuntimeError("no more memory")
        return found(event("Bark", 1.0, 3.0), name=film.name)

    def teach(self, films: Sequence[Mapping[str, Any]], out: Path, tell: Tell) -> Lesson:
        tell("teaching", 0.0, float(len(films)))
        self.lessons.append(films)
        out.mkdir(exist_ok=True)
        return Lesson(
            [e["label"] for film in films for e in film["events"]], "one film had no sound"
        )


def work_of(site: Site, hands: StubHands | None = None, owner: str = "w") -> Work:
    """A worker in this process."""
    return Work(site.database, site.folder, hands or StubHands(), owner)


def work_off(site: Site, hands: StubHands | None = None) -> StubHands:
    """Do every job that waits."""
    hands = hands or StubHands()
    work = work_of(site, hands)
    while work.next():
        pass
    return hands


def tone(seconds: float = 1.0, pitch: float = 440.0, rate: int = 8_000) -> bytes:
    """A file of sound."""
    data, times = io.BytesIO(), np.arange(int(seconds * rate)) / rate
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((8_000 * np.sin(2 * np.pi * pitch * times)).astype("<i2").tobytes())
    return data.getvalue()
