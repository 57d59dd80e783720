"""A server that is a process of its own, to be killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from benchmarks.watch import below
from tests.conftest import REPOSITORY
from tests.pipeline.server.stub import AUDIT, GO

PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """Starts and kills it; it answers at `address`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.address, timeout=PATIENCE)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self.client.close()

    def start(self) -> None:
        words = ["-m", "tests.pipeline.server.stub", str(self.folder), str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, *words], cwd=REPOSITORY, stdout=subprocess.PIPE
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == b"started\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()

    def end(self) -> int:
        """Ctrl-C; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    @property
    def worker(self) -> int:
        """The worker's process number."""
        return until(lambda: next(iter(below(self.process.pid)), 0))

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def add(self, content: bytes, name: str = "a.mp4") -> str:
        answer = self.client.post("/api/videos", params={"name": name}, content=content)
        assert answer.status_code == 201, answer.text
        video: str = answer.json()["video"]["id"]
        return video

    def ended(self) -> list[dict[str, Any]]:
        """All jobs, once each has ended."""

        def look() -> list[dict[str, Any]]:
            jobs: list[dict[str, Any]] = self.get("/api/jobs?limit=10000")["jobs"]
            over = all(job["state"] not in ("queued", "running") for job in jobs)
            return jobs if over else []

        return until(look)

    def state(self, video: str, state: str) -> None:
        """Wait until a film is in a state."""
        until(lambda: self.get(f"/api/videos/{video}")["video"]["state"] == state)

    def go(self) -> None:
        (self.folder / GO).touch()

    def audit(self) -> list[str]:
        return (self.folder / AUDIT).read_text().splitlines()


def until(look: Callable[[], Any]) -> Any:
    """What is seen, once it is there."""
    over = time.monotonic() + PATIENCE
    while time.monotonic() < over:
        if found := look():
            return found
        time.sleep(0.01)
    raise TimeoutError("it did not come")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
