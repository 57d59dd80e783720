"""Files to content keys, hashed a little ahead of whoever asks for them."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from avel.cache.fingerprint import ContentKeys
from avel.pipeline.media.regular import check_regular
from avel.pipeline.reasons import MediaError, Reason, unreadable

AHEAD = 8
"""Files that may be hashed before they are asked for."""
SMALL = 64 << 10
"""Bytes that are hashed in less time than it takes to ask a thread for it."""


@dataclass(frozen=True)
class Source:
    """A file with its content's key, or with the reason why it has none."""

    path: Path
    key: str = ""
    error: MediaError | None = None


def sources(paths: Iterable[Path], keys: ContentKeys) -> Generator[Source, None, None]:
    """Each file with its key of 64 hex digits, in order; a thread hashes while the caller works.

    What is small, or was hashed before, is not worth a thread.
    """
    waiting: deque[Source | Future[Source]] = deque()
    pool = ThreadPoolExecutor(1)
    try:
        for path in paths:
            waiting.append(_at_once(path, keys) or pool.submit(_source, path, keys.key))
            if len(waiting) > AHEAD:
                yield _found(waiting.popleft())
        while waiting:
            yield _found(waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _found(source: "Source | Future[Source]") -> Source:
    return source if isinstance(source, Source) else source.result()


def identify(path: Path, keys: ContentKeys) -> Source:
    """A file's content key of 64 hex digits, or why it cannot be read."""
    return _at_once(path, keys) or _source(path, keys.key)


def _at_once(path: Path, keys: ContentKeys) -> Source | None:
    """The key of what need not be read, or not for long, or why it has none; None for others."""
    try:
        size = check_regular(path).st_size
    except MediaError as err:
        return Source(path, error=err)
    if size == 0:
        why = MediaError(Reason.EMPTY, f"{path}: the file has 0 bytes; copy it again")
        return Source(path, error=why)
    source = _source(path, keys.key if size <= SMALL else keys.remembered)
    return source if source.key or source.error else None


def _source(path: Path, key: Callable[[Path], str | None]) -> Source:
    try:
        return Source(path, key(path) or "")
    except OSError as err:
        return Source(path, error=unreadable(path, err))
