"""CPU time and peak memory of the processes below this one, from what Linux tells of them."""

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Self


class Watch(threading.Thread):
    """Looks ten times a second while its block runs; `wall_s`, `cpu_s` and `peak_mb` are of it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._over = threading.Event()
        self.wall_s = self.cpu_s = self.peak_mb = 0.0

    def __enter__(self) -> Self:
        for pid in below(os.getpid()):
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is counted anew
        self._began, self._cpu = time.monotonic(), cpu_seconds()
        self.start()
        return self

    def run(self) -> None:
        while not self._over.wait(0.1):
            self._look()

    def _look(self) -> None:
        peaks = [peak_mb(pid) for pid in below(os.getpid())]
        self.peak_mb = max([self.peak_mb, *peaks])

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        self._look()
        self.wall_s, self.cpu_s = time.monotonic() - self._began, cpu_seconds() - self._cpu


def below(pid: int) -> list[int]:
    """Children of a process, and theirs."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        found = [int(c) for task in tasks for c in (task / "children").read_text().split()]
    except OSError:
        return []
    return found + [other for child in found for other in below(child)]


def cpu_seconds() -> float:
    """CPU time of the processes below this one, those included that they have buried."""
    total = 0
    for pid in below(os.getpid()):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{pid}/stat").read_text()
            total += sum(int(ticks) for ticks in text.rpartition(")")[2].split()[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    """Most resident memory of a process; 0 where it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / 1024
    return 0.0
