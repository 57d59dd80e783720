"""Shards as the first avel wrote them: HDF5 from the first byte, no header. Kept to read caches on."""

import json
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from avel.cache.arrays import checksum
from avel.cache.layout import Item


def write_old_shard(path: Path, items: Sequence[Item], fingerprint: str, schema: int = 1) -> None:
    names = sorted(items[0].arrays)
    columns = {name: [np.ascontiguousarray(item.arrays[name]) for item in items] for name in names}
    rows = np.zeros((len(items), len(names), 2), np.int64)
    checksums = np.zeros((len(items), len(names)), np.uint64)
    for a, name in enumerate(names):
        counts = np.array([len(array) for array in columns[name]])
        rows[:, a, 1] = counts
        rows[:, a, 0] = np.cumsum(counts) - counts
        checksums[:, a] = [checksum(array) for array in columns[name]]
    keys = np.frombuffer(b"".join(item.key for item in items), np.uint8).reshape(-1, 32)
    with h5py.File(path, "w-", libver="latest") as file:
        file.attrs.update(schema=schema, fingerprint=fingerprint, names=json.dumps(names))
        for name, table in (("keys", keys), ("rows", rows), ("checksums", checksums)):
            file.create_dataset(name, data=table)
            file.attrs[f"{name}_checksum"] = np.uint64(checksum(table))
        room = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        room.set_layout(h5py.h5d.CONTIGUOUS)
        room.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        room.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        group = file.create_group("arrays")
        offsets = {}
        for name, found in columns.items():
            shape = (sum(len(array) for array in found), *found[0].shape[1:])
            kind = h5py.h5t.py_create(found[0].dtype, logical=True)
            space = h5py.h5s.create_simple(shape)
            dataset = h5py.h5d.create(group.id, name.encode(), kind, space, dcpl=room)
            if all(shape):
                offsets[name] = dataset.get_offset()
    with path.open("r+b") as out:
        for name, offset in offsets.items():
            out.seek(offset)
            for array in columns[name]:
                out.write(array.tobytes())
