"""Features as Parquet: a row an item, each array a flat list of numbers beside its shape."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avel.pipeline.exchange.entries import MASKS, Entry
from avel.pipeline.reasons import EnvironmentProblem

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_BYTES = 32 << 20
"""Of arrays that are in memory at once, and a row group in the file."""


def require_parquet() -> None:
    """Refuse to write Parquet where nothing can.

    Raises:
        EnvironmentProblem: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401  # optional: the extra `parquet`
    except ImportError as err:
        raise EnvironmentProblem(
            f"--layout parquet needs pyarrow, which is not installed ({err}); "
            "pip install 'avel[parquet]'"
        ) from err


class ParquetForm:
    """One Parquet file.

    Columns `key`, `source`, `duration`, `flags`, masks, `info` (all of it as JSON), and for each
    array `<name>` (its numbers in order) and `<name>_shape`.

    Raises:
        EnvironmentProblem: pyarrow is not installed.
    """

    suffix = ".parquet"

    def __init__(self) -> None:
        require_parquet()

    def write(self, path: Path, entries: Iterable[Entry]) -> None:
        """Write a new file of items.

        Raises:
            OSError: the disk is full.
        """
        import pyarrow.parquet as pq

        writer = None
        try:
            for group in _groups(entries):
                table = _table(group)
                writer = writer or pq.ParquetWriter(path, table.schema, use_dictionary=["source"])
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()

    def keys(self, path: Path) -> Iterator[str]:
        """Keys of the items in a file.

        Raises:
            ValueError, OSError: it is no Parquet file.
        """
        import pyarrow.parquet as pq

        yield from pq.read_table(path, columns=["key"])["key"].to_pylist()


def _groups(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Items whose arrays are about `GROUP_BYTES` together, and alike in name and dtype."""
    group: list[Entry] = []
    size = 0
    for entry in entries:
        group.append(entry)
        size += sum(array.nbytes for array in entry.arrays.values())
        if size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _table(entries: Sequence[Entry]) -> "pa.Table":
    import pyarrow as pa

    infos = [entry.info for entry in entries]
    columns: dict[str, Any] = {
        "key": pa.array([entry.key for entry in entries], pa.string()),
        "source": pa.array([_text(info["source"]) for info in infos], pa.string()),
        "duration": pa.array([info.get("duration") for info in infos], pa.float64()),
        "flags": pa.array([list(info.get("flags", ())) for info in infos], pa.list_(pa.string())),
        "info": pa.array([json.dumps(dict(info)) for info in infos], pa.string()),
    }
    for name in MASKS:
        masks = [info.get(name) for info in infos]
        columns[name] = pa.array(masks, pa.list_(pa.bool_()))
    for name in entries[0].arrays:
        arrays = [entry.arrays[name] for entry in entries]
        ends = np.cumsum([0, *(array.size for array in arrays)])
        flat = pa.array(np.concatenate([array.reshape(-1) for array in arrays]))
        columns[name] = pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), flat)
        shapes = [list(array.shape) for array in arrays]
        columns[f"{name}_shape"] = pa.array(shapes, pa.list_(pa.int64()))
    return pa.table(columns)


def _text(name: str) -> str:
    """A file's name as text: what is no UTF-8 in it is escaped."""
    return name.encode("utf-8", "backslashreplace").decode()
