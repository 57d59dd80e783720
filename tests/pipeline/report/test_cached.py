"""What a run left in the cache is read back, and what it did not leave is None."""

from pathlib import Path

import numpy as np
import pytest

from avel.cache.fingerprint import ContentKeys
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.method.stores import LocalizationStores, open_store, pack, segments_recipe
from avel.pipeline.report.cached import CachedRun
from tests.pipeline.report.material import result, scores

CONFIG = SegmentConfig(image_size=16)


def stores(root: Path) -> LocalizationStores:
    segments = open_store(root, segments_recipe(CONFIG))
    scores = open_store(root, {"stage": "scores", "version": 0, "config": {}})
    return LocalizationStores(segments, segments, ContentKeys(root), scores)


def cells(seen: bool) -> Segments:
    frames = np.full((2, 1, 3, 8, 8), 7, np.uint8)
    samples = np.ones((2, 10), np.int16)
    return Segments(frames, samples, np.full(2, seen), np.ones(2, bool), 2.0, ())


@pytest.fixture
def run(tmp_path: Path) -> CachedRun:
    """Of three videos: one with a picture, one without, one of which nothing was kept."""
    opened = stores(tmp_path)
    with opened.segments.writer() as segments, opened.scores.writer() as written:
        for name, seen in (("seen", True), ("heard", False), ("none", None)):
            path = tmp_path / f"{name}.mp4"
            path.write_text(name)
            if seen is not None:
                segments.add(opened.keys.key(path), pack(cells(seen)))
                written.add(opened.keys.key(path), pack(scores(2, 5 if seen else 6)))
    return CachedRun(CONFIG, opened)


def test_segments_and_scores_of_a_video_by_its_content(run: CachedRun, tmp_path: Path) -> None:
    renamed = (tmp_path / "seen.mp4").rename(tmp_path / "renamed.mp4")
    segments, found = run.segments(result(str(renamed))), run.scores(result(str(renamed)))
    assert segments is not None
    assert found is not None
    assert (segments.frames == 7).all()
    assert segments.frames.shape == (2, 1, 3, 8, 8)
    assert found.attention.argmax(1).tolist() == [5, 5]


def test_cells_without_a_picture_are_none_and_scores_are_not(
    run: CachedRun, tmp_path: Path
) -> None:
    heard = result(str(tmp_path / "heard.mp4"))
    assert run.segments(heard) is None
    found = run.scores(heard)
    assert found is not None
    assert found.attention.argmax(1).tolist() == [6, 6]


@pytest.mark.parametrize("name", ["none.mp4", "gone.mp4"])
def test_a_video_that_was_not_kept_or_is_gone(run: CachedRun, tmp_path: Path, name: str) -> None:
    assert run.segments(result(str(tmp_path / name))) is None
    assert run.scores(result(str(tmp_path / name))) is None


def test_a_run_that_goes_on_shows_what_it_has_not_published(tmp_path: Path) -> None:
    opened, path = stores(tmp_path), tmp_path / "v.mp4"
    path.write_text("v")
    run = CachedRun(CONFIG, opened)
    with opened.scores.writer() as writer:
        writer.add(opened.keys.key(path), pack(scores(2, 9)))
        assert not list(opened.scores.folder.glob("*.h5"))
        found = run.scores(result(str(path)))
    assert found is not None
    assert found.attention.argmax(1).tolist() == [9, 9]
