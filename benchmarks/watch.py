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
        self.wall_s = self.peak_mb = 0.0
        self._spent: dict[int, float] = {}

    def __enter__(self) -> Self:
        found = below(os.getpid())
        for pid in found:
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is counted anew
        self._began, self._before = time.monotonic(), {pid: cpu_seconds(pid) for pid in found}
        self.start()
        return self

    @property
    def cpu_s(self) -> float:
        """Of processes that were there and that came; of one that died up to the last look."""
        return sum(spent - self._before.get(pid, 0.0) for pid, spent in self._spent.items())

    def run(self) -> None:
        while not self._over.wait(0.1):
            self._look()

    def _look(self) -> None:
        for pid in below(os.getpid()):
            self.peak_mb = max(self.peak_mb, peak_mb(pid))
            spent = cpu_seconds(pid)
            if spent > time.monotonic() - self._began + 1:  # it was there, but not listed
                self._before.setdefault(pid, spent)
            self._spent[pid] = max(self._spent.get(pid, 0.0), spent)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        self._look()
        self.wall_s = time.monotonic() - self._began


def below(pid: int) -> list[int]:
    """Children of a process, and theirs."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        found = [int(c) for task in tasks for c in (task / "children").read_text().split()]
    except OSError:
        return []
    return found + [other for child in found for other in below(child)]


def cpu_seconds(pid: int) -> float:
    """CPU time of a process; 0 where it is gone."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/stat").read_text()
        ticks = text.rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return 0.0


def peak_mb(pid: int) -> float:
    """Most resident memory of a process; 0 where it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / 1024
    return 0.0
