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
    return folder / f".{name}.{_machine(boot())}-{pid}-{started(pid)}{SUFFIX}"


def is_abandoned(path: Path) -> bool:
    """Whether the process that a temporary file belongs to surely runs no more."""
    found = OWNED.search(path.name)
    if not found or not boot() or found[1] != _machine(boot()):
        return False
    return is_over(int(found[2]), int(found[3]))


def boot() -> str:
    """The machine's present run and the numbering of processes seen here; empty where unknown."""
    with contextlib.suppress(OSError):
        name = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{name}-{os.stat('/proc/self/ns/pid').st_ino}"
    return ""


def started(pid: int) -> int:
    """Start of a process in clock ticks from the machine's boot; 0 where nothing is known of it."""
    return (_state(pid) or ("", 0))[1]


def is_over(pid: int, since: int) -> bool:
    """Whether the process that started then surely runs no more: remains do not run.

    Of one that cannot be looked at just now, or by us, nothing is sure.
    """
    found = _state(pid) if since else None  # 0: nothing was known of it then
    if found is None:
        return not _exists(pid)
    state, start = found
    return state in tuple("ZXx") or start != since


def _state(pid: int) -> tuple[str, int] | None:
    """A process's state by its letter, and its start in clock ticks; None where none is told."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return words[0], int(words[19])
    return None


def _exists(pid: int) -> bool:
    """Whether there is such a process, of whatever user, or its remains."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@cache
def _machine(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:12]
