"""Who works on what, among processes that share nothing but a folder: no server, no file lock.

Each process keeps a file of its own and touches it again and again: its heartbeat. To claim a lot
it makes a hard link to that file under the lot's name, which the file system gives to one alone.
A claim is stale when its owner is known to be dead, or when nobody has seen its heartbeat change
for the lease, by the reader's own clock: machines need not agree on the time. A stale claim is
taken away by renaming it, which again only one can do, looked at once more, and then dropped or
put back.

```
 claims/  node1-3f0c-811-5520.beat   <- touched every few seconds by its process
          lot-8a61…                  <- hard link to it: node1's process 811 has this lot
```
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self

from avel.cache.errors import CacheError, CacheFull, CacheUnavailable, writing
from avel.cache.temporary import boot, is_abandoned, temporary
from avel.pipeline.reasons import EnvironmentProblem
from avel.pipeline.work.owner import Owner, from_json, this_process

LEASE_SECONDS = 300.0
"""Without a sign of life of another machine's process. Network file systems show changes of a file
up to a minute late."""
BEATS = 20
"""Signs of life in one lease."""
DAY = 86_400.0
"""Seconds after which what another machine's process left is rubbish."""
BEGINNINGS = 5
"""Tries to begin beside others who leave."""
BEAT, LOT = ".beat", "lot-"


class Claims:
    """The claims of one process in a shared folder; use it in a `with` block.

    Threads may share it. What is held at the end is given back.

    Args:
        folder: Shared by all who work on the same lots; made if it is not there.
        lease_seconds: See `LEASE_SECONDS`; the same for all.
        clock: Seconds that only grow.
        owner: Who claims; None for this process.
    """

    shared = True
    """Whether others have the same lots, who want to know which are done."""

    def __init__(
        self,
        folder: Path,
        *,
        lease_seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        owner: Owner | None = None,
    ) -> None:
        self._folder, self._lease, self._clock = folder, lease_seconds, clock
        self._owner = owner or this_process()
        self._beat = folder / f"{self._owner.name}{BEAT}"
        self._seen: dict[int, tuple[int, float]] = {}
        self._held: set[str] = set()
        self.elsewhere: set[str] = set()
        """Names of other machines, whose processes held what was asked for."""
        self._over = threading.Event()
        self._since = 0

    def begin(self) -> None:
        """Make the folder and the heartbeat, if that is not done; a `with` block does it too.

        Raises:
            CacheFull: the disk is full.
            CacheError: the folder cannot be written.
        """
        if self._since:
            return
        with writing(self._folder):
            for attempt in range(BEGINNINGS):
                try:
                    self._since = self._first_beat()
                    return
                except FileNotFoundError:  # the last one out removed the folder meanwhile
                    if attempt == BEGINNINGS - 1:
                        raise

    def _first_beat(self) -> int:
        """Make the heartbeat, whole or not at all: nobody could tell whose an empty one is.

        Its time, in nanoseconds.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        part = temporary(self._folder, self._owner.name)
        try:
            part.write_text(self._owner.to_json() + "\n")
            if self._beat.exists():  # ours, of a run that could not clean up: so are its lots
                os.utime(self._beat)
            else:
                os.replace(part, self._beat)
        finally:
            part.unlink(missing_ok=True)
        return self._beat.stat().st_mtime_ns

    def __enter__(self) -> Self:
        self.begin()
        threading.Thread(target=self._keep_beating, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):  # a share that is gone took the claims with it
            for lot in list(self._held):
                self.release(lot)
            self._beat.unlink(missing_ok=True)
            sweep(self._folder)

    @property
    def since(self) -> int:
        """When this process began, in nanoseconds by the clock of the folder's file system."""
        return self._since

    def take(self, lot: str) -> bool:
        """Claim a lot; whether it is ours now, until it is released.

        Raises:
            CacheFull: the disk is full.
            CacheUnavailable: the share is gone, or does not answer.
            EnvironmentProblem: the file system knows no hard links.
        """
        path = self._folder / f"{LOT}{lot}"
        if not self._link(path) and not (self._is_stale(path) and self._link(path)):
            return False
        self._held.add(lot)
        return True

    def release(self, lot: str) -> None:
        """Give a claimed lot back; nothing happens if somebody took it away meanwhile."""
        self._held.discard(lot)
        _remove(self._folder / f"{LOT}{lot}", self._owner, self._is_own)

    def beat(self) -> None:
        """Give a sign of life."""
        with contextlib.suppress(OSError):  # the next one may get through
            os.utime(self._beat)

    def _keep_beating(self) -> None:
        while not self._over.wait(self._lease / BEATS):
            self.beat()

    def _link(self, path: Path) -> bool:
        try:
            with writing(self._folder):
                os.link(self._beat, path)
        except (CacheFull, CacheUnavailable):
            raise
        except CacheError as err:
            why = err.__cause__
            if isinstance(why, FileExistsError):
                return self._is_own(path)  # the answer to an earlier request may have been lost
            raise EnvironmentProblem(
                f"{path}: a lot cannot be claimed ({os.strerror(getattr(why, 'errno', 0))}); the "
                "cache's file system must be writable and know hard links, or divide the work with "
                "--shard i/n"
            ) from err
        return True

    def _is_own(self, path: Path) -> bool:
        """By what it says: the heartbeat may be lost, and its inode another's."""
        try:
            return from_json(path.read_text(errors="replace")) == self._owner
        except OSError:
            return False

    def _is_stale(self, path: Path) -> bool:
        """Whether a foreign claim had no living owner, and is gone now."""
        try:
            status, text = path.stat(), path.read_text(errors="replace")
        except OSError:
            return True  # released since
        owner = from_json(text)
        mtime, since = self._seen.get(status.st_ino, (None, 0.0))
        if mtime != status.st_mtime_ns:
            since = self._clock()
            self._seen[status.st_ino] = (status.st_mtime_ns, since)
        silent = self._clock() - since
        if not (owner and owner.is_dead) and silent < self._lease:
            if owner and owner.boot != self._owner.boot:
                self.elsewhere.add(owner.host)
            return False
        judged = (status.st_ino, status.st_mtime_ns)
        return _remove(path, self._owner, lambda taken: _identity(taken) == judged)


