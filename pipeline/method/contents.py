"""Files to content keys, hashed a little ahead of whoever asks for them."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread

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
    asked: SimpleQueue[Path | None] = SimpleQueue()
    found: SimpleQueue[Source | BaseException] = SimpleQueue()
    over, waiting = Event(), 0
    thread = Thread(target=_identify_all, args=(asked, found, keys, over), daemon=True)
    thread.start()
    try:
        for path in paths:
            asked.put(path)
            waiting += 1
            if waiting > AHEAD:
                yield _next(found)
                waiting -= 1
        for _ in range(waiting):
            yield _next(found)
    finally:
        over.set()
        asked.put(None)
        thread.join()


def _next(found: "SimpleQueue[Source | BaseException]") -> Source:
    source = found.get()
    if isinstance(source, BaseException):
        raise source
    return source


def _identify_all(
    asked: "SimpleQueue[Path | None]",
    found: "SimpleQueue[Source | BaseException]",
    keys: ContentKeys,
    over: Event,
) -> None:
    while (path := asked.get()) is not None and not over.is_set():
        try:
            found.put(identify(path, keys))
        except BaseException as err:  # for the thread that asked
            found.put(err)


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
