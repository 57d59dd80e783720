"""Constant tensors of a TensorFlow Lite file; its graph is not read, and nothing is run.

Such a file is a FlatBuffer: tables whose first number leads to a list of where their fields are.
Source: TensorFlow Lite's schema, version 3 (`lite/schema/schema.fbs`), of which this reads Model
(subgraphs 2, buffers 4), SubGraph (tensors 0), Tensor (shape 0, type 1, buffer 2, name 3,
quantization 4), QuantizationParameters (scale 2, zero_point 3) and Buffer (data 0).
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avel.extractors.weights.files import WeightsError

MAGIC = b"TFL3"
MODEL_SUBGRAPHS, MODEL_BUFFERS, SUBGRAPH_TENSORS, BUFFER_DATA = 2, 4, 0, 0
SHAPE, TYPE, BUFFER, NAME, QUANTIZATION, SCALE, ZERO_POINT = 0, 1, 2, 3, 4, 2, 3
TYPES: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 9: np.dtype("i1")}
"""Of the tensors that are weights; others are sizes and indices of the graph."""


def is_tflite(path: Path) -> bool:
    """Whether a file says that it is one of TensorFlow Lite's."""
    with path.open("rb") as file:
        return file.read(8)[4:] == MAGIC


def read_tflite(path: Path) -> dict[str, Tensor]:
    """Float tensors by name, in the file's own shapes; 8-bit ones times their scale.

    Raises:
        WeightsError: it is none of TensorFlow Lite's, cut, or quantised in another way.
    """
    if not is_tflite(path):
        raise WeightsError(f"{path}: is no TensorFlow Lite file (no {MAGIC.decode()} at its start)")
    try:
        return {name: torch.from_numpy(value) for name, value in _Reader(path).tensors()}
    except (struct.error, ValueError, IndexError) as err:
        raise WeightsError(
            f"{path}: cannot be read as TensorFlow Lite ({err}); download it again"
        ) from err


class _Reader:
    """Walks the tables; every position is checked by what is read there."""

    def __init__(self, path: Path) -> None:
        self._bytes = path.read_bytes()

    def tensors(self) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Names and values of the first graph's float constants."""
        model = self._number("I", 0)
        buffers = self._tables(model, MODEL_BUFFERS)
        for tensor in self._tables(self._tables(model, MODEL_SUBGRAPHS)[0], SUBGRAPH_TENSORS):
            kind, number = self._scalar("B", tensor, TYPE), self._scalar("I", tensor, BUFFER)
            data = self._vector("u1", buffers[number], BUFFER_DATA)
            if len(data) and kind in TYPES:
                name = self._vector("u1", tensor, NAME).tobytes().decode()
                shape = self._vector("<i4", tensor, SHAPE)
                yield name, self._floats(tensor, data.view(TYPES[kind])).reshape(shape)

    def _floats(self, tensor: int, values: NDArray[Any]) -> NDArray[np.float32]:
        """Values scale (q - zero); one scale for all of a tensor."""
        if values.dtype != TYPES[9]:
            return values.astype(np.float32)
        quantised = self._table(tensor, QUANTIZATION)
        scale, zero = (
            self._vector("<f4", quantised, SCALE),
            self._vector("<i8", quantised, ZERO_POINT),
        )
        if len(scale) != 1 or len(zero) != 1:
            raise ValueError(f"{len(scale)} scales for one tensor; 1 is read")
        shifted = values.astype(np.float32) - np.float32(zero[0])
        return np.asarray(shifted * scale[0], np.float32)

    def _number(self, kind: str, at: int) -> int:
        if at < 0:
            raise ValueError(f"a table at {at}")
        return int(struct.unpack_from(f"<{kind}", self._bytes, at)[0])

    def _field(self, table: int, number: int) -> int:
        """Where a table's field is; 0: it has none."""
        fields = table - self._number("i", table)
        entry = 4 + 2 * number
        if entry >= self._number("H", fields):
            return 0
        offset = self._number("H", fields + entry)
        return table + offset if offset else 0

    def _scalar(self, kind: str, table: int, number: int) -> int:
        at = self._field(table, number)
        return self._number(kind, at) if at else 0

    def _table(self, table: int, number: int) -> int:
        at = self._field(table, number)
        if not at:
            raise ValueError(f"a table without its field {number}")
        return at + self._number("I", at)

    def _vector(self, kind: str, table: int, number: int) -> NDArray[Any]:
        """Numbers of one type; none where the table has no such field."""
        at = self._field(table, number)
        if not at:
            return np.empty(0, kind)
        start = at + self._number("I", at)
        return np.frombuffer(self._bytes, kind, self._number("I", start), start + 4)

    def _tables(self, table: int, number: int) -> list[int]:
        at = self._table(table, number)
        starts = range(at + 4, at + 4 + 4 * self._number("I", at), 4)
        return [start + self._number("I", start) for start in starts]