class NoClaims:
    """Stands for claims where nobody else has the same lots, and nobody knows who else works."""

    shared = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.since = time.time_ns()
        self.elsewhere = set[str]()

    def begin(self) -> None:
        """Make the folder above, where what is done and what failed is written.

        Raises:
            CacheError: it cannot be made.
        """
        with writing(self._folder.parent):
            self._folder.parent.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def take(self, lot: str) -> bool:
        """Every lot is ours."""
        return True

    def release(self, lot: str) -> None:
        """Nobody waits for it."""


def rubbish(folder: Path) -> list[Path]:
    """What dead processes left where loops meet: claims, and lots that were done, with no reader.

    Args:
        folder: Of one kind of features, in which `claims` and `done` are.
    """
    claims = sorted(folder.glob("claims/*")) + sorted(folder.glob("claims/.*"))
    now = _now(folder / "claims") if claims else 0.0
    dead = [path for path in claims if _is_left(path, now)]
    return dead if len(dead) < len(claims) else [*dead, *sorted(folder.glob("done/*"))]


def _is_left(path: Path, now: float) -> bool:
    """Whether who made a file in a folder of claims is dead, or unheard of for a day until now.

    Seconds are those of the folder's file system: our own clock may be wrong.
    """
    if is_abandoned(path):
        return True
    try:
        owner = from_json(path.read_text(errors="replace"))
        old = now - path.stat().st_mtime > DAY
    except OSError:
        return False
    if owner is not None and owner.boot == boot():  # of this machine all is known
        return owner.is_dead
    return old


def _now(folder: Path) -> float:
    """Seconds since 1970 by the clock of a folder's file system; by our own where it is locked."""
    probe = temporary(folder, "now")
    try:
        probe.touch()
        return probe.stat().st_mtime
    except OSError:
        return time.time()
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)


def sweep(folder: Path) -> int:
    """Remove what dead processes of this machine left in a folder of claims; how many files.

    Of other machines' processes nothing is known here: what they left goes when nobody has touched
    it for a day.
    """
    removed = 0
    judged: dict[int, bool] = {}
    """By inode: who dies meanwhile loses its claims with its heartbeat, or neither."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    now, owner = _now(folder) if found else 0.0, this_process()
    for path in found:
        with contextlib.suppress(OSError):
            inode = path.stat().st_ino
            if inode not in judged:
                judged[inode] = _is_left(path, now)
            if judged[inode]:
                removed += _remove(path, owner, partial(_has_inode, inode))
    with contextlib.suppress(OSError):
        folder.rmdir()
    return removed


def _remove(path: Path, owner: Owner, is_meant: Callable[[Path], bool]) -> bool:
    """Take a claim out of its place, and drop it if it is the one that is meant.

    Another may have its own in that place by now, and gets it back.
    """
    taken = path.with_name(f".{path.name}.{owner.name}")
    try:
        os.rename(path, taken)
    except OSError:
        return False  # another was faster
    meant = is_meant(taken)
    if not meant:
        with contextlib.suppress(FileExistsError):
            os.link(taken, path)
    taken.unlink(missing_ok=True)
    return meant


def _has_inode(inode: int, path: Path) -> bool:
    return path.stat().st_ino == inode


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns
