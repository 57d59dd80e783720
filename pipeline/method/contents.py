"""Files to content keys, hashed a little ahead of whoever asks for them."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from itertools import islice
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
    asked: SimpleQueue[list[Path]] = SimpleQueue()
    found: SimpleQueue[Source | BaseException] = SimpleQueue()
    over, waiting = Event(), 0
    thread = Thread(target=_identify_all, args=(asked, found, keys, over), daemon=True)
    thread.start()
    try:
        rest = iter(paths)
        while True:
            if waiting <= AHEAD // 2:  # some at once: each word to the thread costs a change to it
                asked.put(some := list(islice(rest, AHEAD + 1 - waiting)))
                waiting += len(some)
            if not waiting:
                break
            yield _next(found)
            waiting -= 1
    finally:
        over.set()
        asked.put([])
        thread.join()


def _next(found: "SimpleQueue[Source | BaseException]") -> Source:
    source = found.get()
    if isinstance(source, BaseException):
        raise source
    return source


def _identify_all(
    asked: "SimpleQueue[list[Path]]",
    found: "SimpleQueue[Source | BaseException]",
    keys: ContentKeys,
    over: Event,
) -> None:
    while not over.is_set():
        for path in asked.get():
            if over.is_set():
                return
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
