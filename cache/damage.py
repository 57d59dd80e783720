"""The list, on disk, of items that were found damaged, so that later runs compute them again."""

import contextlib
import json
from pathlib import Path

from avel.cache.plain import read_text

DAMAGED = "damaged.jsonl"


def read_damaged(folder: Path) -> set[tuple[str, bytes]]:
    """Shard names and keys (32 bytes) of damaged items; torn lines are skipped.

    Raises:
        CacheUnavailable: the list cannot be read now, so that nobody knows what is sound.
    """
    found = set()
    for line in (read_text(folder / DAMAGED) or "").split("\n"):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            entry = json.loads(line)
            found.add((str(entry["shard"]), bytes.fromhex(entry["key"])))
    return found


def remember_damaged(folder: Path, shard: str, key: bytes, why: str) -> None:
    """Append an item by its key, 32 bytes.

    Where the folder is read-only or full, the next run finds out again.
    """
    line = json.dumps({"shard": shard, "key": key.hex(), "why": why})
    with contextlib.suppress(OSError), (folder / DAMAGED).open("a") as file:
        file.write(line + "\n")
