"""What there is of many files before any is read: their bytes, and what the cache has of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from avel.cache.fingerprint import ContentKeys
from avel.pipeline.media.regular import check_regular
from avel.pipeline.method.plan import Plan
from avel.pipeline.method.stores import open_store, segments_recipe
from avel.pipeline.reasons import MediaError
from avel.pipeline.work.failures import failures_of


@dataclass
class Seen:
    """What there is of the files that were looked at.

    Attributes:
        num_bytes: Of all files.
        cached: Files that have features.
        left_out: Files that harmed their decoder before and are not tried again.
        unreadable: A sentence for each file that cannot be looked at.
        todo: Bytes and names of the files that must be worked on.
        unread: Of their bytes, those of files whose content is not known.
        undecoded: Of their bytes, those of files whose cells are not cached.
    """

    num_bytes: int = 0
    cached: int = 0
    left_out: int = 0
    unreadable: list[str] = field(default_factory=list)
    todo: list[tuple[int, Path]] = field(default_factory=list)
    unread: int = 0
    undecoded: int = 0

    @property
    def todo_bytes(self) -> int:
        """Of all files that must be worked on."""
        return sum(size for size, _ in self.todo)


def look(paths: Sequence[Path], plan: Plan, root: Path) -> Seen:
    """Look at each file; no content is read.

    A file is taken for cached where the cache knows its content by its name, size and time of
    change; a copy under another name is found out only when it is hashed.

    Args:
        paths: The files.
        plan: What is to be made of them.
        root: The cache.

    Raises:
        CacheError: the cache cannot be read.
    """
    keys, seen = ContentKeys(root), Seen()
    features = open_store(root, plan.features, make=False)
    segments = open_store(root, segments_recipe(plan.segment), make=False)
    failures = failures_of(root, features.fingerprint)
    for path in paths:
        try:
            size, key = check_regular(path).st_size, keys.remembered(path)
        except (MediaError, OSError) as err:
            seen.unreadable.append(str(err))
            continue
        seen.num_bytes += size
        if key is not None and key in features:
            seen.cached += 1
        elif key is not None and failures.of(key):
            seen.left_out += 1
        else:
            seen.todo.append((size, path))
            seen.unread += size if key is None else 0
            seen.undecoded += size if key is None or key not in segments else 0
    return seen
