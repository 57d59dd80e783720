"""Files to content keys, hashed a little ahead of whoever asks for them."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from avel.cache.fingerprint import ContentKeys
from avel.pipeline.media.regular import check_regular
from avel.pipeline.reasons import MediaError, Reason, unreadable

AHEAD = 8
"""Files that may be hashed before they are asked for."""


@dataclass(frozen=True)
class Source:
    """A file with its content's key, or with the reason why it has none."""

    path: Path
    key: str = ""
    error: MediaError | None = None


def sources(paths: Iterable[Path], keys: ContentKeys) -> Generator[Source, None, None]:
    """Each file with its key of 64 hex digits, in order; a thread hashes while the caller works."""
    waiting: deque[Future[Source]] = deque()
    with ThreadPoolExecutor(1) as thread:
        try:
            for path in paths:
                waiting.append(thread.submit(identify, path, keys))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            thread.shutdown(cancel_futures=True)


def identify(path: Path, keys: ContentKeys) -> Source:
    """A file's content key of 64 hex digits, or why it cannot be read."""
    try:
        if check_regular(path).st_size == 0:
            raise MediaError(Reason.EMPTY, f"{path}: the file has 0 bytes; copy it again")
        return Source(path, keys.key(path))
    except MediaError as err:
        return Source(path, error=err)
    except OSError as err:
        return Source(path, error=unreadable(path, err))
