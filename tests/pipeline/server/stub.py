"""A server whose worker writes down what it does: `python -m tests.pipeline.server.stub FOLDER PORT`.

What a film holds says what becomes of it: `crash` ends its worker, `slow` waits until a file `go`
is there.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from avel.pipeline.server.guard import Access
from avel.pipeline.server.job_work import Film, Lesson, Tell
from avel.pipeline.server.look import Looker
from avel.pipeline.server.run import listen, serve
from avel.pipeline.server.settings import Limits, Settings
from avel.pipeline.server.videos import Found, Looked
from tests.pipeline.server.offline import forbid

AUDIT, GO = "audit.txt", "go"
MOST_SECONDS = 60.0


if "pytest" not in sys.modules:  # the server's own process, or its worker's
    forbid()


class Hands:
    """Writes down each beginning, and says the hash of what it was given."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.folder

    def _note(self, what: str) -> None:
        with (self._folder / AUDIT).open("a") as file:
            file.write(f"{what}\n")

    def warm(self, place: str) -> list[str]:
        return ["Bark"]

    def localize(self, film: Film, place: str, tell: Tell) -> Found:
        self._note(f"begin {film.video} {place}")
        content = film.path.read_bytes()
        tell("decoding", 1.0, 10.0)
        if content.startswith(b"crash"):
            os._exit(7)
        if content.startswith(b"slow"):
            self._wait(tell)
        document = {
            "schema": "avel.result/2",
            **{"file": film.name, "status": "ok", "duration": 10.0, "segments": 10},
            **{"events": [], "message": hashlib.sha256(content).hexdigest()},
        }
        return Found(json.dumps(document), "{}", 0, "nothing found", False, 10.0)

    def _wait(self, tell: Tell) -> None:
        until = time.monotonic() + MOST_SECONDS
        while not (self._folder / GO).exists() and time.monotonic() < until:
            tell("decoding", 2.0, 10.0)
            time.sleep(0.01)

    def teach(self, films: Sequence[Mapping[str, Any]], out: Path, tell: Tell) -> Lesson:
        self._note(f"teach {out.name}")
        out.mkdir(exist_ok=True)
        self._wait(tell)
        return Lesson(["Gnome"])


def look(self: Looker, path: Path, name: str) -> Looked:
    return Looked(10.0, ".mp4", "video/mp4")


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    Looker.look = look  # type: ignore[method-assign]
    limits = Limits(free_bytes=0, uploads=100, requests=1_000_000)
    hands = "tests.pipeline.server.stub:Hands"
    settings = Settings(folder, folder / "cache", limits=limits, hands=hands)
    serve(settings, Access(), listen("127.0.0.1", port), lambda: print("started", flush=True))


if __name__ == "__main__":
    main()
