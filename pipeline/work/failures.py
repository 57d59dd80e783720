"""What failed, remembered beside the features, so that a night is not lost twice on one file.

One text file to which every process appends whole lines. A later line about the same content
stands for the earlier ones; a line without a reason says that it is no failure any more. A torn
line is skipped.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avel.pipeline.reasons import MediaError, Reason

QUARANTINED = frozenset({Reason.WORKER_CRASH, Reason.TIMEOUT, Reason.OOM})
"""What a file did that costs others time or memory: it is not tried again unless asked for."""
NAME = "failures.jsonl"
Line = list[Any]
"""Path, key, reason (empty where it is no failure any more), message, seconds since 1970."""


@dataclass(frozen=True)
class Failure:
    """One file that failed.

    Attributes:
        path: As it was named.
        key: Of its content; empty where it could not be read.
        reason: Why.
        message: For people.
    """

    path: Path
    key: str
    reason: Reason
    message: str

    @property
    def error(self) -> MediaError:
        """To raise or report once more."""
        return MediaError(self.reason, self.message)

    @property
    def mark(self) -> str:
        """What it is told by: its content, or its name where nothing is known of that."""
        return self.key or os.fspath(self.path)


class Failures:
    """Failures of one kind of features.

    Args:
        folder: Where the file is, or will be with the first failure; it is not made anew, for it
            may be gone with its share.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._learn()

    def _learn(self) -> None:
        self._known = {failure.mark: failure for failure in self._read()}
        self._named = {failure.path: failure.mark for failure in self._known.values()}

    def __iter__(self) -> Iterator[Failure]:
        return iter(list(self._known.values()))

    def of(self, key: str, reasons: frozenset[Reason] = QUARANTINED) -> Failure | None:
        """The failure of a content, if it was for one of these reasons."""
        found = self._known.get(key)
        return found if found and found.reason in reasons else None

    def add(self, failure: Failure) -> None:
        """Remember one; on a full or read-only disk it is not remembered."""
        if self._known.get(failure.mark) == failure:
            return
        self._known[failure.mark] = failure
        self._named[failure.path] = failure.mark
        said = [os.fspath(failure.path), failure.key, failure.reason, failure.message, time.time()]
        self._append(said)

    def forget(self, path: Path, key: str) -> None:
        """A file succeeded: what is remembered of it, or of what had its name, is so no more."""
        for mark in (key, self._named.pop(path, "")):
            if self._known.pop(mark, None):
                self._append([os.fspath(path), mark, "", "", time.time()])

    def take(self, other: "Failures", made: Callable[[str], bool]) -> int:
        """Remember what another memory holds, of each file what was said last; how many failures.

        Args:
            other: Of the same features, in another cache.
            made: Whether a content, by its key of 64 hex digits, has features here: it is no
                failure then, whoever says so.
        """
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
        ours, taken = _last(self._lines()), 0
        for mark, said in _last(other._lines()).items():
            if mark not in ours or _at(said) > _at(ours[mark]):
                ours[mark] = said
                if said[2] and not made(mark):
                    taken += 1
                    self._append(said)
                elif mark in self._known:
                    self._append([said[0], mark, "", "", _at(said)])
        for mark in [mark for mark in self._known if made(mark)]:
            self._append([os.fspath(self._known[mark].path), mark, "", "", time.time()])
        self._learn()
        return taken

    def _append(self, said: Line) -> None:
        line = json.dumps(said) + "\n"
        with contextlib.suppress(OSError), self._file.open("a", encoding="ascii") as file:
            file.write(line)  # only a memory

    def _lines(self) -> Iterator[Line]:
        """Every whole line: path, key, reason, message, seconds since 1970."""
        try:
            lines = self._file.read_text("ascii", "replace").split("\n")
        except OSError:
            return
        for line in lines:
            with contextlib.suppress(ValueError, TypeError):
                path, key, reason, message, at = json.loads(line)
                if reason:
                    Reason(reason)
                yield [str(path), str(key), str(reason), str(message), float(at)]

    def _read(self) -> Iterator[Failure]:
        for path, key, reason, message, _ in _last(self._lines()).values():
            if reason:
                yield Failure(Path(path), key, Reason(reason), message)


def failures_of(root: Path, fingerprint: str) -> Failures:
    """What failed of the features of a fingerprint, 64 hex digits, in a cache folder."""
    return Failures(folder_of(root, fingerprint))


def folder_of(root: Path, fingerprint: str) -> Path:
    """Where those who make the features of a fingerprint, 64 hex digits, meet in a cache folder."""
    return root / "work" / fingerprint[:16]


def _last(lines: Iterable[Line]) -> dict[str, Line]:
    """What was said last of each content, or of a name where nothing is known of that."""
    found: dict[str, Line] = {}
    for said in lines:
        mark = said[1] or said[0]
        found.pop(mark, None)  # its place is that of the last line
        found[mark] = said
    return found


def _at(said: Line) -> float:
    """When a line was written, in seconds since 1970."""
    return float(said[4])
