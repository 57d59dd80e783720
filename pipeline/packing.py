"""Results of stages into cache items and back: arrays as they are, the rest as JSON."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Packable = TypeVar("Packable")
META = "meta"


def pack(result: Any) -> dict[str, NDArray[np.generic]]:
    """Arrays of a dataclass by field name, and its other fields as UTF-8 JSON in `meta`."""
    values = {field.name: getattr(result, field.name) for field in fields(result)}
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    rest = {name: value for name, value in values.items() if name not in arrays}
    return {**arrays, META: np.frombuffer(json.dumps(rest).encode(), np.uint8)}


def unpack(kind: type[Packable], arrays: Mapping[str, NDArray[np.generic]]) -> Packable:
    """The dataclass that `pack` took apart; lists come back as tuples."""
    rest = json.loads(arrays[META].tobytes())
    rest = {name: tuple(v) if isinstance(v, list) else v for name, v in rest.items()}
    return kind(**{name: value for name, value in arrays.items() if name != META}, **rest)
