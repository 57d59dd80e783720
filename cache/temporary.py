"""Names of files that are not finished, which say whose they are: what a killed process left goes.

`.NAME.MACHINE-PID-STARTED.part`: of another machine's process, or of one with other numbers for its
processes, nothing is known but the file's age.
"""

import contextlib
import hashlib
import os
import re
from functools import cache
from pathlib import Path

SUFFIX = ".part"
OWNED = re.compile(r"\.([0-9a-f]{12})-(\d+)-(\d+)\.part$")


def temporary(folder: Path, name: str) -> Path:
    """A hidden name in a folder for what this process has not finished."""
    pid = os.getpid()
    return folder / f".{name}.{_machine(boot())}-{pid}-{started(pid) or 0}{SUFFIX}"


def is_abandoned(path: Path) -> bool:
    """Whether the process that a temporary file belongs to surely runs no more."""
    found = OWNED.search(path.name)
    if not found or not boot() or found[1] != _machine(boot()):
        return False
    return started(int(found[2])) != int(found[3])


def boot() -> str:
    """The machine's present run and the numbering of processes seen here; empty where unknown."""
    with contextlib.suppress(OSError):
        name = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{name}-{os.stat('/proc/self/ns/pid').st_ino}"
    return ""


def started(pid: int) -> int | None:
    """Start of a living process in clock ticks; None where there is none, or only its remains."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if words[0] in "ZXx" else int(words[19])
    return None


@cache
def _machine(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:12]
