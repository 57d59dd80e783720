"""Keeps workers running: starts and hears them, and replaces those that died."""

import asyncio
import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from multiprocessing.spawn import get_executable
from typing import Any

from avel.pipeline.server.folder import new_id
from avel.pipeline.server.site import Site
from avel.pipeline.server.worker import CODE, READY

PATIENCE_SECONDS = 5.0
"""For which a worker may work on at a job that was cancelled; it is killed then."""
LOOK_SECONDS, EXPIRE_SECONDS = 1.0, 600.0
MOST_PAUSE_SECONDS = 30.0
"""Between two starts, where a worker dies before it is ready."""
STARTING, READY_STATE, DEAD = "starting", "ready", "dead"


class Keepers:
    """Keeps a worker on each of the site's devices."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._all = [Keeper(site, device) for device in site.settings.devices]

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        """Keep all of them in a block, and delete what is old; their jobs wait again at the end."""
        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(_during(self._expire()))
                for keeper in self._all:
                    await stack.enter_async_context(keeper.life())
                yield
        finally:
            self._site.jobs.recover()  # once nobody works who could take one again

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_SECONDS)
            await asyncio.to_thread(self._site.expire)

    def workers(self) -> list[dict[str, str]]:
        """What the API says of them."""
        return [said for keeper in self._all for said in keeper.workers()]


class Keeper:
    """Keeps one worker.

    Args:
        site: Whose jobs it does.
        device: On which.
    """

    def __init__(self, site: Site, device: str = "auto") -> None:
        self._site, self._device, self.state = site, device, DEAD
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = 0.0

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        """Keep it, looking at it every second, in a block; it is killed at the end."""
        try:
            async with _during(self._keep(), self._look()):
                yield
        finally:
            self.end()

    def workers(self) -> list[dict[str, str]]:
        """What the API says of it."""
        return [{"device": self._device, "state": self.state}]

    def end(self) -> None:
        """Kill it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    async def _keep(self) -> None:
        while True:
            owner = new_id()
            process = self._process = self._started(owner)
            await self._hear(process)
            code = await asyncio.to_thread(process.wait)
            self.state, before = DEAD, self.state
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            self._site.jobs.died(owner, how)
            self._site.bell.ring()
            logging.getLogger("avel").warning("the worker died (%s); another is started", how)
            died_early = before == STARTING
            self._pause = min(MOST_PAUSE_SECONDS, 2 * self._pause + 1) if died_early else 0.0
            await asyncio.sleep(self._pause)

    def _started(self, owner: str) -> "subprocess.Popen[bytes]":
        self.state, self._owner = STARTING, owner
        own = replace(self._site.settings, devices=(self._device,))
        settings = json.dumps(own.as_json())
        return subprocess.Popen(
            [get_executable(), "-c", CODE, settings, owner, str(os.getpid()), *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    async def _hear(self, process: "subprocess.Popen[bytes]") -> None:
        """Ring the bell at each word of the worker, until its line ends."""
        assert process.stdout
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stdout
        )
        try:
            while said := await reader.read(4_096):
                if READY in said:
                    self.state = READY_STATE
                self._site.bell.ring()
        finally:
            transport.close()

    async def _look(self) -> None:
        """Tell the worker that there may be a job; kill one that is stuck or does not stop."""
        while True:
            waiting = self._site.bell.waiting()
            self._nudge()
            await waiting(LOOK_SECONDS)
            process = self._process
            if process and self._site.jobs.overdue(self._owner, PATIENCE_SECONDS):
                process.kill()

    def _nudge(self) -> None:
        process = self._process
        if process is None or process.stdin is None or not self._site.jobs.are_queued():
            return
        with contextlib.suppress(OSError):
            os.write(process.stdin.fileno(), b"\n")


@asynccontextmanager
async def _during(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do these beside a block; what breaks in one is said, and the block goes on."""
    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(_tell)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tell(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (err := task.exception()):
        logging.getLogger("avel").error("the server has a fault; start it anew", exc_info=err)
