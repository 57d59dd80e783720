"""Writing that may wait for room, as the cache asks for it."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from avel.cache import writer
from avel.cache.errors import CacheFull
from avel.cache.insist import at_once
from avel.cache.store import Store

T = TypeVar("T")
KEY = "ab" * 32
RECIPE = {"version": 1, "config": {}}


def test_at_once_gives_what_the_writing_gives() -> None:
    assert at_once(lambda: 7) == 7


def test_at_once_waits_for_nothing() -> None:
    tries = []

    def write() -> None:
        tries.append(1)
        raise CacheFull("full")

    with pytest.raises(CacheFull, match="full"):
        at_once(write)
    assert tries == [1]


class Again:
    """Tries until it gets through."""

    def __init__(self) -> None:
        self.refused = 0

    def __call__(self, write: Callable[[], T], /) -> T:
        while True:
            try:
                return write()
            except CacheFull:
                self.refused += 1


def test_a_shard_that_found_no_room_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again, real, left = Again(), writer.publish_shard, [2]

    def full_twice(*given: object) -> object:
        if left[0]:
            left[0] -= 1
            raise CacheFull(f"{tmp_path}: the disk is full")
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "publish_shard", full_twice)
    store = Store(tmp_path, "features", RECIPE)
    with store.writer(insist=again) as writing:
        writing.add(KEY, {"x": np.arange(4.0)})
    assert again.refused == 2
    found = Store(tmp_path, "features", RECIPE).get(KEY)
    assert found is not None
    np.testing.assert_array_equal(found["x"], np.arange(4.0))
