"""Which cached feature set is a dataset's, and which of its rows have features."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.cache.fingerprint import ContentKeys
from avel.cache.maintenance import stores
from avel.cache.store import CacheError, Store
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.datasets.features import find_rows
from avel.pipeline.reasons import InputError

PROBED = 20
"""Rows of a dataset by which a feature set is known to be of it."""


def features_store(root: Path, prefix: str, data: AveFolder | None = None) -> Store:
    """The feature set whose fingerprint, 64 hex digits, begins so.

    With an empty prefix it is the only one that holds the data's videos, or the only one.

    Raises:
        CacheError: none, or more than one; lists what there is.
    """
    all_sets = [store for store in stores(root) if store.stage == "features"]
    found = [store for store in all_sets if store.fingerprint.startswith(prefix)]
    if not prefix and data is not None:
        contents = ContentKeys(root)
        found = [store for store in all_sets if _holds(store, data, contents)]
    if len(found) != 1:
        names = ", ".join(
            f"{s.fingerprint[:12]} ({s.recipe['config'].get('extractor', 'imported')})"
            for s in all_sets
        )
        whose = f"hold videos of {data.root}" if data else "are there"
        which = f"begin with '{prefix}'" if prefix else whose
        raise CacheError(
            f"{root}: {len(found)} feature sets {which}; name one with --store "
            f"(there are: {names or 'none'})"
        )
    return found[0]


def _holds(store: Store, data: AveFolder, contents: ContentKeys) -> bool:
    try:
        rows = range(min(PROBED, len(data.rows)))
        return bool(find_rows(data, store, contents, rows).keys)
    except InputError:  # imported for other rows
        return False


def row_keys(
    data: AveFolder, store: Store, contents: ContentKeys, *, missing_ok: bool
) -> tuple[list[str | None], list[str]]:
    """Item key, 64 hex digits, of each row, None without features; the ids of videos without.

    Raises:
        InputError: no row has features, or some have none and that is not fine.
    """
    rows = list(range(len(data.rows)))
    found = find_rows(data, store, contents, rows)
    if not found.keys:
        raise InputError(
            f"{data.root}: not one row has features in {store.fingerprint[:12]}; run "
            f"`avel extract {data.root}` first"
        )
    if found.missing and not missing_ok:
        names = ", ".join(list(found.missing)[:5])
        raise InputError(
            f"{data.root}: {len(found.missing)} videos have no features in "
            f"{store.fingerprint[:12]} (first: {names}); extract them, or give --allow-missing to "
            "write zeros for them"
        )
    return [found.keys.get(row) for row in rows], list(found.missing)


def item(store: Store, key: str) -> dict[str, NDArray[np.generic]]:
    """Arrays (rows, ...) of an item that is there.

    Raises:
        CacheError: it was damaged since.
    """
    arrays = store.get(key)
    if arrays is None:
        raise CacheError(
            f"{store.folder}: item {key[:12]} cannot be read; run `avel extract` again"
        )
    return arrays
