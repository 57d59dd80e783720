"""Any process of a run may be killed at any time: no finished video is lost, no process is left."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from avel.cache.writer import Writer
from avel.pipeline.method.extract import Features
from avel.pipeline.method.harvest import Outcome, harvest
from avel.pipeline.method.stores import unpack
from avel.pipeline.work.runtime import RuntimeConfig
from tests.films import clicks, regular, write_film
from tests.pipeline.media.test_process import gone
from tests.pipeline.method.stubs import StubEncoder, stub_plan

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of Linux's processes")
NUM_FILMS = 8


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Each with another sound, so with another content."""
    folder = tmp_path_factory.mktemp("films")
    return [
        write_film(
            folder / f"{n}.mkv", frame_times=regular(30, 10), samples=clicks(3 * 44_100, [9 * n])
        )
        for n in range(NUM_FILMS)
    ]


def outcomes(films: list[Path], cache: Path) -> Iterator[Outcome]:
    """Windows of one cell, so that every film is a long one."""
    plan = stub_plan(StubEncoder())
    runtime = RuntimeConfig(cache, workers=2, batch_cells=2, window_cells=1)
    return harvest(films, plan.stores(cache), plan, runtime)


def features(cache: Path, found: list[Outcome]) -> dict[str, Features]:
    store = stub_plan(StubEncoder()).stores(cache).features
    every = {o.path.name: store.get(o.key or "") for o in found}
    return {name: unpack(Features, arrays) for name, arrays in every.items() if arrays is not None}


@pytest.fixture(scope="module")
def undisturbed(films: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Features]:
    cache = tmp_path_factory.mktemp("cache")
    return features(cache, list(outcomes(films, cache)))


def assert_all_there(found: dict[str, Features], expected: dict[str, Features]) -> None:
    assert found.keys() == expected.keys()
    assert len(found) == NUM_FILMS
    for name, each in found.items():
        np.testing.assert_array_equal(each.visual, expected[name].visual)
        np.testing.assert_array_equal(each.audio, expected[name].audio)
        assert each.duration == expected[name].duration


def children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def servers_of(run: int) -> list[int]:
    """The process that a run's decoders are forked from; none where it has just been killed."""
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children(run)}
    return [pid for pid, command in commands.items() if b"forkserver" in command]


@pytest.mark.parametrize("victim", ["server", "child"])
def test_a_decoder_or_their_server(
    films: list[Path], undisturbed: dict[str, Features], tmp_path: Path, victim: str
) -> None:
    """After every second film another: what was on its way is done again, by another."""
    found, killed = [], []
    for outcome in outcomes(films, tmp_path):
        found.append(outcome)
        for server in servers_of(os.getpid()) if len(found) % 2 else ():
            killed.append(server if victim == "server" else next(iter(children(server)), server))
            os.kill(killed[-1], signal.SIGKILL)
    assert [outcome.reason for outcome in found] == [None] * NUM_FILMS
    assert len(killed) >= 2
    assert_all_there(features(tmp_path, found), undisturbed)
    left = [pid for server in servers_of(os.getpid()) for pid in children(server)]
    assert left == []  # but the server


def _run(films: list[Path], cache: Path, line: Connection) -> None:
    """Publish each film at once, as the writer does with all after five seconds."""
    Writer.__init__.__kwdefaults__["max_items"] = 1
    for outcome in outcomes(films, cache):
        line.send((outcome.path.name, outcome.reason))
        line.recv()


@pytest.mark.parametrize("after", [1, 4])
def test_the_run_itself(
    films: list[Path], undisturbed: dict[str, Features], tmp_path: Path, after: int
) -> None:
    """Its processes go with it; another run goes on where it was, but for what was in the air."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("fork")
    run = context.Process(target=_run, args=(films, tmp_path, theirs))
    run.start()
    theirs.close()
    for _ in range(after):
        assert ours.recv()[1] is None
        ours.send("go on")
    assert run.pid is not None
    (server,) = servers_of(run.pid)
    others = [server, *children(server)]
    os.kill(run.pid, signal.SIGKILL)
    run.join()
    assert run.exitcode == -signal.SIGKILL
    assert gone(others, 2)
    found = list(outcomes(films, tmp_path))
    assert sum(outcome.cached for outcome in found) >= after - 3  # of which two may be in the air
    assert_all_there(features(tmp_path, found), undisturbed)
