"""What is known of a video on its way: what is kept of it, and what goes into a stream."""

from pathlib import Path

import numpy as np
import pytest

from avel.cache.store import Store
from avel.pipeline.method.extract import Features
from avel.pipeline.method.kept import Kept
from avel.pipeline.method.stores import META, unpack
from avel.pipeline.method.video import Video, size_of
from tests.pipeline.method.stubs import cells

KEY = "0f" * 32


def features(value: int, count: int, flags: tuple[str, ...] = ()) -> Features:
    there = np.ones(count, bool)
    visual = np.full((count, 3), value, np.float32)
    visual_map = np.full((count, 4, 3), value, np.float16)
    return Features(visual, visual_map, visual + 1, there, there, 5.0, flags)


def test_windows_are_kept_while_the_video_is_short() -> None:
    video = Video(Path("a"), KEY)
    first, second, third = (cells(2, n, duration=6.0) for n in range(3))
    video.keep(first, 4)
    video.keep(second, 4)
    assert (video.kept, video.cells, video.is_long) == ([first, second], 4, False)
    video.keep(third, 4)
    assert (video.kept, video.cells, video.is_long) == ([], 6, True)
    video.keep(cells(1, 3, duration=6.0), 64)
    assert (video.kept, video.is_long) == ([], True), "a part of it is not the whole"


def test_windows_that_come_back_are_counted() -> None:
    video = Video(Path("a"), KEY)
    parts = [features(1, 2), features(2, 3)]
    for part in parts:
        video.take(part)
    assert (video.encoded, video.encoded_cells, video.parts) == (2, 5, parts)


@pytest.mark.parametrize("kept", [Kept(), Kept(arrays=("visual",))])
def test_a_stream_is_the_item_that_its_windows_are(tmp_path: Path, kept: Kept) -> None:
    store = Store(tmp_path, "features", {"stage": "features"})
    video = Video(Path("a"), KEY)
    with store.writer() as writer:
        video.stream = writer.stream(KEY)
        video.write(features(1, 2), kept)
        video.write(features(2, 1, ("late",)), kept)
        video.close()
    found = store.get(KEY)
    assert found is not None
    assert found["visual"].tolist() == [[1] * 3, [1] * 3, [2] * 3]
    assert ("visual_map" in found) == kept.has("visual_map")
    if kept == Kept():
        assert unpack(Features, found).flags == ("late",)
    assert video.num_bytes == size_of({n: a for n, a in found.items() if n != META})


def test_what_is_dropped_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path, "features", {"stage": "features"})
    video = Video(Path("a"), KEY)
    video.drop()  # nothing was written
    with store.writer() as writer:
        video.stream = writer.stream(KEY)
        video.write(features(1, 2), Kept())
        video.drop()
    assert KEY not in store
    assert [path.name for path in store.folder.iterdir()] == ["stage.json"]
