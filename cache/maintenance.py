"""Look at a cache and keep it in order: list, describe, explain misses, verify, clean."""

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avel.cache.errors import CacheError, DamagedShard, reading
from avel.cache.fingerprint import fingerprint
from avel.cache.plain import exists, listing, read_text
from avel.cache.shard import MappedShard, open_shard
from avel.cache.store import ABOUT, SUFFIX, Store
from avel.cache.temporary import is_abandoned

STAGES = ("segments", "features", "scores")
STALE_SECONDS = 24 * 3600.0
"""A temporary file this old belongs to a writer that is dead, on whatever machine."""


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
    """All stores below a cache root, in stage order.

    Raises:
        CacheError: a store's recipe is damaged.
        CacheUnavailable: a folder or file cannot be read now.
    """
    for folder in _folders(root):
        if exists(folder / ABOUT):
            yield open_by_folder(root, folder)


def _folders(root: Path) -> list[Path]:
    paths = [root / stage / name for stage in STAGES for name in listing(root / stage) or ()]
    return [path for path in paths if listing(path) is not None]


def open_by_folder(root: Path, folder: Path) -> Store:
    """The store in a folder, by the recipe that it holds.

    Raises:
        CacheError: the recipe is damaged: it does not hash to the folder's name.
        CacheUnavailable: the recipe or a shard cannot be read now.
    """
    try:
        recipe = json.loads(read_text(folder / ABOUT) or "")
    except ValueError as err:
        raise CacheError(
            f"{folder}: {ABOUT} is damaged ({err}); run what made the store again, which writes it "
            "anew, or delete the folder"
        ) from err
    if fingerprint(recipe) != folder.name:
        raise CacheError(
            f"{folder}: {ABOUT} was changed; it hashes to {fingerprint(recipe)}. Run what made the "
            "store again, which writes it anew, or delete the folder"
        )
    return Store(root, folder.parent.name, recipe, make=False)


def summarize(store: Store) -> StoreSummary:
    """Numbers of one store: items, shards, bytes."""
    files = [store.folder / n for n in listing(store.folder) or () if n.endswith(SUFFIX)]
    return StoreSummary(
        store.stage,
        store.fingerprint,
        len(store),
        len(files),
        sum(_size(file) for file in files),
        store.recipe,
        tuple(store.damage),
    )


def find(root: Path, prefix: str) -> Store:
    """The one store whose fingerprint, 64 hex digits, starts with `prefix`.

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
    if exists(root / wanted["stage"] / mark):
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
    """Read every item of a store: how many are sound, and a sentence for each damage.

    Raises:
        CacheUnavailable: an item cannot be read now, so that nobody knows.
    """
    sound = sum(store.get(key) is not None for key in store.each())
    return sound, store.damage


def collect(root: Path, *, delete: bool, now: float | None = None) -> list[tuple[Path, int]]:
    """Files that nothing will ever read, with their bytes: dead temporaries, damaged shards.

    Items of damaged shards are computed again by the next run; nothing sound is removed, see
    `nameless`.

    Args:
        root: The cache.
        delete: Whether to delete them.
        now: Seconds since 1970 by which temporaries are old [the clock's].

    Raises:
        CacheUnavailable: a file cannot be read now, so that nobody knows; nothing is deleted.
    """
    now = time.time() if now is None else now
    garbage = [path for folder in _folders(root) for path in _garbage(folder, now)]
    sized = [(path, _size(path)) for path in garbage]
    for path, _ in sized if delete else []:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return sized


def nameless(root: Path) -> list[tuple[Path, int]]:
    """Folders that say no recipe and hold sound shards, and how many; `collect` leaves these.

    Whoever made them still can use them: opening the store writes its recipe anew.

    Raises:
        CacheUnavailable: a file cannot be read now.
    """
    lost = [folder for folder in _folders(root) if not exists(folder / ABOUT)]
    counted = [(folder, len(_shards(folder)) - len(_unsound(folder, None))) for folder in lost]
    return [(folder, count) for folder, count in counted if count]


def _garbage(folder: Path, now: float) -> list[Path]:
    parts = [folder / n for n in listing(folder) or () if n[:1] == "." and n.endswith(".part")]
    dead = [p for p in parts if is_abandoned(p) or now - _changed(p) > STALE_SECONDS]
    named = exists(folder / ABOUT)
    unsound = _unsound(folder, folder.name if named else None)
    used = named or len(unsound) < len(_shards(folder)) or len(dead) < len(parts)
    return [*dead, *unsound] if used else [folder]


def _shards(folder: Path) -> list[Path]:
    return [folder / name for name in listing(folder) or () if name.endswith(SUFFIX)]


def _unsound(folder: Path, mark: str | None) -> list[Path]:
    return [path for path in _shards(folder) if _damaged(path, mark)]


def remove(store: Store, *, delete: bool = True) -> int:
    """Delete one store, or only look; the bytes that this frees."""
    size = _size(store.folder)
    if delete:
        shutil.rmtree(store.folder)
    return size


def _damaged(path: Path, mark: str | None) -> bool:
    """Whether a shard is of no use; one that cannot be read now is no such thing, and raises."""
    try:
        MappedShard(open_shard(path, mark))
    except DamagedShard:
        return True
    except FileNotFoundError:  # somebody else was faster
        return False
    return False


def _changed(path: Path) -> float:
    """Seconds since 1970; now where it is gone, as it is young then."""
    try:
        with reading(path):
            return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _size(path: Path) -> int:
    try:
        with reading(path):
            files = path.rglob("*") if path.is_dir() else [path]
            return sum(file.stat().st_size for file in files if file.is_file())
    except FileNotFoundError:
        return 0
