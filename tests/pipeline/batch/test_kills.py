"""Processes that are killed and stopped at any moment: nothing is lost, little is done twice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from avel.pipeline.work.claims import sweep

WORKERS, LEASE = 8, 3.0


def start(folder: Path, lots: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.pipeline.batch.worker", folder, lots, LEASE]
    return subprocess.Popen([str(word) for word in command])


def disturb(folder: Path, lots: int, kills: int, seed: int) -> tuple[int, int]:
    """Run workers to the end; how many were killed, and how many stopped for a while."""
    chance, killed, stopped = random.Random(seed), 0, 0
    running = [start(folder, lots) for _ in range(WORKERS)]
    while len(list((folder / "done").iterdir())) < lots:
        time.sleep(0.15)
        if killed >= kills:
            continue
        place = chance.randrange(WORKERS)
        victim = running[place]
        if victim.poll() is not None:
            running[place] = start(folder, lots)
        elif chance.random() < 0.5:
            victim.kill()
            victim.wait()
            running[place] = start(folder, lots)
            killed += 1
        else:
            victim.send_signal(signal.SIGSTOP)
            time.sleep(chance.choice([0.05, LEASE * 1.2]))
            victim.send_signal(signal.SIGCONT)
            stopped += 1
    end(running)
    return killed, stopped


def end(running: Sequence["subprocess.Popen[bytes]"]) -> None:
    for process in running:
        process.wait()


def judge(folder: Path, lots: int, disturbed: int) -> None:
    done = {int(path.name) for path in (folder / "done").iterdir()}
    assert done == set(range(lots)), "nothing is lost"
    times = Counter(int(line.split()[0]) for line in (folder / "log").read_text().splitlines())
    assert sum(times.values()) - lots <= disturbed, "at most one lot again a kill or stop"
    sweep(folder / "claims")
    assert not (folder / "claims").exists(), "nothing is left"


def test_without_a_kill_nothing_is_done_twice(tmp_path: Path) -> None:
    (tmp_path / "done").mkdir()
    end([start(tmp_path, 60) for _ in range(3)])
    judge(tmp_path, 60, 0)


@pytest.mark.slow
def test_a_minute_of_kills_and_stops(tmp_path: Path) -> None:
    (tmp_path / "done").mkdir()
    killed, stopped = disturb(tmp_path, 4000, 30, seed=7)
    assert killed > 20
    assert stopped > 5
    judge(tmp_path, 4000, killed + stopped)


@pytest.mark.slow
def test_all_at_once(tmp_path: Path) -> None:
    """Every process of a run dies; another run finds their claims free at once."""
    (tmp_path / "done").mkdir()
    running = [start(tmp_path, 500) for _ in range(WORKERS)]
    while not (tmp_path / "log").exists():
        time.sleep(0.05)
    for process in running:
        os.kill(process.pid, signal.SIGKILL)
    end(running)
    end([start(tmp_path, 500)])
    judge(tmp_path, 500, WORKERS)
