"""What identifies numbers: recipes by canonical JSON, files by content."""

import contextlib
import hashlib
import json
import os
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avel.cache.sources import Known, Sources, line_of

KEY_BYTES = 32
SOURCES = "sources.jsonl"
"""Of a cache folder: which file had which content when."""
WITHOUT_WAITING = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)
"""To open a file: should a pipe have taken its name, it is empty instead of waited for."""
CHUNK = 1 << 18
"""Bytes that are hashed at a time."""
MOST_FRESH = 16_384
"""Files of which a process knows by itself what it hashed."""
MOST_FOLDERS = 4_096
"""Whose real names are held."""

Recipe = Mapping[str, Any]
"""Everything that decides a stage's numbers: stage, version, config, upstream, weights."""


def canonical(recipe: Any) -> str:
    """One text for equal values: sorted keys, no spaces, floats by shortest repr."""
    return json.dumps(recipe, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(recipe: Recipe) -> str:
    """Sha256 of a recipe's canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical(recipe).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Sha256 of a file's content, 64 hex digits.

    Raises:
        OSError: the file may not be read, by the system's own errno.
    """
    digest = hashlib.sha256()
    handle = os.open(os.fspath(path), WITHOUT_WAITING)
    try:
        while chunk := os.read(handle, CHUNK):
            digest.update(chunk)
    finally:
        os.close(handle)
    return digest.hexdigest()


def raw_key(key: str) -> bytes:
    """The 32 bytes of an item's key.

    Raises:
        ValueError: it is no sha256 in hex.
    """
    with contextlib.suppress(ValueError):
        if len(raw := bytes.fromhex(key)) == KEY_BYTES:
            return raw
    raise ValueError(f"key '{key}' must be a sha256: 64 hexadecimal digits")


class ContentKeys:
    """Content hashes of source files, remembered by path, size and modification time.

    Threads may share it. The memory is one text file to which every process appends whole lines; a
    torn or foreign line is skipped, and the file can be deleted at any time.
    """

    def __init__(self, root: Path) -> None:
        self._file = root / SOURCES
        self._sources: Sources | None = None
        self._fresh: dict[str, Known] = {}
        """The latest that were hashed here; others are in the file."""
        self._folders = Folders()
        self._lock = threading.Lock()

    def key(self, path: Path) -> str:
        """Sha256, 64 hex digits, of the content: a renamed file keeps it, an edited one does not.

        Raises:
            OSError: the file may not be read, by the system's own errno.
        """
        status, name = self._folders.look(path)
        if known := self._remembered(name, status):
            return known
        known = file_sha256(path)  # without the lock: threads hash beside one another
        self._remember(name, Known(status.st_size, status.st_mtime_ns, known))
        return known

    def names(self) -> dict[str, str]:
        """A file that has each known content, the latest, by its key of 64 hex digits."""
        with self._lock:
            last = {name: known.key for name, known in self._load().all()}
            last |= {name: known.key for name, known in self._fresh.items()}
        return {key: name for name, key in last.items()}

    def remembered(self, path: Path) -> str | None:
        """Sha256, 64 hex digits, of a content that was hashed before; None where it was not.

        Raises:
            OSError: the file is not there or may not be looked at.
        """
        status, name = self._folders.look(path)
        return self._remembered(name, status)

    def _remembered(self, name: str, status: os.stat_result) -> str | None:
        with self._lock:
            known = self._fresh.get(name) or self._load().of(name)
        same = known and known[:2] == (status.st_size, status.st_mtime_ns)
        return known.key if known and same else None

    def _load(self) -> Sources:
        if self._sources is None:
            self._sources = Sources(self._file)
        return self._sources

    def _remember(self, name: str, known: Known) -> None:
        with self._lock:
            self._append(line_of(name, known))
            self._fresh[name] = known
            if len(self._fresh) > MOST_FRESH:  # from here on they are looked up in the file, too
                self._load().grow()
                self._fresh.clear()

    def _append(self, line: bytes) -> None:
        with contextlib.suppress(OSError):  # only a memory: a full cache still hashes rightly
            try:
                _write(self._file, line)
            except FileNotFoundError:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                _write(self._file, line)


def _write(path: Path, line: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


class Folders:
    """Real names of files whose folders are often the same: a folder's is worked out once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, int], str]] = {}

    def look(self, path: Path) -> tuple[os.stat_result, str]:
        """What the system knows of a file, its bytes among it, and its name without links.

        Raises:
            OSError: the file is not there or may not be looked at.
        """
        whole = os.fspath(path)
        status = os.lstat(whole)
        if stat.S_ISLNK(status.st_mode):
            return os.stat(whole), os.path.realpath(whole)
        folder, name = os.path.split(whole)
        if name in ("", os.curdir, os.pardir):
            return status, os.path.realpath(whole)
        return status, os.path.join(self._real(folder or os.curdir), name)

    def _real(self, folder: str) -> str:
        status = os.stat(folder)
        is_it = status.st_dev, status.st_ino
        known = self._known.get(folder)
        if known is None or known[0] != is_it:  # a link leads elsewhere now
            if len(self._known) >= MOST_FOLDERS:
                self._known.clear()
            known = self._known[folder] = is_it, os.path.realpath(folder)
        return known[1]
