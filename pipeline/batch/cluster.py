"""Loops that Dask starts, on this machine or on many, and starts again elsewhere if a worker dies.

Dask does nothing else: which loop does which files is settled by claims on the shared cache, which
all machines must see under one path, as they must the media files.
"""

import os
import signal
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from avel.pipeline.batch.aside import held_back
from avel.pipeline.batch.launch import COMMAND, ENOUGH_SECONDS, FINE, outcome_of
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import EnvironmentProblem, InputError

if TYPE_CHECKING:
    from distributed import Client, Event, Future

LOOK_SECONDS = 1.0
"""Between two looks at what loops have said."""
CONNECT_SECONDS = 10
"""For a scheduler to answer."""
RETRIES = 3
"""Of one loop, on other workers."""
LOCAL = "local"
WHEN = ("asked", "now")
"""When loops shall end: when they have finished what is in work, or at once."""
ASIDE = held_back.__module__
"""What workers of a cluster of our own load first."""


def on_cluster(
    address: str,
    words: Sequence[str],
    loops: int,
    command: Sequence[str] = COMMAND,
    stop: Callable[[], bool] = lambda: False,
    environments: Sequence[Mapping[str, str]] = (),
) -> Iterator[Outcome]:
    """Outcomes of loops that a Dask scheduler starts, one on each worker.

    Args:
        address: `local` for a cluster of this machine, or a scheduler's, `tcp://host:8786`.
        words: Arguments of each loop.
        loops: Number of them.
        command: Words before the arguments.
        stop: Whether loops shall finish what is in work and end.
        environments: What each loop sees beside its worker's own, where that is known here.

    Raises:
        InputError: the address is none.
        EnvironmentProblem: Dask is not installed, no scheduler answers, or a loop ends with an
            error.
    """
    if address != LOCAL and "://" not in address:
        raise InputError(
            f"--cluster {address}: must be 'local' or a scheduler's address, tcp://host:8786"
        )
    with ExitStack() as opened:
        client = _connected(address, loops, opened)
        from distributed import Event

        name = f"avel-{uuid.uuid4().hex}"
        asked, now = (Event(f"{name}-{when}", client=client) for when in WHEN)
        said: SimpleQueue[str] = SimpleQueue()
        client.subscribe_topic(name, lambda event: said.put(event[1]))
        seen = environments or [{}] * loops
        futures = [
            client.submit(
                *(_loop, [*command, *words], name, number, seen[number]),
                pure=False,
                retries=RETRIES,
            )
            for number in range(loops)
        ]
        opened.callback(client.cancel, futures)
        opened.callback(_end, futures, asked, now)
        yield from _outcomes(futures, said, lambda: stop() and asked.set())


def _connected(address: str, loops: int, opened: ExitStack) -> "Client":
    try:
        from distributed import Client, LocalCluster
    except ImportError as err:
        raise EnvironmentProblem(
            f"--cluster {address} needs Dask; install it with: pip install 'avel[cluster]'"
        ) from err
    if address != LOCAL:
        try:
            return opened.enter_context(Client(address, timeout=CONNECT_SECONDS))
        except (OSError, TimeoutError) as err:
            raise EnvironmentProblem(
                f"--cluster {address}: no scheduler answers there; start one with `dask scheduler`"
            ) from err
    with held_back():
        cluster = opened.enter_context(
            LocalCluster(
                n_workers=loops, threads_per_worker=1, dashboard_address=None, preload=[ASIDE]
            )
        )
    return opened.enter_context(Client(cluster))


def _outcomes(
    futures: "Sequence[Future]", said: "SimpleQueue[str]", look: Callable[[], object]
) -> Iterator[Outcome]:
    """What loops say until all have ended.

    Between any two a look is had at whether they shall end.
    """
    while True:
        look()
        over = all(future.done() for future in futures)  # and have said all
        try:
            line = said.get(timeout=0 if over else LOOK_SECONDS)
        except Empty:
            if over:
                break
        else:
            yield outcome_of(line)
    for future in futures:
        if (error := future.exception()) is not None:
            raise EnvironmentProblem(f"a loop of the cluster ended: {error}") from error
        if future.status != "finished":
            raise EnvironmentProblem(
                "the cluster's scheduler is gone, and its loops with it; what is finished is kept, "
                "start it and run again"
            )


def _end(futures: "Sequence[Future]", asked: "Event", now: "Event") -> None:
    """Whatever ends this, loops do not go on for nobody."""
    from distributed import wait

    with suppress(OSError):  # of a scheduler that is gone, and loops with it
        asked.set()
        now.set()
        wait(futures, timeout=ENOUGH_SECONDS)


def _loop(command: Sequence[str], name: str, number: int, seen: Mapping[str, str]) -> int:
    """Run one loop as a process of a worker, and pass on what it says; its exit code.

    Raises:
        RuntimeError: it died or refused, so that Dask starts it again.
    """
    from distributed import Event, get_client, get_worker

    asked, now = (Event(f"{name}-{when}", client=get_client()) for when in WHEN)
    tell, hears = get_worker().log_event, threading.Event()
    with subprocess.Popen(
        command,
        env={**os.environ, **seen},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        threading.Thread(target=_pass_on, args=(process, asked, now, hears), daemon=True).start()
        for line in process.stdout:
            hears.set()
            if line.strip():  # but `READY`
                tell(name, line.decode("ascii"))
    if process.returncode not in FINE and not asked.is_set():
        raise RuntimeError(f"loop {number} ended with {process.returncode}; see the worker's log")
    return process.returncode


def _pass_on(
    process: "subprocess.Popen[bytes]", asked: "Event", now: "Event", hears: threading.Event
) -> None:
    """Let a loop finish what is in work once all shall, and end it once they shall do that."""
    while process.poll() is None:
        ends = now.wait(timeout=LOOK_SECONDS)
        if ends and hears.wait(LOOK_SECONDS):
            process.send_signal(signal.SIGINT)  # once: see `Stopping`
            return
        if ends or asked.is_set():
            process.terminate()
