"""How far two sets are apart: known differences, found with their size and item."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as any_array

from avel.cache import compare as module
from avel.cache.arrays import Array
from avel.cache.compare import ArrayDifference, Comparison, compare
from avel.cache.store import Store
from tests.cache.items import fill, key, shards
from tests.cache.test_merge import spoil

Items = dict[int, dict[str, Array]]


def made(root: Path, name: str, items: Items) -> Store:
    found = Store(root, "features", {"stage": "features", "name": name})
    for number, arrays in items.items():
        with found.writer() as writer:  # a shard each: their arrays may differ
            writer.add(key(number), arrays)
    return found


def compared(root: Path, a: Items, b: Items) -> Comparison:
    return list(compare(made(root, "a", a), made(root, "b", b)))[-1]


def meta(**fields: Any) -> Array:
    return np.frombuffer(json.dumps(fields).encode(), np.uint8)


def of(a: Any, b: Any) -> ArrayDifference:
    found = ArrayDifference()
    found.take("k", np.asarray(a), np.asarray(b))
    return found


def test_the_same_twice(tmp_path: Path) -> None:
    one = fill(tmp_path / "a", range(9), max_items=4)
    other = fill(tmp_path / "b", range(9), max_items=2)
    found = list(compare(one, other))
    assert len(found) == 10  # one before the first item
    assert found[-1].within(0)
    assert found[-1].both == 9
    assert set(found[-1].arrays) == {"visual", "map", "mask"}
    for difference in found[-1].arrays.values():
        assert difference == ArrayDifference(compared=9)


def test_items_of_one_alone(tmp_path: Path) -> None:
    one, other = fill(tmp_path / "a", range(5)), fill(tmp_path / "b", range(3, 7))
    found = list(compare(one, other))[-1]
    assert found.only == (sorted(map(key, range(3))), sorted(map(key, (5, 6))))
    assert found.both == 2
    assert not found.within(1e9)


def test_the_worst_item_is_named(tmp_path: Path) -> None:
    base = {n: {"x": np.full((2, 4), 2.0 + n, np.float32)} for n in range(3)}
    moved = {n: {"x": base[n]["x"].copy()} for n in range(3)}
    moved[1]["x"][1, 2] += 0.5
    moved[0]["x"][0, 0] += 0.25
    found = compared(tmp_path, base, moved)
    x = found.arrays["x"]
    assert (x.compared, x.unequal) == (3, 2)
    assert (x.absolute.value, x.absolute.key) == (0.5, key(1))
    assert (x.relative.value, x.relative.key) == (0.5 / 3.5, key(1))
    cosine = (3 * 3 * 3 + 3 * 3.5) / (6 * np.sqrt(27 + 3.5**2))
    assert x.cosine.value == pytest.approx(cosine, abs=1e-12)
    assert x.cosine.key == key(1)
    assert found.within(0.5)
    assert not found.within(0.49)


def test_shapes_and_dtypes_and_missing_arrays(tmp_path: Path) -> None:
    a = {1: {"x": np.ones((2, 3), np.float32), "y": np.ones(2)}, 2: {"x": np.ones((2, 3), "f2")}}
    b = {1: {"x": np.ones((4, 3), np.float32)}, 2: {"x": np.ones((2, 3), "f4")}}
    found = compared(tmp_path, a, b)
    assert found.arrays["x"].shapes == {key(1): ((2, 3), (4, 3))}
    assert found.arrays["x"].dtypes == {key(2): ("float16", "float32")}
    assert found.arrays["x"].compared == 1
    assert found.arrays["y"].missing == [key(1)]
    assert not found.within(9)


def test_a_dtype_alone_is_no_difference(tmp_path: Path) -> None:
    a, b = ({1: {"x": np.ones((2, 3), dtype)}} for dtype in ("f2", "f4"))
    found = compared(tmp_path, a, b)
    assert found.arrays["x"].dtypes
    assert found.within(0)


def test_what_is_no_array_is_compared_by_field(tmp_path: Path) -> None:
    a = {n: {"meta": meta(duration=2.0, flags=["NO_AUDIO"], n=n)} for n in (1, 2)}
    b = {
        1: {"meta": meta(n=1, flags=["NO_AUDIO"], duration=2)},
        2: {"meta": meta(duration=2.5, n=2)},
    }
    found = compared(tmp_path, a, b)
    assert found.fields == {"duration": [key(2)], "flags": [key(2)]}
    assert not found.arrays
    assert not found.within(9)


def test_a_damaged_item_is_no_equal(tmp_path: Path) -> None:
    one, other = fill(tmp_path / "a", range(2)), fill(tmp_path / "b", range(2))
    spoil(shards(one)[0])
    found = list(compare(one, other))[-1]
    assert found.unreadable == [key(1)]
    assert not found.within(9)


def test_numbers_that_are_not_finite() -> None:
    nan, inf = np.nan, np.inf
    assert of([1, nan], [1, nan]).within(0)
    assert of([1, inf], [1, inf]).within(0)
    for a, b in ((1, nan), (nan, 1), (inf, -inf), (1, inf)):
        found = of([2.0, a], [2.0, b])
        assert found.absolute.value == inf
        assert found.unequal == 1


def test_rows_of_zeros() -> None:
    assert of([[0.0, 0], [1, 0]], [[0.0, 0], [1, 0]]).cosine.value == 1
    assert of([[0.0, 0]], [[1, 0]]).cosine.value == 0
    assert of([[1.0, 0]], [[-2, 0]]).cosine.value == -1


def test_masks_and_empty_arrays() -> None:
    found = of([True, False], [True, True])
    assert (found.absolute.value, found.unequal) == (1, 1)
    assert of(np.zeros((0, 4)), np.zeros((0, 4))) == ArrayDifference(compared=1)
    assert of(np.zeros((2, 0)), np.zeros((2, 0))) == ArrayDifference(compared=1)


@given(any_array(np.float32, (5, 3), elements=st.floats(-9, 9, width=32)), st.integers(0, 14))
def test_in_blocks_as_at_once(values: Array, place: int) -> None:
    other = values + np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3)
    other.reshape(-1)[place] += 3
    whole = module._differences(values, other)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 3)
        assert module._differences(values, other) == whole
    assert whole[0] == np.abs(values.astype(float) - other).max()
