"""Keeps workers running: starts and hears them, and replaces those that died."""

import asyncio
import contextlib
import json
import logging
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.spawn import get_executable
from typing import Any

from avel.pipeline.server.folder import new_id
from avel.pipeline.server.site import Site
from avel.pipeline.server.worker import CHANGED, CODE, LAST, READY

PATIENCE_SECONDS = 5.0
"""For which a worker may work on at a job that was cancelled; it is killed then."""
LOOK_SECONDS, EXPIRE_SECONDS = 1.0, 600.0
MOST_PAUSE_SECONDS = 30.0
"""Between two starts, where a worker dies before it has done anything."""
MOST_EARLY = 5
"""Deaths in a row of workers that did nothing, after which none is awaited."""
START_SECONDS = 600.0
"""In which a worker must be ready; it is killed then."""
STARTING, READY_STATE, DEAD = "starting", "ready", "dead"


class Keepers:
    """Keeps a worker on each of the site's devices."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._all = [Keeper(site, device) for device in site.settings.devices]
        site.room.why_no_worker = self.why_none

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
            try:
                await asyncio.to_thread(self._site.expire)
            except (OSError, sqlite3.Error) as err:
                logging.getLogger("avel").warning("what is old cannot be deleted now (%s)", err)

    def workers(self) -> list[dict[str, str]]:
        """What the API says of them."""
        return [said for keeper in self._all for said in keeper.workers()]

    def why_none(self) -> str:
        """Why no worker can be started; empty where one works, or may."""
        reasons = [keeper.why for keeper in self._all]
        return reasons[0] if all(reasons) else ""


class Keeper:
    """Keeps one worker.

    Args:
        site: Whose jobs it does.
        device: On which.
    """

    def __init__(self, site: Site, device: str = "auto") -> None:
        self._site, self._device, self.state = site, device, DEAD
        self._process: subprocess.Popen[bytes] | None = None
        self._early, self._is_used, self._how = 0, False, ""

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

    @property
    def why(self) -> str:
        """Why its worker cannot be started; empty where it works, or may."""
        return "" if self._early < MOST_EARLY or self.state == READY_STATE else self._how

    async def _keep(self) -> None:
        while True:
            owner = new_id()
            self._is_used = False
            self._how = await self._lived(owner)
            self.state, self._early = DEAD, 0 if self._is_used else self._early + 1
            await _patiently(partial(self._site.jobs.died, owner, self._how))
            logging.getLogger("avel").warning("the worker died (%s); another is started", self._how)
            await _patiently(self._give_up)
            self._site.bell.ring()
            pause = 2.0 ** min(self._early, MOST_EARLY) - 1
            await asyncio.sleep(min(MOST_PAUSE_SECONDS, pause))

    async def _lived(self, owner: str) -> str:
        """Start a worker, and hear it until it is dead; how it died."""
        self._began = time.monotonic()
        try:
            process = self._process = self._started(owner)
        except OSError as err:
            return f"it cannot be started: {err.strerror}"
        last = await self._hear(process)
        code = await asyncio.to_thread(process.wait)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"{how}: {last}" if last else how

    def _give_up(self) -> None:
        """Where no worker can be started, none of the jobs that wait does so for ever."""
        why = self._site.room.why_no_worker()
        if why and (count := self._site.jobs.give_up(why)):
            logging.getLogger("avel").error("%d jobs that waited have failed: %s", count, why)

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

    async def _hear(self, process: "subprocess.Popen[bytes]") -> str:
        """Ring the bell at each word of the worker, until its line ends; its last words."""
        assert process.stdout
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stdout
        )
        try:
            while said := await reader.read(4_096):
                words, is_last, last = said.partition(LAST)
                if READY in words:
                    self.state = READY_STATE
                if CHANGED in words:
                    self._is_used = True
                if is_last:
                    return (last + await reader.read()).decode("utf-8", "replace")
                self._site.bell.ring()
        finally:
            transport.close()
        return ""

    async def _look(self) -> None:
        """Tell the worker that there may be a job; kill one that is stuck or does not stop."""
        while True:
            waiting = self._site.bell.waiting()
            await _patiently(self._nudge)
            await waiting(LOOK_SECONDS)
            await _patiently(self._kill_late)

    def _kill_late(self) -> None:
        process = self._process
        if process and (self._is_late() or self._site.jobs.overdue(self._owner, PATIENCE_SECONDS)):
            process.kill()

    def _is_late(self) -> bool:
        return self.state == STARTING and time.monotonic() - self._began > START_SECONDS

    def _nudge(self) -> None:
        process = self._process
        if process is None or process.stdin is None or not self._site.jobs.are_queued():
            return
        with contextlib.suppress(OSError):
            os.write(process.stdin.fileno(), b"\n")


async def _patiently(use: Callable[[], object]) -> None:
    """Use the table of jobs, as soon as it can be: a disk may be full for a while."""
    while True:
        try:
            use()
            return
        except sqlite3.Error as err:
            logging.getLogger("avel").warning("the table of jobs cannot be used now (%s)", err)
            await asyncio.sleep(LOOK_SECONDS)


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
