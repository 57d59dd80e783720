"""An item's arrays as bytes."""

import numpy as np
import xxhash
from numpy.typing import NDArray

Array = NDArray[np.generic]


def checksum(array: Array) -> int:
    """xxh3-64 of an array's bytes."""
    return xxhash.xxh3_64_intdigest(np.ascontiguousarray(array))


def bytes_of(array: Array) -> memoryview:
    """The bytes of a contiguous array, without a copy."""
    return array.view(np.uint8).reshape(-1).data
