"""Which process on which machine: enough to tell later whether it still lives."""

import contextlib
import json
import os
import socket
from dataclasses import asdict, dataclass

from avel.cache.temporary import boot, is_over, started


@dataclass(frozen=True)
class Owner:
    """A process that no later one can be taken for.

    Attributes:
        host: Name of the machine, for people.
        boot: Of the machine's present run, by the kernel; with a container's process numbers.
        pid: Number of the process.
        started: Clock ticks from the machine's boot until the process started.
    """

    host: str
    boot: str
    pid: int
    started: int

    @property
    def name(self) -> str:
        """Fit for a file's name, and of nobody else."""
        host = "".join(c if c.isalnum() or c == "-" else "_" for c in self.host)[:40]
        return f"{host}-{self.boot[:8]}-{self.pid}-{self.started}"

    @property
    def is_dead(self) -> bool:
        """Whether it surely runs no more; of another machine's process nothing is known."""
        if not self.boot or self.boot != boot():
            return False
        return is_over(self.pid, self.started)

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


def this_process() -> Owner:
    """The process that asks."""
    pid = os.getpid()
    return Owner(socket.gethostname(), boot(), pid, started(pid))


def from_json(text: str) -> Owner | None:
    """What `to_json` wrote; None where it is torn."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        said = json.loads(text)
        return Owner(str(said["host"]), str(said["boot"]), int(said["pid"]), int(said["started"]))
    return None
