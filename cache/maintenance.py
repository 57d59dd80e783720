"""Look at a cache and keep it in order: list, describe, explain misses, verify, clean."""

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avel.cache.fingerprint import fingerprint
from avel.cache.shard import DamagedShard, Shard
from avel.cache.store import CacheError, Store

STAGES = ("segments", "features", "scores")
STALE_SECONDS = 24 * 3600.0
"""A temporary file this old belongs to a writer that is dead."""


@dataclass(frozen=True)
class StoreSummary:
    """One store as `ls` shows it."""

    stage: str
    fingerprint: str
    items: int
    shards: int
    num_bytes: int
    recipe: Mapping[str, Any]
    damage: tuple[str, ...] = ()


def stores(root: Path) -> Iterator[Store]:
    """All stores below a cache root, in stage order."""
    for stage in STAGES:
        for folder in sorted((root / stage).glob("*")):
            if (folder / "stage.json").is_file():
                yield open_by_folder(root, folder)


def open_by_folder(root: Path, folder: Path) -> Store:
    """The store in a folder, by the recipe that it holds.

    Raises:
        CacheError: the recipe is damaged: it does not hash to the folder's name.
    """
    try:
        recipe = json.loads((folder / "stage.json").read_text())
    except (OSError, ValueError) as err:
        raise CacheError(
            f"{folder}: stage.json cannot be read ({err}); `avel cache gc` removes the store"
        ) from err
    if fingerprint(recipe) != folder.name:
        raise CacheError(f"{folder}: stage.json was changed; it hashes to {fingerprint(recipe)}")
    return Store(root, folder.parent.name, recipe, make=False)


def summarize(store: Store) -> StoreSummary:
    """Numbers of one store."""
    files = list(store.folder.glob("*.h5"))
    return StoreSummary(
        store.stage,
        store.fingerprint,
        len(store),
        len(files),
        sum(file.stat().st_size for file in files),
        store.recipe,
        tuple(store.damage),
    )


def find(root: Path, prefix: str) -> Store:
    """The one store whose fingerprint starts with `prefix`.

    Raises:
        CacheError: none or several do.
    """
    found = [store for store in stores(root) if store.fingerprint.startswith(prefix)]
    if len(found) != 1:
        names = ", ".join(store.fingerprint[:12] for store in found or stores(root))
        raise CacheError(
            f"{root}: {len(found)} stores match '{prefix}' (there are: {names or 'none'})"
        )
    return found[0]


def explain(root: Path, wanted: Mapping[str, Any]) -> list[str]:
    """Why a run with a recipe would miss: what differs from the nearest store of its stage."""
    mark = fingerprint(wanted)
    if (root / wanted["stage"] / mark).exists():
        return [
            f"{wanted['stage']} {mark[:12]}: exists; items are missing only if they were never made"
        ]
    others = [store for store in stores(root) if store.stage == wanted["stage"]]
    if not others:
        return [f"{wanted['stage']} {mark[:12]}: no store of this stage in {root}"]
    nearest = min(others, key=lambda store: len(_different(store.recipe, wanted)))
    lines = [
        f"{wanted['stage']} {mark[:12]}: not made yet; nearest is {nearest.fingerprint[:12]}, with"
    ]
    return lines + [
        f"  {name}: {have!r}, wanted {want!r}"
        for name, have, want in _different(nearest.recipe, wanted)
    ]


def _different(
    a: Mapping[str, Any], b: Mapping[str, Any], prefix: str = ""
) -> list[tuple[str, Any, Any]]:
    rows = []
    for key in sorted({*a, *b}):
        left, right = a.get(key), b.get(key)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            rows += _different(left, right, f"{prefix}{key}.")
        elif left != right:
            rows.append((f"{prefix}{key}", left, right))
    return rows


def verify(store: Store) -> tuple[int, list[str]]:
    """Read every item of a store: how many are sound, and a sentence for each damage."""
    sound = sum(store.get(key) is not None for key in store.keys())
    return sound, store.damage


def collect(root: Path, *, delete: bool, now: float | None = None) -> list[tuple[Path, int]]:
    """Files that nothing will ever read, with their sizes: dead temporaries, damaged shards.

    Items of damaged shards are computed again by the next run; nothing sound is removed.
    """
    now = time.time() if now is None else now
    garbage = []
    for folder in (f for stage in STAGES for f in (root / stage).glob("*") if f.is_dir()):
        temporaries = folder.glob(".*.part")
        garbage += [p for p in temporaries if now - p.stat().st_mtime > STALE_SECONDS]
        if not (folder / "stage.json").is_file():
            garbage.append(folder)
            continue
        garbage += [path for path in folder.glob("*.h5") if _unreadable(path, folder.name)]
    sized = [(path, _size(path)) for path in garbage]
    for path, _ in sized if delete else []:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return sized


def remove(store: Store) -> int:
    """Delete one store; bytes freed."""
    size = _size(store.folder)
    shutil.rmtree(store.folder)
    return size


def _unreadable(path: Path, mark: str) -> bool:
    try:
        shard = Shard(path, mark)
        shard.read(0, []) if len(shard.keys) else None
    except DamagedShard:
        return True
    return False


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
