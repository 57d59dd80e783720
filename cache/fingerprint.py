"""What identifies numbers: recipes by canonical JSON, files by content."""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEY_BYTES = 32
SOURCES = "sources.jsonl"
"""Of a cache folder: which file had which content when."""

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
    with open(path, "rb", opener=_without_waiting) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _without_waiting(name: str, flags: int) -> int:
    """Open a file; should a pipe have taken its name, it is empty instead of waited for."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


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
        self._known: dict[str, tuple[int, int, str]] | None = None
        self._lock = threading.Lock()

    def key(self, path: Path) -> str:
        """Sha256, 64 hex digits, of the content: a renamed file keeps it, an edited one does not.

        Raises:
            OSError: the file may not be read, by the system's own errno.
        """
        if known := self.remembered(path):
            return known
        status, name = path.stat(), os.fspath(path.resolve())
        key = file_sha256(path)  # without the lock: threads hash beside one another
        with self._lock:
            self._load()[name] = (status.st_size, status.st_mtime_ns, key)
            self._append(json.dumps([name, status.st_size, status.st_mtime_ns, key]) + "\n")
        return key

    def names(self) -> dict[str, str]:
        """A file that has each known content, the latest, by its key of 64 hex digits."""
        with self._lock:
            return {key: name for name, (_, _, key) in self._load().items()}

    def remembered(self, path: Path) -> str | None:
        """Sha256, 64 hex digits, of a content that was hashed before; None where it was not.

        Raises:
            OSError: the file is not there or may not be looked at.
        """
        status = path.stat()
        with self._lock:
            known = self._load().get(os.fspath(path.resolve()))
        same = known and known[:2] == (status.st_size, status.st_mtime_ns)
        return known[2] if known and same else None

    def _load(self) -> dict[str, tuple[int, int, str]]:
        if self._known is None:
            self._known = {}
            for line in self._lines():
                try:
                    name, size, mtime, key = json.loads(line)
                    self._known[str(name)] = (int(size), int(mtime), str(key))
                except (ValueError, TypeError):
                    continue
        return self._known

    def _lines(self) -> list[str]:
        try:  # by "\n" alone: file names may hold what else Unicode takes for the end of a line
            return self._file.read_bytes().decode("utf-8", "replace").split("\n")
        except OSError:
            return []  # only a memory: without it, files are hashed again

    def _append(self, line: str) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError:
            return  # only a memory: a read-only or full cache still hashes rightly
