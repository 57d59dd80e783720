"""What failed, remembered beside the features, so that a night is not lost twice on one file.

One text file to which every process appends whole lines. A later line about the same content
stands for the earlier ones; a torn line is skipped.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from avel.pipeline.reasons import MediaError, Reason

QUARANTINED = frozenset({Reason.WORKER_CRASH, Reason.TIMEOUT, Reason.OOM})
"""What a file did that costs others time or memory: it is not tried again unless asked for."""
NAME = "failures.jsonl"


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
        folder: Where the file is, or will be with the first failure.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._known = {failure.mark: failure for failure in self._read()}

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
        said = [os.fspath(failure.path), failure.key, failure.reason, failure.message, time.time()]
        self._append(said)

    def forget(self, path: Path, key: str) -> None:
        """A file succeeded: what is remembered of it, or of its name, is so no more."""
        for mark in (key, os.fspath(path)):
            if self._known.pop(mark, None):
                self._append([os.fspath(path), mark, "", "", time.time()])

    def _append(self, said: list[object]) -> None:
        with contextlib.suppress(OSError):  # only a memory
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="ascii") as file:
                file.write(json.dumps(said) + "\n")

    def _read(self) -> Iterator[Failure]:
        try:
            lines = self._file.read_text("ascii", "replace").split("\n")
        except OSError:
            return
        found: dict[str, Failure] = {}
        for line in lines:
            with contextlib.suppress(ValueError, TypeError):
                path, key, reason, message, _ = json.loads(line)
                if not reason:
                    found.pop(key, None)
                    continue
                failure = Failure(Path(path), str(key), Reason(reason), str(message))
                found[failure.mark] = failure
        yield from found.values()
