"""Small TensorFlow Lite files, written by the layout of FlatBuffers."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Quantised = tuple[NDArray[np.int8], Sequence[float], Sequence[int]]
"""Values, scales, zero points."""


class Buffer:
    """Bytes that grow at the end; what they point to is written after them."""

    def __init__(self) -> None:
        self.bytes = bytearray()

    def add(self, data: bytes, align: int = 4) -> int:
        self.bytes += bytes(-len(self.bytes) % align)
        self.bytes += data
        return len(self.bytes) - len(data)

    def point(self, at: int, target: int) -> None:
        struct.pack_into("<I", self.bytes, at, target - at)

    def vector(self, data: bytes, count: int) -> int:
        at = self.add(struct.pack("<I", count), 8)
        self.add(data, 1)
        return at

    def pointers(self, count: int) -> int:
        """A vector of so many tables that follow; where it is."""
        return self.vector(bytes(4 * count), count)

    def table(self, fields: Mapping[int, int]) -> tuple[int, dict[int, int]]:
        """A table of 4-byte fields by number; where it is and where each field is."""
        most = max(fields, default=-1) + 1
        offsets = [4 + 4 * sorted(fields).index(i) if i in fields else 0 for i in range(most)]
        entries = struct.pack(f"<{most + 2}H", 4 + 2 * most, 4 + 4 * len(fields), *offsets)
        first = self.add(entries)
        values = [fields[i] for i in sorted(fields)]
        at = self.add(struct.pack("<i", 0))
        struct.pack_into("<i", self.bytes, at, at - first)
        self.add(struct.pack(f"<{len(values)}I", *values), 1)
        return at, {i: at + offsets[i] for i in fields}


def write_tflite(path: Path, tensors: Mapping[str, NDArray[np.generic] | Quantised]) -> Path:
    """One graph with these constants, and one tensor without data as all graphs have."""
    out = Buffer()
    root = out.add(struct.pack("<I4s", 0, b"TFL3"))
    model, at = out.table({0: 3, 2: 0, 4: 0})
    out.point(root, model)
    graphs = out.pointers(1)
    out.point(at[2], graphs)
    graph, inside = out.table({0: 0})
    out.point(graphs + 4, graph)
    described = out.pointers(len(tensors) + 1)
    out.point(inside[0], described)
    buffers = out.pointers(len(tensors) + 1)
    out.point(at[4], buffers)
    empty, _ = out.table({})
    out.point(buffers + 4, empty)
    _tensor(out, described + 4, "activation", np.zeros((1, 2), "<f4"), 0)
    for i, (name, value) in enumerate(tensors.items(), 1):
        _tensor(out, described + 4 + 4 * i, name, value, i)
        values = value[0] if isinstance(value, tuple) else value
        held, fields = out.table({0: 0})
        out.point(buffers + 4 + 4 * i, held)
        out.point(fields[0], out.vector(values.tobytes(), values.nbytes))
    path.write_bytes(bytes(out.bytes))
    return path


def _tensor(
    out: Buffer, pointer: int, name: str, value: NDArray[np.generic] | Quantised, buffer: int
) -> None:
    values = value[0] if isinstance(value, tuple) else value
    kind = {"f": 0, "i": 9 if values.itemsize == 1 else 2}[values.dtype.kind]
    fields = {0: 0, 1: kind, 2: buffer, 3: 0} | ({4: 0} if isinstance(value, tuple) else {})
    table, at = out.table(fields)
    out.point(pointer, table)
    shape = np.array(values.shape, "<i4")
    out.point(at[0], out.vector(shape.tobytes(), len(shape)))
    out.point(at[3], out.vector(name.encode(), len(name.encode())))
    if isinstance(value, tuple):
        quantised, parts = out.table({2: 0, 3: 0})
        out.point(at[4], quantised)
        out.point(parts[2], out.vector(np.array(value[1], "<f4").tobytes(), len(value[1])))
        out.point(parts[3], out.vector(np.array(value[2], "<i8").tobytes(), len(value[2])))
