"""Join caches: shards of one into another, whole, verified, and never over what is there.

A shard never changes once it has its name, and no two have the same, so a file of that name is that
shard: a join that was stopped goes on where it was.
"""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from avel.cache.errors import CacheError, DamagedShard, reading, writing
from avel.cache.fingerprint import SOURCES
from avel.cache.layout import Item
from avel.cache.maintenance import stores
from avel.cache.plain import exists, listing, read_text
from avel.cache.shard import MappedShard, Shard, open_shard
from avel.cache.store import SUFFIX, Store
from avel.cache.temporary import temporary
from avel.cache.whole import sync_folder
from avel.cache.writer import publish_shard


@dataclass
class Merged:
    """What became of one store's shards.

    Attributes:
        stage: Of the store.
        fingerprint: Its recipe's, 64 hex digits.
        shards: Taken now.
        items: In these.
        there: Shards whose items were all there before.
        damage: Sentences about what is damaged and was left behind.
    """

    stage: str
    fingerprint: str
    shards: int = 0
    items: int = 0
    there: int = 0
    damage: tuple[str, ...] = ()


def merge(source: Path, target: Path) -> Iterator[Merged]:
    """Take every store of one cache folder into another, as they are done.

    Shards are linked where both are on one file system and copied elsewhere; each is read whole
    and compared with its checksums before it gets its name. Damaged items are left behind.

    Args:
        source: Cache folder; nothing in it changes.
        target: Cache folder, made where there is none.

    Raises:
        CacheError: the source holds no cache or is the target, or the target cannot be written.
        CacheUnavailable: a file cannot be read now.
    """
    if source.resolve() == target.resolve():
        raise CacheError(
            f"{source}: is the cache to join into; name others, or another --cache-dir"
        )
    found = list(stores(source))
    if not found:
        raise CacheError(f"{source}: holds no features, segments or scores; name a cache folder")
    for store in found:
        yield _merge_store(store, Store(target, store.stage, store.recipe))
    _join_sources(source, target)


def _merge_store(source: Store, target: Store) -> Merged:
    done = Merged(source.stage, source.fingerprint)
    for name in listing(source.folder) or ():
        if not name.endswith(SUFFIX) or name.startswith("."):
            continue
        try:
            shard = open_shard(source.folder / name, source.fingerprint)
        except DamagedShard as err:
            done.damage += (str(err),)
            continue
        except FileNotFoundError:  # removed since the folder was listed
            continue
        if exists(target.folder / name) or all(raw.tobytes().hex() in target for raw in shard.keys):
            done.there += 1
            continue
        taken, damage = _take(shard, target)
        if taken is not None:
            target.adopt(taken, ())
            done.shards, done.items = done.shards + 1, done.items + len(taken.keys)
        done.damage += damage
    return done


def _take(shard: Shard, target: Store) -> tuple[Shard | None, tuple[str, ...]]:
    """A shard as it is in the target, None where nothing of it is sound, and what was damaged."""
    path = target.folder / shard.name
    part = temporary(target.folder, f"{path.stem}.{uuid.uuid4().hex[:12]}")
    try:
        with writing(target.folder):
            _link_or_copy(shard.path, part)
        copy = open_shard(part, target.fingerprint)
        mapped = MappedShard(copy)
        sound = [row for row in range(len(copy.keys)) if mapped.read(row, None) is not None]
        if len(sound) == len(copy.keys):
            with writing(target.folder):
                os.replace(part, path)
                sync_folder(target.folder)
            return Shard(path, copy.keys), ()
        return _sound_part(copy, mapped, sound, shard, target)
    except DamagedShard as err:
        return None, (str(err).replace(str(part), str(shard.path)),)
    finally:
        part.unlink(missing_ok=True)


def _sound_part(
    copy: Shard, mapped: MappedShard, sound: list[int], shard: Shard, target: Store
) -> tuple[Shard | None, tuple[str, ...]]:
    """The sound items of a shard as a shard of the same name."""
    lost = sorted({*range(len(copy.keys))} - {*sound})
    names = ", ".join(copy.keys[row].tobytes().hex()[:12] for row in lost)
    damage = (f"{shard.path}: the checksums of {len(lost)} items do not agree ({names})",)
    if not sound:
        return None, damage
    items = [Item(copy.keys[row].tobytes(), mapped.read(row, None) or {}) for row in sound]
    stem = Path(shard.name).stem
    return publish_shard(target.folder, stem, items, target.fingerprint), damage


def _link_or_copy(source: Path, part: Path) -> None:
    with contextlib.suppress(OSError):  # another file system, or one without links
        os.link(source, part)
        return
    with reading(source):
        file = source.open("rb")
    with file, part.open("xb") as copy:
        shutil.copyfileobj(file, copy, 1 << 20)
        copy.flush()
        os.fsync(copy.fileno())


def _join_sources(source: Path, target: Path) -> None:
    """What the source knows of files' contents, beside what the target knows."""
    known = set((read_text(target / SOURCES) or "").split("\n"))
    lines = (read_text(source / SOURCES) or "").split("\n")
    fresh = [line for line in dict.fromkeys(lines) if line and line not in known]
    if fresh:
        with writing(target), (target / SOURCES).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in fresh)
