"""Which two sets of features a user means to compare."""

from pathlib import Path

from avel.cache.errors import CacheError
from avel.cache.maintenance import find, stores
from avel.cache.store import Store


def find_pair(root: Path, a: str, b: str, prefix: str = "") -> tuple[Store, Store]:
    """Two stores of one cache, or the same of two caches.

    Args:
        root: Cache folder in which fingerprints are looked for.
        a: First letters of a fingerprint, or a cache folder.
        b: Another of the same kind.
        prefix: First letters of the fingerprint that is meant in two folders.

    Raises:
        CacheError: there is none, or more than one pair, or it is no pair.
    """
    folders = [Path(word).is_dir() for word in (a, b)]
    if all(folders):
        return _in_folders(Path(a), Path(b), prefix)
    if any(folders):
        raise CacheError(
            f"{a} and {b}: one is a folder and the other is none; give two cache folders, or two "
            "fingerprints of one cache"
        )
    if prefix:
        raise CacheError(f"--store {prefix}: goes with two cache folders, not with fingerprints")
    one, other = find(root, a), find(root, b)
    if one.stage != other.stage:
        raise CacheError(
            f"{a} are {one.stage} and {b} are {other.stage}; name two stores of one stage"
        )
    if one.fingerprint == other.fingerprint:
        raise CacheError(f"{a} and {b}: are one and the same store; name two")
    return one, other


def _in_folders(a: Path, b: Path, prefix: str) -> tuple[Store, Store]:
    if a.resolve() == b.resolve():
        raise CacheError(f"{a} and {b}: are one and the same folder; name two")
    theirs = {(store.stage, store.fingerprint): store for store in stores(b)}
    pairs = [
        (store, theirs[store.stage, store.fingerprint])
        for store in stores(a)
        if (store.stage, store.fingerprint) in theirs and store.fingerprint.startswith(prefix)
    ]
    if not prefix:  # what is compared, where there are the cells of it too
        pairs = [pair for pair in pairs if pair[0].stage == "features"] or pairs
    if len(pairs) != 1:
        names = ", ".join(f"{one.stage} {one.fingerprint[:12]}" for one, _ in pairs)
        which = f" that begin with '{prefix}'" if prefix else ""
        raise CacheError(
            f"{a} and {b}: have {len(pairs)} stores of the same fingerprint{which}"
            + (f" ({names}); name one with --store" if pairs else "; compare others")
        )
    return pairs[0]
